"""Silhouettes by hand, across block borders, and where they are undefined."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import silhouette_samples

from artvec.metrics.silhouette import cosine_silhouettes, euclidean_silhouettes

both = pytest.mark.parametrize("silhouettes", [cosine_silhouettes, euclidean_silhouettes])
Silhouettes = Callable[[np.ndarray, np.ndarray], np.ndarray]


def vectors_of(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_euclidean_by_hand() -> None:
    """On a line at 0, 1 | 3, 7. First row: a = 1, b = (3 + 7) / 2 = 5, s = (5 - 1) / 5.

    Second: a = 1, b = (2 + 6) / 2 = 4. Third: a = 4, b = (3 + 2) / 2 = 2.5, s = -1.5 / 4. Fourth:
    a = 4, b = (7 + 6) / 2 = 6.5.
    """
    found = euclidean_silhouettes(vectors_of((0,), (1,), (3,), (7,)), np.array([4, 4, 9, 9]))
    assert np.allclose(found, [4 / 5, 3 / 4, -1.5 / 4, 2.5 / 6.5], atol=1e-12)


def test_cosine_by_hand() -> None:
    """East, north-east | north, nothing; lengths don't matter. c = 1 - 1/√2.

    East: a = c, b = (1 + 1) / 2 = 1. Nothing has distance 1 to all, so a = b = 1 and s = 0.
    """
    found = cosine_silhouettes(vectors_of((2, 0), (3, 3), (0, 1), (0, 0)), np.array([0, 0, 1, 1]))
    c = 1 - 0.5**0.5
    north = (1 + c) / 2  # mean distance of north to the first class, its own being 1
    assert np.allclose(found, [1 - c, ((c + 1) / 2 - c) / ((c + 1) / 2), north - 1, 0], atol=1e-7)


@both
def test_a_row_alone_has_0(silhouettes: Silhouettes) -> None:
    found = silhouettes(vectors_of((1, 0), (2, 1), (0, 5)), np.array([0, 0, 1]))
    assert found[2] == 0
    assert (found[:2] > 0).all()


@both
@pytest.mark.parametrize("labels", [[3, 3, 3], [0, 1, 2]])
def test_undefined_is_nan(silhouettes: Silhouettes, labels: list[int]) -> None:
    """One class, or as many as rows: scikit-learn raises, we say NaN, never 0."""
    found = silhouettes(vectors_of((1, 0), (2, 1), (0, 5)), np.array(labels))
    assert np.isnan(found).all()


@both
def test_no_rows_no_silhouettes(silhouettes: Silhouettes) -> None:
    assert silhouettes(np.zeros((0, 3), np.float32), np.zeros(0, int)).shape == (0,)


@both
def test_lengths_must_agree(silhouettes: Silhouettes) -> None:
    with pytest.raises(ValueError, match="3 rows need labels"):
        silhouettes(vectors_of((1,), (2,), (3,)), np.array([0, 1]))


@both
def test_copies_in_two_classes_have_0(silhouettes: Silhouettes) -> None:
    """Both means are 0: rounding must not make +1 or -1 of it."""
    copies = np.tile(np.random.default_rng(0).random((1, 700)).astype(np.float32) * 30, (50, 1))
    assert (silhouettes(copies, np.arange(50) % 2) == 0).all()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("scale", [2.0**-60, 1, 2.0**60])
def test_across_blocks(metric: str, scale: float) -> None:
    """5,000 rows are three blocks of pairs and two of rows; a class per block or across them."""
    rng = np.random.default_rng(1)
    labels = np.sort(rng.choice([0, 1, 2, 7, 8], 5000, p=[0.02, 0.05, 0.4, 0.03, 0.5]))
    labels = labels[rng.permutation(5000)]
    rows = (rng.standard_normal((5000, 6)) + labels[:, None] / 4).astype(np.float32)
    rows[4000:4200] = rows[:200]  # duplicates far apart need double precision
    ours = {"cosine": cosine_silhouettes, "euclidean": euclidean_silhouettes}[metric]
    found = ours(rows * np.float32(scale), labels)
    expected = silhouette_samples(rows.astype(float), labels, metric=metric)
    assert np.abs(found - expected).max() < 1e-6


def test_near_pairs_in_far_blocks_keep_their_digits() -> None:
    """Two classes of two, a thousandth apart, lie at the two ends of 5,000 rows.

    In single precision their distance would be lost, and with it their silhouettes.
    """
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((5000, 16)).astype(np.float32)
    labels = rng.integers(1, 4, 5000)
    labels[:4] = [0, 0, 9, 9]
    rows[:4] = rows[0] * 5 + np.eye(4, 16) * [[1e-3], [1e-3], [2e-3], [2e-3]]
    found = euclidean_silhouettes(rows, labels)
    assert np.abs(found - silhouette_samples(rows.astype(float), labels)).max() < 1e-6


def test_progress_counts_pairs_of_blocks() -> None:
    rows = np.random.default_rng(0).random((5000, 2)).astype(np.float32)
    told: list[tuple[int, int]] = []
    euclidean_silhouettes(rows, np.arange(5000) % 3, lambda done, all_: told.append((done, all_)))
    assert told == [(done, 55) for done in range(1, 56)]


@both
def test_inputs_are_left_alone(silhouettes: Silhouettes) -> None:
    rows = np.random.default_rng(0).random((30, 4)).astype(np.float32)
    before = rows.copy()
    rows.flags.writeable = False  # as a mapped shard is
    silhouettes(rows, np.arange(30) % 3)
    assert np.array_equal(rows, before)
