"""What guessing would give: the row every figure has to be read against. Analytic but for NMI."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from artvec.core.types import Float64Array, Int64Array
from artvec.evaluation import Outcomes, Selection
from artvec.metrics.agreement import matched_accuracy, nmi

_SHUFFLES = 20
_AS_ACCURATE = ("precision_at_1", "precision_at_5")
_WITHOUT_EFFECT = ("ami", "ari")
"""Adjusted for chance by their definition: guessing gives 0."""


def chance_figures(selection: Selection, outcomes: Outcomes) -> dict[str, float]:
    """Return the expected value of every figure that guessing can reach.

    Accuracies and precision: a class drawn by the gallery's shares of classes; top-5: the five
    most frequent classes; recall, R-precision and MAP@R: the gallery in random order; NMI and
    matched accuracy: the k-means assignment shuffled among the queries, mean of 20 seeded rounds.

    Args:
        selection: With at least two classes.
        outcomes: Which figures there are.

    Returns:
        Name → value; silhouettes have none.
    """
    others, relevant = _gallery_of_each(selection)
    shares = np.divide(relevant, others, out=np.zeros_like(relevant), where=others > 0)
    found = relevant > 0
    values: dict[str, float] = dict.fromkeys(_WITHOUT_EFFECT, 0.0)
    for name in outcomes.figures:
        if name.endswith("top5_accuracy"):
            values[name] = _most_frequent(selection, 5)
        elif name in _AS_ACCURATE or _classifies(name):
            values[name] = float(shares.mean())
        elif name.startswith("recall_at_"):
            k = int(name.removeprefix("recall_at_"))
            values[name] = float(_at_least_one(others, relevant, k).mean())
    if found.any():
        values["r_precision"] = float(shares[found].mean())
        values["map_at_r"] = float(_map_at_r(others[found], relevant[found]).mean())
    values |= _shuffled(selection.query_labels, outcomes.clusters)
    return {name: value for name, value in values.items() if name in outcomes.figures}


def majority_accuracy(selection: Selection) -> float:
    """Return the accuracy of always naming the gallery's most frequent class."""
    return _most_frequent(selection, 1)


def _classifies(name: str) -> bool:
    return name.endswith("_accuracy") and name != "matched_accuracy"


def _gallery_of_each(selection: Selection) -> tuple[Float64Array, Float64Array]:
    """Return (Q,) gallery rows that a query can find, and (Q,) those of its class among them."""
    own = (selection.own_places >= 0).astype(np.float64)
    counts = np.bincount(selection.gallery_labels, minlength=len(selection.classes))
    return len(selection.gallery) - own, counts[selection.query_labels] - own


def _most_frequent(selection: Selection, k: int) -> float:
    counts = np.bincount(selection.gallery_labels, minlength=len(selection.classes))
    named = np.argsort(-counts, kind="stable")[:k]
    named = named[counts[named] > 0]  # who knows the gallery alone can't name another class
    return float(np.isin(selection.query_labels, named).mean())


def _at_least_one(others: Float64Array, relevant: Float64Array, k: int) -> Float64Array:
    """Return 1 - the hypergeometric chance that none of k rows, or of all, has the label."""
    none = np.ones_like(others)
    for drawn in range(k):
        left = others - drawn
        wrong = np.maximum(left - relevant, 0)
        none *= np.divide(wrong, left, out=np.ones_like(left), where=left > 0)
    return 1.0 - none


def _map_at_r(others: Float64Array, relevant: Float64Array) -> Float64Array:
    """Return the expected MAP@R of a random order.

    E[precision@i · hit at i] = p/i · (1 + (i - 1)·q), with p = R/N and q = (R - 1)/(N - 1) the
    chances of a hit and of another one; summed over i ≤ R and divided by R, with H_R = Σ 1/i:
    p/R · (H_R + q·(R - H_R)).
    """
    harmonic = np.cumsum(1.0 / np.arange(1, int(relevant.max()) + 1))[relevant.astype(int) - 1]
    another = (relevant - 1) / np.maximum(others - 1, 1)
    expected: Float64Array = (harmonic + another * (relevant - harmonic)) / others
    return expected


def _shuffled(labels: Int64Array, clusters: Int64Array | None) -> Mapping[str, float]:
    if clusters is None:
        return {}
    rng = np.random.default_rng(0)
    rounds = [rng.permutation(clusters) for _ in range(_SHUFFLES)]
    return {
        "nmi": float(np.mean([nmi(labels, guess) for guess in rounds])),
        "matched_accuracy": float(np.mean([matched_accuracy(labels, guess) for guess in rounds])),
    }
