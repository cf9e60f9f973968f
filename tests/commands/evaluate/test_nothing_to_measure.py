"""Figures that the labels decide alone are named; those that mean nothing are absent."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artvec.commands.evaluate.warnings import warnings_of
from artvec.core.results import Interval
from artvec.evaluation import Outcomes, Vectors, evaluate_vectors
from artvec.evaluation.notes import notes_on
from artvec.metrics.agreement import why_undefined
from tests.support.selections import Labels, selection_of

AGREEMENTS = {"nmi", "ami", "ari", "matched_accuracy"}
SILHOUETTES = {"silhouette_cosine", "silhouette_euclidean"}
labels = st.integers(0, 3)


def judged(
    gallery: Labels, queries: Labels, vectors: np.ndarray | None = None
) -> tuple[Outcomes, str]:
    """Evaluate drawn vectors (or given ones for the queries); return the warnings, too."""
    rng = np.random.default_rng(0)
    given_vectors = rng.standard_normal((len(queries), 6)) if vectors is None else vectors
    sides = rng.standard_normal((len(gallery), 6)), given_vectors, np.zeros((0, 6))
    selection = selection_of(gallery, queries)
    outcomes = evaluate_vectors(Vectors(*(s.astype(np.float32) for s in sides)), selection)
    return outcomes, "\n".join(warnings_of(selection, outcomes, None, 0.0))


def outcomes_in_any_order(others: Labels, label: int, name: str) -> set[float]:
    """Return what a figure can be for one query, over all orders of its gallery."""
    kind, _, k = name.rpartition("_")
    firsts = ([other == label for other in order[: int(k)]] for order in set(permutations(others)))
    if kind == "recall_at":
        return {float(any(first)) for first in firsts}
    return {sum(first) / (len(first) or 1) for first in firsts}


@settings(max_examples=120)
@given(
    st.lists(labels, min_size=2, max_size=6).filter(lambda gallery: len(set(gallery)) > 1),
    st.lists(labels, min_size=1, max_size=4),
)
def test_what_the_labels_decide_is_named_and_nothing_else(gallery: Labels, queries: Labels) -> None:
    names = ("precision_at_5", "recall_at_1", "recall_at_5", "recall_at_10")
    nothing = dict.fromkeys(names, Interval(0, 0, 0))
    vectors = np.eye(len(queries), dtype=np.float32)
    notes = notes_on(selection_of(gallery, queries), vectors, nothing, None)
    said = next((note for note in notes if "from the labels alone" in note), "")
    for name in names:
        decided = all(len(outcomes_in_any_order(gallery, q, name)) == 1 for q in queries)
        assert (f"{name} " in said.replace(",", " ")) == decided


@pytest.mark.parametrize(
    ("queries", "missing", "why"),
    [
        ([0, 0, 0], AGREEMENTS | SILHOUETTES, "every query has the same label"),
        ([0, 1, 2], AGREEMENTS | SILHOUETTES, "every query has a label of its own"),
        ([0], AGREEMENTS | SILHOUETTES, "there is one query"),
        ([0, 0, 1], set(), ""),
    ],
)
def test_agreements_and_silhouettes_that_mean_nothing_are_absent(
    queries: Labels, missing: set[str], why: str
) -> None:
    outcomes, said = judged([0, 0, 1, 1, 2, 2], queries)
    absent = (AGREEMENTS | SILHOUETTES) - outcomes.figures.keys()
    assert absent == missing
    assert ("left out" in said) == bool(missing)
    assert why in said


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_equal_vectors_make_one_group(value: float) -> None:
    outcomes, said = judged([0, 0, 1, 1], [0, 0, 1, 1], np.full((4, 6), value))
    assert not AGREEMENTS & outcomes.figures.keys()
    assert outcomes.figures["silhouette_cosine"].value == 0.0
    assert "k-means finds only one group" in said
    assert "every query has the same vector" in said


def test_a_gallery_of_one_class_decides_everything() -> None:
    outcomes, said = judged([0] * 8, [0, 0, 1])
    assert outcomes.figures["knn20_accuracy"].value == pytest.approx(2 / 3)
    assert "every gallery row has the label 'a'" in said


@pytest.mark.parametrize(("classes", "told"), [(5, True), (6, False)])
def test_top_5_of_five_classes_says_nothing(classes: int, told: bool) -> None:
    names = {"head_top5_accuracy": Interval(1, 1, 1)}
    selection = selection_of(list(range(classes)) * 4, [0, 1])
    few = replace(selection, classes=selection.classes[:classes])
    notes = notes_on(few, np.eye(2, dtype=np.float32), names, np.array([0, 1]))
    assert any("head_top5_accuracy says nothing" in note for note in notes) == told


def test_one_query_and_outcomes_that_are_all_equal() -> None:
    outcomes, said = judged([0, 0, 1, 1], [0])
    assert "there is one test picture: no interval" in said
    assert all(np.isnan(one.low) for one in outcomes.figures.values())
    assert "without width" not in said
    _, said = judged([0, 0, 1, 1], [0, 1, 0, 1])
    assert "an interval without width says only" in said  # recall at 10


@pytest.mark.parametrize(
    ("true", "found", "why"),
    [
        ([], [], "no row"),
        ([0, 0, 0], [0, 1, -1], "the same label"),
        ([0, 1, 2], [0, 0, 1], "a label of its own"),
        ([0, 0, 1], [-1, -1, -1], "the same group"),
        ([0, 0, 1], [0, 1, 2], "a group of its own"),
        ([0, 0, 1], [0, 1, 1], None),
    ],
)
def test_when_agreement_is_undefined(true: Labels, found: Labels, why: str | None) -> None:
    said = why_undefined(np.array(true, dtype=np.int64), np.array(found, dtype=np.int64))
    assert said == "" if why is None else why in said
