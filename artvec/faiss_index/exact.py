"""Nearest rows by cosine, exactly, over the mapped blocks of a collection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from artvec.types import Float32Array, Float64Array, Int64Array, Matches

_MANY_QUERIES = 256
"""From here on FAISS's kernel beats one matrix product per block; both are exact."""

_LEAST_SQUARE, _MOST_SQUARE = 1e-25, 1e35


def unit_rows(vectors: np.ndarray[Any, Any]) -> Float32Array:
    """Return a copy of (N, dim) vectors at length 1; a zero vector stays zero."""
    wide = np.asarray(vectors, dtype=np.float32)
    norms = lengths(wide)
    inverse = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
    units: Float32Array = wide * inverse[:, None].astype(np.float32)
    return units


def exact_search(blocks: Iterable[np.ndarray[Any, Any]], queries: Float32Array, k: int) -> Matches:
    """Return the k most similar rows of each query, best first, ties by row number.

    Args:
        blocks: (n, dim) vectors as emitted, not normalised, in row order; float16 is widened.
        queries: (Q, dim), not normalised.
        k: Fewer come back where there are fewer rows: the rest is row -1, score -inf.
    """
    queries = unit_rows(queries)
    nearest = _faiss_block if len(queries) >= _MANY_QUERIES else _product_block
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    rows = np.full((len(queries), k), -1, dtype=np.int64)
    first = 0
    for block in blocks:
        block_rows, block_scores = nearest(block, queries, min(k, len(block)))
        scores, rows = _best(
            np.concatenate([scores, block_scores], axis=1),
            np.concatenate([rows, block_rows + first], axis=1),
            k,
        )
        first += len(block)
    return Matches(rows, scores)


def _product_block(
    block: np.ndarray[Any, Any], queries: Float32Array, k: int
) -> tuple[Int64Array, Float32Array]:
    """Score one block by a matrix product, dividing by row lengths instead of copying rows."""
    wide = np.asarray(block, dtype=np.float32)
    norms = lengths(wide)  # (n,)
    # For one query BLAS gains nothing by its threads, which wait for a busy core.
    products = np.vecdot(wide, queries[0])[:, None] if len(queries) == 1 else wide @ queries.T
    scores = np.divide(products, norms[:, None], out=products, where=norms[:, None] > 0).T
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

    metric = faiss.METRIC_INNER_PRODUCT
    if getattr(faiss, "get_num_gpus", lambda: 0)() > 0:
        resources = faiss.StandardGpuResources()
        scores, rows = faiss.knn_gpu(resources, queries, unit_rows(block), k, metric=metric)
    else:
        scores, rows = faiss.knn(queries, unit_rows(block), k, metric=metric)
    return rows, scores


def lengths(vectors: Float32Array) -> Float64Array:
    """Return the (N,) lengths of (N, dim) vectors.

    Sums in single precision are 12 times as fast, and right to 1e-6 but near its limits.
    """
    with np.errstate(over="ignore"):
        squares = np.vecdot(vectors, vectors)  # (N,)
    lengths: Float64Array = np.sqrt(squares, dtype=np.float64)
    odd = ~((squares > _LEAST_SQUARE) & (squares < _MOST_SQUARE))
    if odd.any():
        few = vectors[odd]
        lengths[odd] = np.sqrt(np.einsum("ij,ij->i", few, few, dtype=np.float64))
    return lengths


def _best(scores: Float32Array, rows: Int64Array, k: int) -> tuple[Float32Array, Int64Array]:
    order = np.lexsort((rows, -scores), axis=1)[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(rows, order, axis=1)
