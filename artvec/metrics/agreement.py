"""How well clusters agree with labels: NMI, AMI, ARI, matched accuracy, purity.

All are functions of the table of counts label × cluster. Rows may carry weights, how often each
counts, so that the bootstrap needn't copy rows. Noise (-1) is a cluster like any other here.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import gammaln

from artvec.core.types import Float64Array, Int64Array

_EPS = float(np.finfo(np.float64).eps)
_TERMS = 2**20
"""Terms of the expected information computed at once: 8 MB an array."""


def contingency(
    labels: Int64Array, clusters: Int64Array, weights: Int64Array | None = None
) -> Int64Array:
    """Return (R, C) int64 counts of label × cluster, without empty rows and columns.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers; -1 (noise) is a cluster.
        weights: (N,) how often each row counts; once if not given.

    Raises:
        ValueError: Lengths differ.
    """
    if labels.shape != clusters.shape or labels.ndim != 1:
        raise ValueError(f"labels {labels.shape} and clusters {clusters.shape} must agree")
    if not len(labels):
        return np.zeros((0, 0), np.int64)
    rows, columns = labels - labels.min(), clusters - clusters.min()
    shape = int(rows.max()) + 1, int(columns.max()) + 1
    cells = np.bincount(rows * shape[1] + columns, weights, shape[0] * shape[1])
    table = np.rint(cells).astype(np.int64).reshape(shape)
    return table[table.any(axis=1)][:, table.any(axis=0)]


def why_undefined(labels: Int64Array, clusters: Int64Array) -> str:
    """Say why agreement tells nothing of these rows, whatever its figures; empty where it does.

    With one label or one cluster there is nothing to agree on, and with as many as rows every
    grouping of them gives the same figures: 1 for most.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers; -1 (noise) is a cluster.
    """
    rows, n_labels, n_clusters = len(labels), len(np.unique(labels)), len(np.unique(clusters))
    reasons = (
        (not rows, "there is no row"),
        (n_labels == 1, "every row has the same label"),
        (n_labels == rows, "every row has a label of its own"),
        (n_clusters == 1, "every row is in the same group"),
        (n_clusters == rows, "every row is a group of its own"),
    )
    return next((reason for holds, reason in reasons if holds), "")


def nmi(labels: Int64Array, clusters: Int64Array, weights: Int64Array | None = None) -> float:
    """Return normalised mutual information: I(labels; clusters) / mean of both entropies.

    In [0, 1]: 1, each tells the other; 0, neither tells anything. Not corrected for chance: many
    clusters raise it; read `ami` beside it.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers.
        weights: (N,) how often each row counts.

    Returns:
        1 where there is one label and one cluster, as in scikit-learn; NaN without rows.

    Source: Vinh, Epps and Bailey 2010; scikit-learn's arithmetic mean.
    """
    table = contingency(labels, clusters, weights)
    if table.size <= 1:
        return float("nan") if not table.size else 1.0
    information = _mutual_information(table)
    if information <= 0:
        return 0.0
    return information / (0.5 * (_entropy(table.sum(axis=0)) + _entropy(table.sum(axis=1))))


def ami(labels: Int64Array, clusters: Int64Array, weights: Int64Array | None = None) -> float:
    """Return adjusted mutual information: (I - E[I]) / (mean entropy - E[I]).

    E[I] is the mean over all clusterings with the same sizes (hypergeometric). At most 1: 1, each
    tells the other; 0, as good as drawn by lot; below 0, worse.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers.
        weights: (N,) how often each row counts.

    Returns:
        1 where there is one label and one cluster, 0 where only one of both is single, as in
        scikit-learn; NaN without rows.

    Source: Vinh, Epps and Bailey 2010; scikit-learn's arithmetic mean.
    """
    table = contingency(labels, clusters, weights)
    if 1 in table.shape or not table.size:
        return float("nan") if not table.size else float(table.size == 1)
    sizes = table.sum(axis=1), table.sum(axis=0)
    expected = _expected_information(*sizes)
    most = 0.5 * (_entropy(sizes[0]) + _entropy(sizes[1]))
    return _off_zero(_mutual_information(table) - expected) / _off_zero(most - expected)


def ari(labels: Int64Array, clusters: Int64Array, weights: Int64Array | None = None) -> float:
    """Return the adjusted Rand index: agreement over pairs of rows, corrected for chance.

    In [-0.5, 1]: 1, the same partition; 0, as good as drawn by lot. Large groups weigh most, since
    they hold most pairs.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers.
        weights: (N,) how often each row counts.

    Returns:
        1 where both put all rows together, or all apart, as in scikit-learn; NaN without rows.

    Source: Hubert and Arabie 1985.
    """
    table = contingency(labels, clusters, weights).astype(np.float64)
    if not table.size:
        return float("nan")
    both = _pairs(table)
    by_label, by_cluster = _pairs(table.sum(axis=1)), _pairs(table.sum(axis=0))
    if both == by_label == by_cluster:
        return 1.0
    by_chance = by_label * by_cluster / _pairs(table.sum(keepdims=True))
    return (both - by_chance) / (0.5 * (by_label + by_cluster) - by_chance)


def matched_accuracy(
    labels: Int64Array, clusters: Int64Array, weights: Int64Array | None = None
) -> float:
    """Return the share of rows in the cluster matched with their label, one to one, at best.

    In (0, 1]: what a classifier would score that calls each cluster by the label that the Hungarian
    assignment gives it. Clusters beyond the number of labels are never right.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers.
        weights: (N,) how often each row counts.

    Returns:
        NaN without rows.

    Source: Kuhn 1955; as clustering accuracy, Xie, Girshick and Farhadi 2016.
    """
    table = contingency(labels, clusters, weights)
    matched = table[linear_sum_assignment(table, maximize=True)].sum()
    return float(matched / table.sum()) if table.size else float("nan")


def purity(labels: Int64Array, clusters: Int64Array, weights: Int64Array | None = None) -> float:
    """Return the share of rows that have the commonest label of their cluster.

    In (0, 1]. Not corrected for chance: with a cluster a row it is 1.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers.
        weights: (N,) how often each row counts.

    Returns:
        NaN without rows.

    Source: Manning, Raghavan and Schütze 2008, section 16.3.
    """
    table = contingency(labels, clusters, weights)
    return float(table.max(axis=0).sum() / table.sum()) if table.size else float("nan")


def _mutual_information(table: Int64Array) -> float:
    joint = table / table.sum()
    product = joint.sum(axis=1)[:, None] * joint.sum(axis=0)
    there = table > 0
    information = float(np.sum(joint[there] * np.log(joint[there] / product[there])))
    return information if information > _EPS else 0.0


def _entropy(sizes: Int64Array) -> float:
    shares = sizes / sizes.sum()
    return -float(np.sum(shares * np.log(shares)))


def _expected_information(rows: Int64Array, columns: Int64Array) -> float:
    """Return the mean mutual information of clusterings with these sizes, drawn by lot.

    A cell of sizes a and b is hypergeometric; terms beyond 9 standard deviations and 30 counts
    around its mean add less than rounding does. Equal sizes are computed once.
    """
    total = int(rows.sum())
    factorial = gammaln(np.arange(total + 1) + 1.0)  # log n!
    (a_sizes, a_times), (b_sizes, b_times) = (
        np.unique(sizes, return_counts=True) for sizes in (rows, columns)
    )
    expected = 0.0
    for a, times in zip(a_sizes.tolist(), a_times.tolist(), strict=True):
        lowest, highest = _window(a, b_sizes, total)
        some = max(1, _TERMS // int((highest - lowest).max() + 1))
        for at in range(0, len(b_sizes), some):
            part = slice(at, at + some)
            b, low, high = b_sizes[part, None], lowest[part, None], highest[part, None]
            n = np.minimum(low + np.arange((high - low).max() + 1), high)
            log_probability = (
                factorial[a] + factorial[b] + factorial[total - a] + factorial[total - b]
            ) - (
                factorial[total]
                + factorial[n]
                + factorial[a - n]
                + factorial[b - n]
                + factorial[total - a - b + n]
            )
            terms = n / total * np.log(n / a * (total / b)) * np.exp(log_probability)
            terms[np.arange(n.shape[1]) > high - low] = 0.0
            expected += times * float(b_times[part] @ terms.sum(axis=1))
    return expected


def _window(a: int, b: Int64Array, total: int) -> tuple[Int64Array, Int64Array]:
    """Return the lowest and highest count of a cell worth computing, at least 1."""
    mean = a * b / total
    around = 30 + 9 * np.sqrt(mean * (1 - a / total) * (1 - b / total))
    lowest = np.maximum(np.maximum(1, a + b - total), np.floor(mean - around).astype(np.int64))
    highest = np.minimum(np.minimum(a, b), np.ceil(mean + around).astype(np.int64))
    return lowest, highest


def _off_zero(value: float) -> float:
    """Keep a difference that rounding made 0 off it, so that 0 / 0 is 1, as in scikit-learn."""
    return min(value, -_EPS) if value < 0 else max(value, _EPS)


def _pairs(counts: Float64Array) -> float:
    return float(np.sum(counts * (counts - 1)) / 2)


AGREEMENTS = {"nmi": nmi, "ami": ami, "ari": ari, "matched_accuracy": matched_accuracy}
"""Figures of a clustering against labels, by their keys."""
