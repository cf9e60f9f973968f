"""Pairs of rows that are unusually close by cosine, exactly and without an N × N matrix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from artvec.collection.reader import Collection, blocks
from artvec.core.progress import Progress, silent
from artvec.core.types import BoolArray, Float32Array, Float64Array, FloatArray, Int64Array
from artvec.vector_search.exact import exact_search

NEIGHBOURS = 16
CLOSENESS = 0.85
"""Pairs further apart than this share of the usual distance are not candidates."""
_GROWTH = 4
_QUERIES_AT_ONCE = 8192
_BLOCK_ROWS = 16384


@dataclass(frozen=True)
class _Near:
    """The k nearest rows of some, all by their place among the rows compared.

    Attributes:
        rows: (n,) int64.
        neighbours: (n, k) int64.
        distances: (n, k) float64, 1 - cosine.
    """

    rows: Int64Array
    neighbours: Int64Array
    distances: Float64Array


def close_pairs(
    collection: Collection, chosen: BoolArray, progress: Progress = silent
) -> Int64Array:
    """Return pairs of rows that are closer than is usual around them.

    Cosines of different encoders can't be compared: unrelated pictures have .2 with one and .95
    with another. So a pair's distance (1 - cosine) is given as a share of what is usual in this
    collection around its two rows: the distance to the 16th neighbour, or half the median of that
    over all rows where a whole neighbourhood is copies. Where all neighbours found are candidates,
    more are searched.

    Args:
        collection: Its vectors are read block by block.
        chosen: (N,), rows to compare.
        progress: Told the rows done.

    Returns:
        (P, 2) row numbers, the smaller one first; each pair once, the closest first.
    """
    numbers = np.flatnonzero(chosen)  # (M,)
    k = min(NEIGHBOURS, len(numbers) - 1)
    if k < 1:
        return np.empty((0, 2), np.int64)
    near = _nearest(collection, numbers, np.arange(len(numbers)), k, progress)
    last = near.distances[:, -1]  # (M,)
    usual = np.maximum(last, np.median(last) / 2)
    parts = []
    while True:
        around = np.sqrt(usual[near.rows, None] * usual[near.neighbours])  # (n, k)
        closeness = np.divide(near.distances, around, out=np.zeros_like(around), where=around > 0)
        full = closeness.max(axis=1) <= CLOSENESS
        parts.append(_selected(near, closeness))
        if not full.any() or k == len(numbers) - 1:
            break
        k = min(k * _GROWTH, len(numbers) - 1)
        near = _nearest(collection, numbers, near.rows[full], k, progress)
    return _once(numbers, np.concatenate(parts))


def _nearest(
    collection: Collection, numbers: Int64Array, rows: Int64Array, k: int, progress: Progress
) -> _Near:
    """Find the k nearest of all compared rows for some of them, themselves left out."""
    chosen = np.zeros(collection.rows, dtype=np.bool_)
    chosen[numbers] = True
    asked = np.zeros(collection.rows, dtype=np.bool_)
    asked[numbers[rows]] = True
    found: list[Int64Array] = []
    distances: list[Float64Array] = []
    done = 0
    for queries in _joined(blocks(collection, asked), _QUERIES_AT_ONCE):
        own = rows[done : done + len(queries), None]  # (q, 1)
        parts = _joined(blocks(collection, chosen), _BLOCK_ROWS)
        matches = exact_search(parts, queries, k + 1)
        # The row itself comes last in this order; of k + 1 equal vectors it may be missing.
        order = np.argsort(matches.rows == own, axis=1, kind="stable")[:, :k]
        found.append(np.take_along_axis(matches.rows, order, axis=1))
        scores = np.take_along_axis(matches.scores, order, axis=1)
        distances.append(np.maximum(1 - scores.astype(np.float64), 0))
        done += len(queries)
        progress(done, len(rows))
    return _Near(rows, np.concatenate(found), np.concatenate(distances))


def _selected(near: _Near, closeness: Float64Array) -> Float64Array:
    at, place = np.nonzero(closeness <= CLOSENESS)
    ends = near.rows[at], near.neighbours[at, place]
    return np.stack([np.minimum(*ends), np.maximum(*ends), closeness[at, place]], axis=1)


def _once(numbers: Int64Array, found: Float64Array) -> Int64Array:
    low, high = found[:, 0].astype(np.int64), found[:, 1].astype(np.int64)
    _, at = np.unique(low * len(numbers) + high, return_index=True)
    at = at[np.lexsort((high[at], low[at], found[at, 2]))]
    return np.stack([numbers[low[at]], numbers[high[at]]], axis=1)


def _joined(parts: Iterable[FloatArray], rows: int) -> Iterator[Float32Array]:
    """Yield the same vectors in blocks of `rows` or a little more, as float32."""
    waiting: list[FloatArray] = []
    for part in parts:
        waiting.append(part)
        if sum(map(len, waiting)) >= rows:
            yield np.concatenate(waiting).astype(np.float32, copy=False)
            waiting = []
    if waiting:
        yield np.concatenate(waiting).astype(np.float32, copy=False)
