"""Who was taken for whom: confusion, figures of each class, and pairs most confused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artvec.core.types import Float64Array, Int64Array


@dataclass(frozen=True, slots=True)
class PerClass:
    """Figures of each class: (C,) each, in order of codes; in [0, 1], higher is better.

    Attributes:
        precision: Of what was predicted as the class, the share that is of it; NaN where nothing
            was predicted so.
        recall: Of the class, the share that was predicted as it; NaN where the class has no row.
        f1: 2·hits / (support + predicted), their harmonic mean; NaN where both are 0.
        support: int64, rows of the class.
        predicted: int64, rows predicted as the class; 0 means a class never predicted.
    """

    precision: Float64Array
    recall: Float64Array
    f1: Float64Array
    support: Int64Array
    predicted: Int64Array


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """How often rows of one class were taken for another.

    Attributes:
        true: Code of the class they are of.
        predicted: Code of the class they were taken for.
        count: How many rows.
        share: Of the rows of the true class.
    """

    true: int
    predicted: int
    count: int
    share: float


def confusion(labels: Int64Array, predicted: Int64Array, n_classes: int) -> Int64Array:
    """Return (C, C) int64 counts: the row is the true class, the column the predicted one.

    Args:
        labels: (Q,) codes 0 … n_classes - 1.
        predicted: (Q,) codes 0 … n_classes - 1.
        n_classes: C; classes without a row have rows and columns of 0.

    Raises:
        ValueError: Lengths differ, or a code is out of range.
    """
    if labels.shape != predicted.shape or labels.ndim != 1:
        raise ValueError(f"labels {labels.shape} and predictions {predicted.shape} must agree")
    for codes in (labels, predicted):
        if len(codes) and not 0 <= codes.min() <= codes.max() < n_classes:
            raise ValueError(f"codes must lie between 0 and {n_classes - 1}")
    cells = np.bincount(labels * n_classes + predicted, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes).astype(np.int64)


def per_class(table: Int64Array) -> PerClass:
    """Return precision, recall, F1 and counts of each class from a (C, C) confusion table."""
    hits, support, predicted = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    return PerClass(
        _ratio(hits, predicted),
        _ratio(hits, support),
        _ratio(2 * hits, support + predicted),
        support,
        predicted,
    )


def confused_pairs(table: Int64Array, most: int = 10) -> tuple[ConfusedPair, ...]:
    """Return the pairs of classes confused most often, by count.

    Equal counts: the larger share first, then by codes. (a, b) and (b, a) are two pairs.

    Args:
        table: (C, C) confusion.
        most: How many pairs at most.
    """
    wrong = table - np.diag(np.diag(table))
    true, predicted = np.nonzero(wrong)
    counts = wrong[true, predicted]
    shares = counts / table.sum(axis=1)[true]
    order = np.lexsort((predicted, true, -shares, -counts))[:most]
    return tuple(
        ConfusedPair(int(true[at]), int(predicted[at]), int(counts[at]), float(shares[at]))
        for at in order
    )


def _ratio(part: Int64Array, whole: Int64Array) -> Float64Array:
    ratio: Float64Array = np.full(len(part), np.nan)
    return np.divide(part, whole, out=ratio, where=whole > 0)
