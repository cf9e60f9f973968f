"""What guessing gives, against every order of tiny galleries, written out."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artvec.commands.evaluate.chance import chance_figures, majority_accuracy
from artvec.core.results import Interval
from artvec.evaluation import Outcomes, Selection
from tests.support.selections import Labels, selection_of

FIGURES = (
    "knn1_accuracy", "knn5_accuracy", "knn20_accuracy", "knn20_uniform_accuracy",
    "linear_probe_accuracy", "linear_probe_top5_accuracy", "head_accuracy", "head_top5_accuracy",
    "precision_at_1", "precision_at_5", "recall_at_1", "recall_at_5", "recall_at_10",
    "r_precision", "map_at_r",
)  # fmt: skip


def chance(selection: Selection) -> dict[str, float]:
    nothing = dict.fromkeys(FIGURES, Interval(0.0, 0.0, 0.0))
    return chance_figures(selection, Outcomes(nothing, {}, {}, None, {}))


def by_orders(gallery: Labels, queries: Labels, *, among_themselves: bool) -> dict[str, float]:
    """Average every figure over all orders in which a query may find its gallery."""
    found: dict[str, list[float]] = {name: [] for name in FIGURES}
    asked = list(enumerate(gallery)) if among_themselves else [(None, label) for label in queries]
    common = sorted(set(gallery), key=lambda label: (-gallery.count(label), label))[:5]
    for own, label in asked:
        others = [other for at, other in enumerate(gallery) if at != own]
        size = others.count(label)
        orders = [[other == label for other in order] for order in set(permutations(others))]
        # Distinct orders of a multiset are equally likely.
        for name in FIGURES:
            kind, k = name.rpartition("_")[0], name.rpartition("_")[2]
            if name.endswith("top5_accuracy"):
                found[name].append(label in common)
            elif name.endswith("_accuracy"):  # a class drawn by its share of the gallery
                found[name].append(size / len(others) if others else 0.0)
            elif kind == "precision_at":
                shares = [sum(order[: int(k)]) / (len(order[: int(k)]) or 1) for order in orders]
                found[name].append(np.mean(shares))
            elif kind == "recall_at":
                found[name].append(np.mean([any(order[: int(k)]) for order in orders]))
            elif size:
                ranked = [_ranked(order, size) for order in orders]
                found[name].append(np.mean(ranked, axis=0)[int(name == "map_at_r")])
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def _ranked(order: list[bool], size: int) -> tuple[float, float]:
    """Return R-precision and MAP@R of one order, by their definitions."""
    right = [rank for rank in range(1, size + 1) if order[rank - 1]]
    return len(right) / size, sum(sum(order[:rank]) / rank for rank in right) / size


labels = st.integers(0, 6)


@settings(max_examples=60)
@given(st.lists(labels, min_size=1, max_size=6), st.lists(labels, min_size=1, max_size=3))
def test_chance_is_the_mean_over_all_orders(gallery: Labels, queries: Labels) -> None:
    expected = by_orders(gallery, queries, among_themselves=False)
    assert chance(selection_of(gallery, queries)) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=40)
@given(st.lists(labels, min_size=1, max_size=6))
def test_chance_where_rows_ask_one_another(gallery: Labels) -> None:
    expected = by_orders(gallery, [], among_themselves=True)
    found = chance(selection_of(gallery, [], among_themselves=True))
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_class_that_the_gallery_lacks_is_never_guessed() -> None:
    """Gallery a, a, a, a, b, b; queries a and c: a is among any 3 of the 6, c never."""
    selection = selection_of([0, 0, 0, 0, 1, 1], [0, 2])
    found = chance(selection)
    assert found["recall_at_1"] == pytest.approx(4 / 6 / 2)
    assert found["recall_at_5"] == found["recall_at_10"] == 0.5
    assert found["precision_at_5"] == pytest.approx(4 / 6 / 2)
    assert found["r_precision"] == pytest.approx(4 / 6)  # of a alone: c has no R
    assert found["linear_probe_top5_accuracy"] == 0.5  # a and b are named, c can't be
    assert majority_accuracy(selection) == 0.5
