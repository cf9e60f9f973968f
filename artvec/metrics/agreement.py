"""How well clusters agree with labels: NMI, AMI, ARI, matched accuracy, purity.

All are functions of the table of counts label × cluster. The bootstrap computes them for a stack
of tables at once, one of each draw. Noise (-1) is a cluster like any other here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from artvec.core.types import Float64Array, Int64Array
from artvec.metrics import contingency_tables
from artvec.metrics.blocks import spans

Agreement = Callable[[Int64Array, Int64Array], float]
"""A figure of labels (N,) and clusters (N,)."""


def contingency(labels: Int64Array, clusters: Int64Array) -> Int64Array:
    """Return (R, C) int64 counts of label × cluster, without empty rows and columns.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers; -1 (noise) is a cluster.

    Raises:
        ValueError: Lengths differ.
    """
    cells, shape = _cells(labels, clusters)
    table = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    return table[table.any(axis=1)][:, table.any(axis=0)]


def resampled(
    figure: Agreement,
    labels: Int64Array,
    clusters: Int64Array,
    group_of: Int64Array,
    draws: Int64Array,
) -> Float64Array:
    """Return (D,) figures of the rows, each counted as often as a draw takes its group.

    Args:
        figure: `nmi`, `ami`, `ari`, `matched_accuracy` or `purity`.
        labels: (N,) small integers.
        clusters: (N,) small integers.
        group_of: (N,) numbers of groups, 0 … G-1.
        draws: (D, G) int64, how often each draw takes each group.
    """
    cells, shape = _cells(labels, clusters)
    once = np.ones(len(cells), np.int64)
    size = draws.shape[1], shape[0] * shape[1]
    counts = sparse.csr_array((once, (group_of, cells)), shape=size)  # of cells, by group
    parts = [
        _OF_TABLES[figure]((draws[span] @ counts).reshape(-1, *shape))
        for span in spans(len(draws), max(1, contingency_tables.TERMS // max(1, size[1])))
    ]
    return np.concatenate([np.zeros(0), *parts])


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


def nmi(labels: Int64Array, clusters: Int64Array) -> float:
    """Return normalised mutual information: I(labels; clusters) / mean of both entropies.

    In [0, 1]: 1, each tells the other; 0, neither tells anything. Not corrected for chance: many
    clusters raise it; read `ami` beside it.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers.

    Returns:
        1 where there is one label and one cluster, as in scikit-learn; NaN without rows.

    Source: Vinh, Epps and Bailey 2010; scikit-learn's arithmetic mean.
    """
    return _of_rows(contingency_tables.nmi, labels, clusters)


def ami(labels: Int64Array, clusters: Int64Array) -> float:
    """Return adjusted mutual information: (I - E[I]) / (mean entropy - E[I]).

    E[I] is the mean over all clusterings with the same sizes (hypergeometric). At most 1: 1, each
    tells the other; 0, as good as drawn by lot; below 0, worse.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers.

    Returns:
        1 where there is one label and one cluster, 0 where only one of both is single, as in
        scikit-learn; NaN without rows.

    Source: Vinh, Epps and Bailey 2010; scikit-learn's arithmetic mean.
    """
    return _of_rows(contingency_tables.ami, labels, clusters)


def ari(labels: Int64Array, clusters: Int64Array) -> float:
    """Return the adjusted Rand index: agreement over pairs of rows, corrected for chance.

    In [-0.5, 1]: 1, the same partition; 0, as good as drawn by lot. Large groups weigh most, since
    they hold most pairs.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers.

    Returns:
        1 where both put all rows together, or all apart, as in scikit-learn; NaN without rows.

    Source: Hubert and Arabie 1985.
    """
    return _of_rows(contingency_tables.ari, labels, clusters)


def matched_accuracy(labels: Int64Array, clusters: Int64Array) -> float:
    """Return the share of rows in the cluster matched with their label, one to one, at best.

    In (0, 1]: what a classifier would score that calls each cluster by the label that the Hungarian
    assignment gives it. Clusters beyond the number of labels are never right.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers.

    Returns:
        NaN without rows.

    Source: Kuhn 1955; as clustering accuracy, Xie, Girshick and Farhadi 2016.
    """
    return _of_rows(contingency_tables.matched_accuracy, labels, clusters)


def purity(labels: Int64Array, clusters: Int64Array) -> float:
    """Return the share of rows that have the commonest label of their cluster.

    In (0, 1]. Not corrected for chance: with a cluster a row it is 1.

    Args:
        labels: (N,) small integers.
        clusters: (N,) small integers.

    Returns:
        NaN without rows.

    Source: Manning, Raghavan and Schütze 2008, section 16.3.
    """
    return _of_rows(contingency_tables.purity, labels, clusters)


def _of_rows(
    of_tables: Callable[[Int64Array], Float64Array], labels: Int64Array, clusters: Int64Array
) -> float:
    return of_tables(contingency(labels, clusters)[None]).item()


def _cells(labels: Int64Array, clusters: Int64Array) -> tuple[Int64Array, tuple[int, int]]:
    """Return (N,) numbers of the rows' cells in a table of label × cluster, and its shape."""
    if labels.shape != clusters.shape or labels.ndim != 1:
        raise ValueError(f"labels {labels.shape} and clusters {clusters.shape} must agree")
    if not len(labels):
        return np.zeros(0, np.int64), (0, 0)
    rows, columns = labels - labels.min(), clusters - clusters.min()
    shape = int(rows.max()) + 1, int(columns.max()) + 1
    return rows * shape[1] + columns, shape


AGREEMENTS = {"nmi": nmi, "ami": ami, "ari": ari, "matched_accuracy": matched_accuracy}
"""Figures of a clustering against labels, by their keys."""

_OF_TABLES: dict[Agreement, Callable[[Int64Array], Float64Array]] = {
    nmi: contingency_tables.nmi,
    ami: contingency_tables.ami,
    ari: contingency_tables.ari,
    matched_accuracy: contingency_tables.matched_accuracy,
    purity: contingency_tables.purity,
}
