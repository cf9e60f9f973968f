"""The minimum spanning tree of mutual reachability, over all pairs, without holding them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artvec.progress import Progress, silent
from artvec.types import Float32Array, Float64Array, Int64Array

_TOLD_EVERY = 1024


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
    points: Float32Array, core: Float32Array, progress: Progress = silent
) -> SpanningTree:
    """Return the minimum spanning tree of max(distance, both core distances); exact.

    Prim's algorithm: a row joins, its distances to all rows outside are one product of matrix and
    vector in single precision, and the nearest joins next. Weights are computed again in double
    precision; edges that differ by less than single precision tells may change places, as ties.
    A tree over space (as hdbscan's) prunes next to nothing in 50 dimensions: at 20,000 rows this
    is six times faster.

    Args:
        points: (N, d), N ≥ 1, around 0.
        core: (N,) core distances.
        progress: Told of rows in the tree.

    Source: Prim 1957; mutual reachability: Campello, Moulavi and Sander 2013.
    """
    ends = _grow(points, core.astype(np.float32) ** 2, progress)
    lengths = np.concatenate(
        [_lengths(points, ends[at : at + 65536]) for at in range(0, max(1, len(ends)), 65536)]
    )
    weights = np.maximum(lengths, core.astype(np.float64)[ends].max(axis=1, initial=0.0))
    return SpanningTree(ends, weights)


def _grow(points: Float32Array, core2: Float32Array, progress: Progress) -> Int64Array:
    """Return the edges; all distances here are squared.

    Rows outside the tree are kept together at the front of every array: the one that joins gives
    its place to the last.
    """
    count, dim = points.shape
    outside = np.concatenate([-2.0 * points, np.vecdot(points, points)[:, None]], axis=1)
    newest = np.ones(dim + 1, dtype=np.float32)  # so that one product gives |y|² - 2xy
    rows = np.arange(count)
    nearest = np.zeros(count, dtype=np.int64)
    best, distance = np.full(count, np.inf, dtype=np.float32), np.empty(count, dtype=np.float32)
    core2, closer = core2.copy(), np.empty(count, dtype=np.bool_)
    ends = np.empty((count - 1, 2), dtype=np.int64)
    at = 0
    for left in range(count - 1, 0, -1):
        row, own_core2, square = rows[at], core2[at], outside[at, dim]
        newest[:dim] = points[row]
        for array in (outside, rows, nearest, best, core2):
            array[at] = array[left]
        new, old = distance[:left], best[:left]
        np.dot(outside[:left], newest, out=new)
        new += square
        np.maximum(new, core2[:left], out=new)
        np.maximum(new, own_core2, out=new)
        np.less(new, old, out=closer[:left])
        np.minimum(new, old, out=old)
        np.copyto(nearest[:left], row, where=closer[:left])
        at = int(old.argmin())
        ends[count - 1 - left] = nearest[at], rows[at]
        if left % _TOLD_EVERY == 0:
            progress(count - left, count)
    return ends


def _lengths(points: Float32Array, ends: Int64Array) -> Float64Array:
    differences = points[ends[:, 0]].astype(np.float64) - points[ends[:, 1]]
    lengths: Float64Array = np.linalg.norm(differences, axis=1)
    return lengths
