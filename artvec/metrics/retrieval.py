"""What a search would have found: precision, recall, R-precision and MAP@R of every query."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artvec.core.progress import Progress, silent
from artvec.core.types import BoolArray, Float64Array, FloatArray, Int64Array
from artvec.metrics.blocks import inverse_lengths, spans, unit_rows

_FIRST = 10
"""Ranks that precision and recall look at."""

_KEYS = 2**25
"""Similarities held at once: 268 MB."""

_MOST_QUERIES = 1024
_STEPS, _ROW_BITS = 2.0**34, 27
"""A key is the distance in steps of 6e-11, coarser than rounding, then the gallery row: 62 bits."""

_NEVER = 2**63 - 2**_ROW_BITS
"""Added to the row, the key of a row that must not be found."""


@dataclass(frozen=True, slots=True)
class RetrievalOutcomes:
    """What retrieval gave for each query: (Q,) float64 each, in [0, 1], higher is better.

    A figure is the mean over queries; NaN is left out of it.

    Attributes:
        precision_at_1: 1 where the nearest gallery row has the query's label.
        precision_at_5: Share of the first five with the query's label; of all where the gallery
            has fewer.
        recall_at_1: 1 where at least one of the first row has the label: as `precision_at_1`.
        recall_at_5: 1 where at least one of the first five has it.
        recall_at_10: 1 where at least one of the first ten has it.
        r_precision: Share of the first R with the label, where R rows of the gallery have it; NaN
            where R = 0.
        map_at_r: Σ over ranks i ≤ R with the label of precision@i, divided by R; NaN where R = 0.
            As R-precision, but early ranks count more.

    Source: Musgrave, Belongie and Lim, A Metric Learning Reality Check, ECCV 2020.
    """

    precision_at_1: Float64Array
    precision_at_5: Float64Array
    recall_at_1: Float64Array
    recall_at_5: Float64Array
    recall_at_10: Float64Array
    r_precision: Float64Array
    map_at_r: Float64Array


def retrieval_outcomes(
    queries: FloatArray,
    query_labels: Int64Array,
    gallery: FloatArray,
    gallery_labels: Int64Array,
    same_row: Int64Array | None = None,
    progress: Progress = silent,
) -> RetrievalOutcomes:
    """Rank the gallery by cosine for every query and return what was found; exact.

    Cosines are computed in double precision. Rows whose cosines round to the same multiple of
    6e-11 (copies of a vector, at any length) tie, and the lowest gallery row comes first. A zero
    vector has cosine 0. A query whose class has no gallery row has 0 in precision and recall.

    Args:
        queries: (Q, D) as emitted.
        query_labels: (Q,) codes.
        gallery: (N, D) as emitted.
        gallery_labels: (N,) codes.
        same_row: (Q,) the gallery row that is the query itself, and is left out for it; -1 where
            there is none.
        progress: Told of queries.

    Raises:
        ValueError: The gallery is empty or too large, or lengths don't agree.
    """
    own = np.full(len(queries), -1) if same_row is None else same_row
    _check(len(queries), query_labels, own, len(gallery), gallery_labels)
    wanted = _relevant(query_labels, gallery_labels, own)  # (Q,) R of each query
    inverse = inverse_lengths(gallery)
    figures: Float64Array = np.zeros((7, len(queries)))
    block = int(np.clip(_KEYS // len(gallery), 1, _MOST_QUERIES))
    buffer = np.empty((min(block, len(queries)), len(gallery)), np.int64)
    by_depth = np.argsort(wanted, kind="stable")  # so that a block needs about one depth
    for span in spans(len(queries), block):
        some = by_depth[span]
        keys = buffer[: len(some)]
        _rank(keys, queries[some], gallery, inverse, own[some])
        first = _first(keys, min(len(gallery), max(_FIRST, int(wanted[some].max()))))
        hits = gallery_labels[first & (2**_ROW_BITS - 1)] == query_labels[some, None]
        hits &= first < _NEVER  # (n, depth)
        others = len(gallery) - (own[some] >= 0)
        figures[:, some] = _figures(hits, wanted[some], others)
        progress(span.stop, len(queries))
    return RetrievalOutcomes(*figures)


def _check(
    queries: int, query_labels: Int64Array, own: Int64Array, rows: int, labels: Int64Array
) -> None:
    if not 0 < rows <= 2**_ROW_BITS:
        raise ValueError(f"the gallery has {rows} rows; it must have 1 to {2**_ROW_BITS:,}")
    shapes = (query_labels.shape, own.shape, labels.shape)
    if shapes != ((queries,), (queries,), (rows,)):
        raise ValueError(f"{queries} queries and {rows} gallery rows do not fit shapes {shapes}")
    if queries and not -1 <= own.min() <= own.max() < rows:
        raise ValueError(f"same_row must lie between -1 and {rows - 1}")


def _relevant(query_labels: Int64Array, labels: Int64Array, own: Int64Array) -> Int64Array:
    """Return (Q,) how many gallery rows, without the query itself, have the query's label."""
    ordered = np.sort(labels)
    count = np.searchsorted(ordered, query_labels, "right") - np.searchsorted(ordered, query_labels)
    relevant: Int64Array = count - ((own >= 0) & (labels[own] == query_labels))
    return relevant


def _rank(
    keys: Int64Array,
    queries: FloatArray,
    gallery: FloatArray,
    inverse: Float64Array,
    own: Int64Array,
) -> None:
    """Fill (n, N) keys that sort by distance, then by gallery row."""
    units = unit_rows(queries)
    for span in spans(len(gallery)):
        distance = 1.0 - (units @ gallery[span].astype(np.float64).T) * inverse[span]
        keys[:, span] = np.rint(distance * _STEPS)
    keys <<= _ROW_BITS
    keys |= np.arange(len(gallery))
    known = np.flatnonzero(own >= 0)
    keys[known, own[known]] = _NEVER + own[known]


def _first(keys: Int64Array, depth: int) -> Int64Array:
    """Return the (n, depth) smallest keys of each row in order; keys are rearranged."""
    if depth < keys.shape[1]:
        keys.partition(depth - 1, axis=1)
    return np.sort(keys[:, :depth], axis=1)


def _figures(hits: BoolArray, wanted: Int64Array, others: Int64Array) -> Float64Array:
    """Return the (7, n) outcomes of (n, depth) hits in order of rank.

    Args:
        hits: True where the row of that rank has the query's label.
        wanted: (n,) R of each query.
        others: (n,) gallery rows that could be found.
    """
    at_1, at_5, at_10 = (hits[:, :k].sum(axis=1) for k in (1, 5, _FIRST))
    ranks = np.arange(1, hits.shape[1] + 1)
    within = hits & (ranks <= wanted[:, None])
    precision = np.where(within, np.cumsum(within, axis=1) / ranks, 0.0)
    share = np.where(wanted > 0, 1.0 / np.maximum(wanted, 1), np.nan)
    return np.stack(
        [
            at_1,
            at_5 / np.clip(others, 1, 5),
            at_1,
            at_5 > 0,
            at_10 > 0,
            within.sum(axis=1) * share,
            precision.sum(axis=1) * share,
        ]
    )
