"""Agreement of stacked tables label × cluster, (D, R, C) counts each with empty rows and columns.

What the figures mean is said where they are public, in `agreement`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import gammaln, xlogy

from artvec.core.types import BoolArray, Float64Array, Int64Array

TERMS = 2**20
"""Terms of the expected information, or cells of tables, computed at once: 8 MB an array."""
_EPS = float(np.finfo(np.float64).eps)


def nmi(tables: Int64Array) -> Float64Array:
    """Return (D,) normalised mutual information; 1 for one label and one cluster, NaN for none."""
    labels, clusters = _sizes(tables)
    information = _mutual_information(tables)
    mean = 0.5 * (_entropy(labels) + _entropy(clusters))
    values = np.divide(information, mean, out=np.zeros_like(mean), where=information > 0)
    values[_single(labels) & _single(clusters)] = 1.0
    return _where_rows(tables, values)


def ami(tables: Int64Array) -> Float64Array:
    """Return (D,) adjusted mutual information; NaN without rows."""
    labels, clusters = _sizes(tables)
    expected = _expected_information(labels, clusters)
    most = 0.5 * (_entropy(labels) + _entropy(clusters))
    values = _off_zero(_mutual_information(tables) - expected) / _off_zero(most - expected)
    one_label, one_cluster = _single(labels), _single(clusters)
    values[one_label | one_cluster] = 0.0
    values[one_label & one_cluster] = 1.0
    return _where_rows(tables, values)


def ari(tables: Int64Array) -> Float64Array:
    """Return (D,) adjusted Rand indices; NaN without rows."""
    both = _pairs(tables).sum(axis=(1, 2))
    by_label, by_cluster = (_pairs(sizes).sum(axis=1) for sizes in _sizes(tables))
    pairs = _pairs(tables.sum(axis=(1, 2)))
    product = by_label * by_cluster
    by_chance = np.divide(product, pairs, out=np.zeros_like(both), where=pairs > 0)
    equal = (both == by_label) & (both == by_cluster)
    spread = np.where(equal, 1.0, 0.5 * (by_label + by_cluster) - by_chance)
    return _where_rows(tables, np.where(equal, 1.0, (both - by_chance) / spread))


def matched_accuracy(tables: Int64Array) -> Float64Array:
    """Return (D,) shares of rows in the cluster matched with their label; NaN without rows."""
    matched = [table[linear_sum_assignment(table, maximize=True)].sum() for table in tables]
    return _shares(np.array(matched), tables)


def purity(tables: Int64Array) -> Float64Array:
    """Return (D,) shares of rows that have the commonest label of their cluster; NaN without."""
    return _shares(tables.max(axis=1, initial=0).sum(axis=1), tables)


def _sizes(tables: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return (D, R) sizes of labels and (D, C) of clusters."""
    return tables.sum(axis=2), tables.sum(axis=1)


def _single(sizes: Int64Array) -> BoolArray:
    """Say for each of (D, K) sizes whether all rows are in one."""
    single: BoolArray = np.count_nonzero(sizes, axis=1) == 1
    return single


def _shares(rows: Int64Array, tables: Int64Array) -> Float64Array:
    """Return (D,) shares of a table's rows; NaN without any."""
    total = tables.sum(axis=(1, 2))
    shares: Float64Array = np.full(len(tables), np.nan)
    np.divide(rows, total, out=shares, where=total > 0)
    return shares


def _where_rows(tables: Int64Array, values: Float64Array) -> Float64Array:
    return np.where(tables.any(axis=(1, 2)), values, np.nan)


def _mutual_information(tables: Int64Array) -> Float64Array:
    """Return (D,) nats that labels and clusters of (D, R, C) tables share."""
    table, row, column = np.nonzero(tables)
    joint = _by_total(tables)  # (D, R, C)
    product = joint.sum(axis=2)[table, row] * joint.sum(axis=1)[table, column]
    there = joint[table, row, column]
    terms = there * np.log(there / product)
    # Summed as numpy sums an entropy, so that 0 / 0 of the AMI stays 0 / 0.
    ends = np.searchsorted(table, np.arange(1, len(tables)))
    information = np.array([part.sum() for part in np.split(terms, ends)])
    return np.where(information > _EPS, information, 0.0)


def _entropy(sizes: Int64Array) -> Float64Array:
    """Return (D,) nats of (D, K) sizes."""
    shares = _by_total(sizes)
    entropy: Float64Array = -xlogy(shares, shares).sum(axis=1)
    return entropy


def _by_total(counts: Int64Array) -> Float64Array:
    """Return counts (D, …) as shares of their sum; 0 where there are none."""
    total = counts.sum(axis=tuple(range(1, counts.ndim)), keepdims=True)
    shares: Float64Array = counts / np.maximum(total, 1)
    return shares


def _expected_information(labels: Int64Array, clusters: Int64Array) -> Float64Array:
    """Return (D,) mean mutual information of clusterings drawn by lot with sizes (D, R), (D, C).

    It is a sum over cells; cells of equal sizes are computed once, in whichever table they are.
    """
    total = labels.sum(axis=1)
    _, total_number = np.unique(total, return_inverse=True)
    cells = [_size_pairs(*one) for one in zip(labels, clusters, strict=True)]
    table = np.repeat(np.arange(len(cells)), [len(one) for one in cells])
    a, b, times = np.concatenate([np.zeros((0, 3), np.int64), *cells]).T
    above = int(total.max(initial=0)) + 1
    keys = (total_number[table] * above + a) * above + b
    _, first, at = np.unique(keys, return_index=True, return_inverse=True)
    total, a, b = total[table[first]], a[first], b[first]
    information = np.zeros(len(first))
    for span in _spans_of_terms(np.minimum(a, b)):
        information[span] = _cell_information(total[span], a[span], b[span])
    return np.bincount(table, times * information[at], len(cells)).astype(np.float64)


def _size_pairs(labels: Int64Array, clusters: Int64Array) -> Int64Array:
    """Return (M, 3) pairs of a label's size and a cluster's, and how many cells have them."""
    (a, a_times), (b, b_times) = (
        np.unique(sizes[sizes > 0], return_counts=True) for sizes in (labels, clusters)
    )
    times = np.outer(a_times, b_times).ravel()
    return np.column_stack([np.repeat(a, len(b)), np.tile(b, len(a)), times])


def _spans_of_terms(counts: Int64Array) -> Iterator[slice]:
    """Yield slices of (M,) cells that hold about `TERMS` terms, given how many each has at most."""
    ends = np.cumsum(counts)
    first = 0
    while first < len(counts):
        before = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + TERMS, side="right")))
        yield slice(first, last)
        first = last


def _cell_information(total: Int64Array, a: Int64Array, b: Int64Array) -> Float64Array:
    """Return (M,) what cells of sizes a (M,) and b (M,) of all rows (M,) add to the mean.

    A cell's count n is hypergeometric; terms beyond 9 standard deviations and 30 counts around its
    mean add less than rounding does.

    Source: Vinh, Epps and Bailey 2010, equation 24a.
    """
    mean = a * b / total
    around = 30 + 9 * np.sqrt(mean * (1 - a / total) * (1 - b / total))
    low = np.maximum(np.maximum(1, a + b - total), np.floor(mean - around).astype(np.int64))
    high = np.minimum(np.minimum(a, b), np.ceil(mean + around).astype(np.int64))
    starts = np.cumsum(high - low + 1) - (high - low + 1)
    cell = np.repeat(np.arange(len(total)), high - low + 1)  # (T,), of each term
    n = np.arange(len(cell)) - starts[cell] + low[cell]
    factorial = gammaln(np.arange(total.max() + 1) + 1.0)  # log n!
    of_cell = factorial[a] + factorial[b] + factorial[total - a] + factorial[total - b]
    of_cell -= factorial[total]
    total, a, b = total[cell], a[cell], b[cell]
    log_probability = of_cell[cell] - (
        factorial[n] + factorial[a - n] + factorial[b - n] + factorial[total - a - b + n]
    )
    terms = n / total * np.log(n / a * (total / b)) * np.exp(log_probability)
    return np.add.reduceat(terms, starts)


def _off_zero(values: Float64Array) -> Float64Array:
    """Keep differences that rounding made 0 off it, so that 0 / 0 is 1, as in scikit-learn."""
    return np.where(values < 0, np.minimum(values, -_EPS), np.maximum(values, _EPS))


def _pairs(counts: Int64Array) -> Float64Array:
    """Return how many pairs of rows counts hold, in double precision."""
    wide = counts.astype(np.float64)
    return wide * (wide - 1) / 2
