"""The minimum spanning tree of mutual reachability, over all pairs, without holding them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artvec.core.progress import Progress, silent
from artvec.core.types import Float32Array, Float64Array, FloatArray, Int64Array

_ROWS = 65_536
_CLEARED_EVERY = 1024
"""Rows that join before those inside are dropped from the arrays."""


@dataclass(frozen=True, slots=True)
class SpanningTree:
    """Edges in the order in which the tree grew from row 0.

    Attributes:
        ends: (N - 1, 2) int64, a row of the tree and the row that was joined to it.
        weights: (N - 1,) float64, mutual reachability distances.
    """

    ends: Int64Array
    weights: Float64Array


def spanning_tree(
    points: Float32Array, core: FloatArray, progress: Progress = silent
) -> SpanningTree:
    """Return the minimum spanning tree of max(distance, both core distances); exact.

    Prim's algorithm: a row joins, its distances to all rows outside are one product of matrix and
    vector in single precision, and the nearest (of equals the first) joins next. Weights are
    computed again in double precision; edges that differ by less than single precision tells may
    change places, as ties. A tree over space (as hdbscan's) prunes next to nothing in 50
    dimensions: at 20,000 rows this is six times faster.

    Args:
        points: (N, d), N ≥ 1, around 0.
        core: (N,) core distances.
        progress: Told of rows in the tree.

    Source: Prim 1957; mutual reachability: Campello, Moulavi and Sander 2013.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # of two threads one always waits where a core is shared
        ends = _grow(points, core.astype(np.float32) ** 2, progress)
    weights = core.astype(np.float64)[ends].max(axis=1, initial=0.0)
    for first in range(0, len(ends), _ROWS):
        part = slice(first, first + _ROWS)
        a, b = points[ends[part]].astype(np.float64).swapaxes(0, 1)
        weights[part] = np.maximum(weights[part], np.linalg.norm(a - b, axis=1))
    return SpanningTree(ends, weights)


def _grow(points: Float32Array, core2: Float32Array, progress: Progress) -> Int64Array:
    """Return the edges; all distances here are squared."""
    count, dim = points.shape
    rows = np.arange(count)
    outside = np.concatenate([-2.0 * points, np.vecdot(points, points)[:, None]], axis=1)
    newest = np.ones(dim + 1, dtype=np.float32)  # so that one product gives |y|² - 2xy
    best = np.full(count, np.inf, dtype=np.float32)
    nearest = np.zeros(count, dtype=np.int64)
    ends = np.empty((count - 1, 2), dtype=np.int64)
    at = 0
    for done in range(count - 1):
        row, square, own_core2 = rows[at], outside[at, dim], core2[at]
        newest[:dim] = points[row]
        best[at], core2[at] = np.inf, np.inf  # inside: never nearest again
        new = outside @ newest
        new += square
        np.maximum(new, core2, out=new)
        np.maximum(new, own_core2, out=new)
        np.copyto(nearest, row, where=new < best)
        np.minimum(new, best, out=best)
        at = int(best.argmin())
        ends[done] = nearest[at], rows[at]
        if done % _CLEARED_EVERY == 0:
            progress(done, count)
            left = np.isfinite(core2)
            at = int(left[:at].sum())
            rows, nearest, outside = rows[left], nearest[left], outside[left]
            best, core2 = best[left], core2[left]
    return ends
