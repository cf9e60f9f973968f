"""Votes counted by hand, ties above all."""

from __future__ import annotations

import math

import numpy as np
import pytest

from artvec.metrics.voting import uniform_vote, vote


def test_near_rows_weigh_more() -> None:
    """exp(.9/.07) = 3.8e5 beats twice exp(.8/.07) = 9.2e4; one row one vote says the other."""
    labels, similarities = np.array([[2, 0, 0]]), np.array([[0.9, 0.8, 0.8]])
    assert math.exp(0.9 / 0.07) > 2 * math.exp(0.8 / 0.07)
    assert vote(labels, similarities, 3).tolist() == [2]
    assert uniform_vote(labels, similarities, 3).tolist() == [0]


def test_temperature_is_a_parameter() -> None:
    """At temperature 1, e^.9 = 2.46 against 2·e^.8 = 4.45: the two win."""
    labels, similarities = np.array([[2, 0, 0]]), np.array([[0.9, 0.8, 0.8]])
    assert vote(labels, similarities, 3, temperature=1).tolist() == [0]


def test_a_uniform_tie_goes_to_the_nearer_side() -> None:
    """Two votes each; .9 + .1 = 1.0 against .6 + .5 = 1.1: class 1, though 0 is nearest."""
    assert uniform_vote(np.array([[0, 1, 1, 0]]), np.array([[0.9, 0.6, 0.5, 0.1]]), 2) == [1]


def test_a_full_tie_goes_to_the_smaller_code() -> None:
    labels, similarities = np.array([[4, 2], [2, 4]]), np.array([[0.5, 0.5], [0.5, 0.5]])
    assert uniform_vote(labels, similarities, 5).tolist() == [2, 2]
    assert vote(labels, similarities, 5).tolist() == [2, 2]


@pytest.mark.parametrize("how", [vote, uniform_vote])
def test_missing_neighbours_have_no_vote(how) -> None:  # type: ignore[no-untyped-def]
    """With k beyond the gallery: label -1 and score -inf; a query without neighbours gets -1."""
    labels = np.array([[1, -1, -1], [-1, -1, -1]])
    scores = np.array([[-0.5, -np.inf, -np.inf]] * 2, dtype=np.float32)
    assert how(labels, scores, 2).tolist() == [1, -1]


@pytest.mark.parametrize("how", [vote, uniform_vote])
def test_no_queries_no_votes(how) -> None:  # type: ignore[no-untyped-def]
    assert how(np.zeros((0, 5), int), np.zeros((0, 5)), 3).shape == (0,)


@pytest.mark.parametrize("how", [vote, uniform_vote])
def test_codes_must_be_below_the_number_of_classes(how) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="below 3"):
        how(np.array([[3]]), np.array([[0.1]]), 3)


def test_many_classes_go_in_blocks() -> None:
    """200,000 classes × 50 queries don't fit one block; every query must find its own."""
    labels = np.arange(50)[:, None] * 4000
    assert np.array_equal(vote(labels, np.ones((50, 1)), 200_000), labels[:, 0])


def test_a_low_temperature_does_not_overflow() -> None:
    assert vote(np.array([[0, 1]]), np.array([[0.2, 0.9]]), 2, temperature=1e-4).tolist() == [1]


def test_nobody_votes_where_no_neighbour_is_known() -> None:
    nobody = np.full((3, 5), -1)
    similarities = np.full((3, 5), -np.inf)
    assert vote(nobody, similarities, 4).tolist() == [-1, -1, -1]
    assert uniform_vote(nobody, similarities, 4).tolist() == [-1, -1, -1]
