"""Nearest rows by cosine, exactly, over the mapped blocks of a collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from artvec.core.results import Matches
from artvec.core.types import Float32Array, Int64Array
from artvec.vector_search.gpu import MOST_NEIGHBOURS, gpu_resources, joined_blocks, nearest_on_gpus
from artvec.vector_search.vectors import lengths, unit_rows

_MANY_QUERIES = 256
"""From here on FAISS's kernel beats one matrix product per block; both are exact."""

_MOST_PRODUCTS = 1 << 24
"""Products of rows and queries held at once: 67 MB."""


def exact_search(blocks: Iterable[np.ndarray[Any, Any]], queries: Float32Array, k: int) -> Matches:
    """Return the k most similar rows of each query, best first, ties by row number.

    A few queries are multiplied with one block after another; many go to the GPUs (k up to
    2,048), or through FAISS's kernel.

    Args:
        blocks: (n, dim) vectors as emitted, not normalised, in row order; float16 is widened.
        queries: (Q, dim), not normalised.
        k: At least 1. Fewer come back where there are fewer rows: the rest is row -1, score -inf.

    Raises:
        ValueError: k is less than 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    units = unit_rows(queries)
    nearest = _Nearest(len(units), k)
    if len(units) < _MANY_QUERIES:
        for block in blocks:
            scores = _cosines(block, units)
            if nearest.beats(scores):
                nearest.skip(len(block))
            else:
                nearest.add(*_best(scores, min(k, len(block))), len(block))
    elif k <= MOST_NEIGHBOURS and (gpus := gpu_resources()):
        for block in joined_blocks(blocks):
            nearest.add(*nearest_on_gpus(gpus, block, units, min(k, len(block))), len(block))
    else:
        for block in _parts(blocks, max(1, _MOST_PRODUCTS // len(units))):
            nearest.add(*_faiss_block(block, units, min(k, len(block))), len(block))
    return Matches(nearest.rows, nearest.scores)


def _parts(blocks: Iterable[np.ndarray[Any, Any]], rows: int) -> Iterator[np.ndarray[Any, Any]]:
    """Cut blocks into parts of at most so many rows; empty ones are passed over."""
    for block in blocks:
        for first in range(0, len(block), rows):
            yield block[first : first + rows]


class _Nearest:
    """The k nearest rows of every query among the blocks so far, best first.

    Attributes:
        rows: (Q, k), -1 where there are fewer.
        scores: (Q, k), -inf there.
        floors: (Q,) scores that a row must exceed to be among them.
    """

    def __init__(self, queries: int, k: int) -> None:
        self.rows = np.full((queries, k), -1, dtype=np.int64)
        self.scores = np.full((queries, k), -np.inf, dtype=np.float32)
        self.floors = np.full(queries, -np.inf, dtype=np.float32)
        self._first = 0

    def beats(self, scores: Float32Array) -> bool:
        """Say whether no row of the next block, with (Q, n) scores, can be among the nearest.

        One that ties with the last of them comes after it.
        """
        return bool((scores.max(axis=1, initial=-np.inf) <= self.floors).all())

    def skip(self, block_rows: int) -> None:
        """Pass over the next block."""
        self._first += block_rows

    def add(self, rows: Int64Array, scores: Float32Array, block_rows: int) -> None:
        """Add (Q, m) rows of the next block; FAISS writes -1 where it finds none."""
        scores = np.where(rows >= 0, scores, np.float32(-np.inf))
        rows = np.where(rows >= 0, rows + self._first, -1)
        scores = np.concatenate([self.scores, scores], axis=1)
        rows = np.concatenate([self.rows, rows], axis=1)
        order = np.lexsort((rows, -scores), axis=1)[:, : self.rows.shape[1]]
        self.rows = np.take_along_axis(rows, order, 1)
        self.scores = np.take_along_axis(scores, order, 1)
        self.floors = self.scores[:, -1]
        self._first += block_rows


def _cosines(block: np.ndarray[Any, Any], queries: Float32Array) -> Float32Array:
    """Return (Q, n) by a matrix product, dividing by row lengths instead of copying rows."""
    wide = np.asarray(block, dtype=np.float32)
    norms = lengths(wide)  # (n,)
    # For one query BLAS gains nothing by its threads, which wait for a busy core.
    products = np.vecdot(wide, queries[0])[:, None] if len(queries) == 1 else wide @ queries.T
    cosines: Float32Array = np.divide(
        products, norms[:, None], out=products, where=norms[:, None] > 0
    )
    return cosines.T


def _best(scores: Float32Array, k: int) -> tuple[Int64Array, Float32Array]:
    """Return the (Q, k) best rows of (Q, n) scores, in any order, and their scores."""
    if k == scores.shape[1]:
        rows = np.broadcast_to(np.arange(k, dtype=np.int64), scores.shape)
        return rows, scores
    order = np.argpartition(-scores, (k - 1, k), axis=1)[:, : k + 1]  # (Q, k + 1)
    rows = order[:, :k]
    last, next_best = (np.take_along_axis(scores, order[:, at : at + 1], 1) for at in (k - 1, k))
    for query in np.flatnonzero(last == next_best):  # the k-th place is shared: lowest rows first
        rows[query] = np.argsort(-scores[query], kind="stable")[:k]
    return rows, np.take_along_axis(scores, rows, axis=1)


def _faiss_block(
    block: np.ndarray[Any, Any], queries: Float32Array, k: int
) -> tuple[Int64Array, Float32Array]:
    import faiss

    scores, rows = faiss.knn(queries, unit_rows(block), k, metric=faiss.METRIC_INNER_PRODUCT)
    return rows, scores
