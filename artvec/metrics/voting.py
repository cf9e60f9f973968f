"""What the k nearest gallery rows say: a weighted vote, and one row one vote."""

from __future__ import annotations

import numpy as np

from artvec.core.types import Float64Array, FloatArray, Int64Array
from artvec.metrics.blocks import spans

TEMPERATURE = 0.07
"""Of the weighted vote, after DINOv2 (Oquab et al. 2023) and Wu et al. 2018."""


def vote(
    neighbour_labels: Int64Array,
    similarities: FloatArray,
    n_classes: int,
    temperature: float = TEMPERATURE,
) -> Int64Array:
    """Return the class with the largest sum of exp(similarity / temperature) over the neighbours.

    Args:
        neighbour_labels: (Q, k) codes 0 … n_classes - 1; -1 where there was no further neighbour.
        similarities: (Q, k) cosines; ignored where the label is -1.
        n_classes: How many classes there are.
        temperature: The smaller, the more the nearest rows decide.

    Returns:
        (Q,) int64 codes; -1 for a query without a neighbour. Sums that are equal but for rounding
        (1e-9 of the nearest row's weight) go to the smaller code: neither side is nearer.

    Raises:
        ValueError: A label is not below n_classes.

    Source: Wu et al. 2018; DINOv2's `eval/knn.py` (temperature 0.07).
    """
    known = np.where(neighbour_labels >= 0, similarities, -np.inf).astype(np.float64)
    nearest = known.max(axis=1, initial=-1.0)  # subtracted, so that exp can't overflow
    weights = np.exp((known - nearest[:, None]) / temperature)
    return _largest(neighbour_labels, weights, np.zeros_like(weights), n_classes)


def uniform_vote(
    neighbour_labels: Int64Array, similarities: FloatArray, n_classes: int
) -> Int64Array:
    """Return the class of most neighbours; a tie goes to the larger summed similarity.

    Args:
        neighbour_labels: (Q, k) codes 0 … n_classes - 1; -1 where there was no further neighbour.
        similarities: (Q, k) cosines; ignored where the label is -1.
        n_classes: How many classes there are.

    Returns:
        (Q,) int64 codes; -1 for a query without a neighbour. Where votes and summed similarity are
        equal (to 1e-6), the smaller code.

    Raises:
        ValueError: A label is not below n_classes.
    """
    known = neighbour_labels >= 0
    ties = np.where(known, similarities, 0.0).astype(np.float64)
    return _largest(neighbour_labels, known.astype(np.float64), ties, n_classes)


def _largest(
    labels: Int64Array, weights: Float64Array, ties: Float64Array, n_classes: int
) -> Int64Array:
    """Return per query the class of the largest summed weight, then of the largest summed tie."""
    if labels.max(initial=-1) >= n_classes:
        raise ValueError(f"labels must be below {n_classes}, not {labels.max()}")
    winners: Int64Array = np.full(len(labels), -1, dtype=np.int64)
    for span in spans(len(labels), max(1, 2**22 // max(n_classes, 1))):
        size = span.stop - span.start
        known = labels[span] >= 0
        cell = (np.arange(size)[:, None] * n_classes + labels[span])[known]
        sums, further = (
            np.bincount(cell, values[span][known], size * n_classes)
            .astype(np.float64)  # without any known label they are integers
            .reshape(size, n_classes)
            .round(digits)
            for values, digits in ((weights, 9), (ties, 6))
        )
        further[sums < sums.max(axis=1, keepdims=True)] = -np.inf
        winners[span] = np.where(known.any(axis=1), further.argmax(axis=1), -1)
    return winners
