"""95 % intervals by resampling queries, or whole groups of them; and what an interval says.

An interval covers which queries were drawn, and nothing else: not the gallery, not the seed of a
training run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from artvec.core.results import Interval
from artvec.core.types import BoolArray, Float64Array, Int64Array
from artvec.metrics.agreement import Agreement, resampled
from artvec.metrics.blocks import spans

RESAMPLES = 1000
_PERCENTILES = (2.5, 97.5)
_BLOCK = 2**23
"""Counts held at once: 64 MB."""

Values = Float64Array | BoolArray


def interval(
    values: Values, groups: Int64Array | None = None, seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """Return the mean of the queries' outcomes with its 95 % percentile bootstrap interval.

    Args:
        values: (Q,) an outcome a query; NaN is left out of the mean.
        groups: (Q,) codes, e.g. of artists: whole groups are drawn, since pictures of one group
            are alike and count for less than as many independent ones (cluster bootstrap). A
            negative code is a group not known: the query is then one by itself.
        seed: The same seed draws the same queries for every figure.
        resamples: How many draws.

    Returns:
        NaN where there is no outcome; ends NaN where there are fewer than two groups, of which no
        spread can be known. Where all outcomes are equal the bootstrap sees no spread: the ends
        are the value.

    Source: Efron and Tibshirani 1993; groups: Field and Welsh 2007.
    """
    return intervals(values[:, None], groups, seed, resamples)[0]


def intervals(
    values: Values, groups: Int64Array | None = None, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[Interval, ...]:
    """Return `interval` of every column of (Q, M) outcomes, from one set of draws."""
    sums, counts = _group_sums(values, groups)
    means = _resampled_means(sums, counts, seed, resamples)
    return tuple(
        _percentile(value, draws) for value, draws in zip(_mean(sums, counts), means.T, strict=True)
    )


def paired_interval(
    a: Values,
    b: Values,
    groups: Int64Array | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return mean(a) - mean(b) with its 95 % interval; both are resampled with the same queries.

    Pairing takes out what makes a query hard for both, so it sees smaller differences than two
    separate intervals do.

    Args:
        a: (Q,) outcomes of the one side; NaN is left out of its mean.
        b: (Q,) outcomes of the other on the same queries, in the same order.
        groups: (Q,) as in `interval`.
        seed: As in `interval`.
        resamples: How many draws.

    Returns:
        NaN as in `interval`. The differences of a and b themselves are in [-1, 1] for shares.

    Raises:
        ValueError: a and b are not of the same queries.

    Source: Efron and Tibshirani 1993; for retrieval, Sakai 2006.
    """
    if a.shape != b.shape:
        raise ValueError(f"outcomes must be of the same queries: {a.shape} and {b.shape}")
    both = np.stack([a, b], axis=1).astype(np.float64)
    return paired_intervals(both, [(0, 1)], groups, seed, resamples)[0]


def paired_intervals(
    values: Values,
    pairs: Sequence[tuple[int, int]],
    groups: Int64Array | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[Interval, ...]:
    """Return `paired_interval` of pairs of columns of (Q, M) outcomes, from one set of draws."""
    sums, counts = _group_sums(values, groups)
    means = _resampled_means(sums, counts, seed, resamples)
    own = _mean(sums, counts)
    return tuple(_percentile(own[a] - own[b], means[:, a] - means[:, b]) for a, b in pairs)


def agreement_interval(
    function: Agreement,
    labels: Int64Array,
    clusters: Int64Array,
    groups: Int64Array | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return a figure of clusters against labels with its 95 % interval; assignments stay fixed.

    A row drawn twice agrees with its own copy, which lifts every resample a little; so their
    distribution is moved to have the figure as its mean, and ends are cut off at 1.

    Args:
        function: `nmi`, `ami`, `ari`, `matched_accuracy` or `purity`.
        labels: (N,) small integers.
        clusters: (N,) small integers.
        groups: (N,) as in `interval`.
        seed: As in `interval`.
        resamples: How many draws.

    Returns:
        NaN without rows; ends NaN where there are fewer than two groups.

    Source: Efron and Tibshirani 1993, chapter 10 (bias).
    """
    value = function(labels, clusters)
    draws = _agreement_draws(function, labels, clusters, groups, seed, resamples)
    found = _moved(value, draws)
    return Interval(value, found.low, min(found.high, max(1.0, value)))


def paired_agreement_intervals(
    function: Agreement,
    labels: Int64Array,
    clusterings: Sequence[Int64Array],
    pairs: Sequence[tuple[int, int]],
    groups: Int64Array | None = None,
) -> tuple[Interval, ...]:
    """Return differences of a figure between pairs of clusterings of the same rows.

    Both sides of a pair are resampled with the same rows; the draws are moved to have the
    difference as their mean, as in `agreement_interval`.

    Args:
        function: As in `agreement_interval`.
        labels: (N,) small integers.
        clusterings: M of (N,) small integers.
        pairs: Places of two clusterings: the first's figure minus the second's.
        groups: (N,) as in `interval`.
    """
    own = [function(labels, clusters) for clusters in clusterings]
    draws = [
        _agreement_draws(function, labels, clusters, groups, 0, RESAMPLES)
        for clusters in clusterings
    ]
    return tuple(_moved(own[a] - own[b], draws[a] - draws[b]) for a, b in pairs)


def _moved(value: float, draws: Float64Array) -> Interval:
    """Return a value with the percentiles of its draws, moved to have it as their mean."""
    return _percentile(value, draws - draws.mean() + value if len(draws) else draws)


def _agreement_draws(
    function: Agreement,
    labels: Int64Array,
    clusters: Int64Array,
    groups: Int64Array | None,
    seed: int,
    resamples: int,
) -> Float64Array:
    """Return (resamples,) figures; a seed draws the same rows for all clusterings of them."""
    group_of, n_groups = _groups(len(labels), groups)
    blocks = _draws(n_groups, seed, resamples)
    figures = [resampled(function, labels, clusters, group_of, counts) for counts in blocks]
    return np.concatenate([np.zeros(0), *figures])


def verdict(difference: Interval) -> Literal["yes", "no", "inconclusive"]:
    """Return whether a difference is above 0: `yes`, `no` if below, `inconclusive` if 0 is in it.

    An end that is 0 or NaN is inconclusive.
    """
    if difference.low > 0:
        return "yes"
    return "no" if difference.high < 0 else "inconclusive"


def without_rounding(difference: Interval, least: float = 1e-9) -> Interval:
    """Return a difference whose numbers next to 0 are 0: they come from the order of sums.

    Args:
        difference: As found.
        least: What is smaller is rounding.
    """
    numbers = (difference.value, difference.low, difference.high)
    return Interval(*(0.0 if abs(number) < least else number for number in numbers))


def _groups(rows: int, groups: Int64Array | None) -> tuple[Int64Array, int]:
    """Return (Q,) group numbers from 0, and how many; unknown ones are each their own."""
    if groups is None:
        return np.arange(rows), rows
    if groups.shape != (rows,):
        raise ValueError(f"{rows} outcomes need groups of shape ({rows},), not {groups.shape}")
    alone = np.where(groups < 0, -1 - np.arange(rows), groups)
    names, numbers = np.unique(alone, return_inverse=True)
    return numbers.astype(np.int64), len(names)


def _group_sums(
    values: npt.NDArray[np.generic], groups: Int64Array | None
) -> tuple[Float64Array, Float64Array]:
    """Return (G, M) sums of outcomes and how many there are, NaN left out."""
    outcomes = values.astype(np.float64)
    group_of, n_groups = _groups(len(outcomes), groups)
    there = ~np.isnan(outcomes)
    sums, counts = np.zeros((2, n_groups, outcomes.shape[1]))
    np.add.at(sums, group_of, np.where(there, outcomes, 0.0))
    np.add.at(counts, group_of, there)
    return sums, counts


def _resampled_means(
    sums: Float64Array, counts: Float64Array, seed: int, resamples: int
) -> Float64Array:
    """Return (resamples, M) means; NaN where a draw holds no outcome."""
    blocks = [
        _ratio(block @ sums, block @ counts)
        for block in (draws.astype(np.float64) for draws in _draws(len(sums), seed, resamples))
    ]
    return np.concatenate(blocks) if blocks else np.zeros((0, sums.shape[1]))


def _draws(n_groups: int, seed: int, resamples: int) -> Iterator[Int64Array]:
    """Yield (n, G) blocks: how often each group is drawn. Nothing where there is no choice."""
    if n_groups < 2:
        return
    rng = np.random.default_rng(seed)
    for span in spans(resamples, max(1, _BLOCK // n_groups)):
        size = span.stop - span.start
        drawn = rng.integers(n_groups, size=(size, n_groups))
        drawn += np.arange(size)[:, None] * n_groups
        yield np.bincount(drawn.ravel(), minlength=size * n_groups).reshape(size, n_groups)


def _mean(sums: Float64Array, counts: Float64Array) -> Float64Array:
    return _ratio(sums.sum(axis=0), counts.sum(axis=0))


def _ratio(part: Float64Array, whole: Float64Array) -> Float64Array:
    ratio: Float64Array = np.full(part.shape, np.nan)
    return np.divide(part, whole, out=ratio, where=whole > 0)


def _percentile(value: float, draws: Float64Array) -> Interval:
    """Return the value with the percentiles of its draws; a draw without outcome is left out."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return Interval(float(value), float("nan"), float("nan"))
    low, high = np.percentile(known, _PERCENTILES)
    return Interval(float(value), float(low), float(high))
