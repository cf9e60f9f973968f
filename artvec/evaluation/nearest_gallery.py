"""The nearest gallery rows of every query, without its own row, or without its whole group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artvec.core.progress import Progress, silent
from artvec.core.results import Matches
from artvec.core.types import Float32Array, Int64Array
from artvec.evaluation.vectors import Vectors
from artvec.vector_search import exact_search, unit_rows

_BLOCK_ROWS = 16_384
_BLOCK_QUERIES = 256
"""256 queries × 60,000 gallery rows are 61 MB of similarities."""


def nearest(vectors: Vectors, own_places: Int64Array, k: int) -> Matches:
    """Return the k nearest gallery rows of each query by cosine, its own row left out by its id.

    Args:
        vectors: As emitted.
        own_places: (Q,) place of the query's own row in the gallery, or -1.
        k: Where fewer rows are left, the last places are -1 with score -inf.

    Returns:
        Places in the gallery, not row numbers of the collection.
    """
    found = exact_search(_pieces(vectors.gallery), vectors.queries, k + 1)
    own = found.rows == own_places[:, None]  # (Q, k + 1)
    own[own_places < 0] = False
    order = np.argsort(own, axis=1, kind="stable")[
        :, :k
    ]  # the own row last, the others as they are
    return Matches(
        np.take_along_axis(found.rows, order, axis=1),
        np.take_along_axis(found.scores, order, axis=1),
    )


def nearest_in_other_groups(
    vectors: Vectors,
    gallery_groups: Int64Array,
    query_groups: Int64Array,
    k: int,
    progress: Progress = silent,
) -> Matches:
    """Return the k nearest gallery rows that are not of the query's own group, exactly.

    Args:
        vectors: As emitted.
        gallery_groups: (G,).
        query_groups: (Q,).
        k: Where fewer rows are left, the last places are -1 with score -inf.
        progress: Called with queries done and to do.
    """
    gallery = unit_rows(vectors.gallery)
    queries = unit_rows(vectors.queries)
    rows = np.full((len(queries), k), -1, dtype=np.int64)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    depth = min(k, len(gallery))
    for first in range(0, len(queries), _BLOCK_QUERIES):
        block = slice(first, first + _BLOCK_QUERIES)
        similarities = queries[block] @ gallery.T  # (B, G)
        similarities[query_groups[block, None] == gallery_groups] = -np.inf
        places, best = _best(similarities, depth)
        rows[block, :depth] = np.where(best > -np.inf, places, -1)
        scores[block, :depth] = best
        progress(min(first + _BLOCK_QUERIES, len(queries)), len(queries))
    return Matches(rows, scores)


def _best(similarities: Float32Array, k: int) -> tuple[Int64Array, Float32Array]:
    places = np.argpartition(-similarities, k - 1, axis=1)[:, :k]
    best = np.take_along_axis(similarities, places, axis=1)
    order = np.lexsort((places, -best), axis=1)
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(best, order, axis=1)


def _pieces(gallery: Float32Array) -> Iterator[Float32Array]:
    for first in range(0, len(gallery), _BLOCK_ROWS):
        yield gallery[first : first + _BLOCK_ROWS]
