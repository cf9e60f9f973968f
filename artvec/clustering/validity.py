"""Quality of a grouping from the points alone: DBCV, Davies-Bouldin, Calinski-Harabasz."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from artvec.clustering.mutual_reachability import SpanningTree, spanning_tree
from artvec.core.progress import Progress, silent
from artvec.core.types import Float32Array, Float64Array, Int32Array, Int64Array

_PAIRS = 1 << 22
"""Pairs of a block: 32 MB in double precision."""
_COINCIDENT = 1e-13
"""Squared distances below this share of both squared lengths are rounding of 0."""


@dataclass(frozen=True, slots=True)
class _Cluster:
    """A cluster as DBCV sees it.

    Attributes:
        points: (n, d) float32, its internal rows.
        core: (n,) float64, their all-points core distances.
        sparseness: The longest edge between internal rows.
        size: All its rows.
    """

    points: Float32Array
    core: Float64Array
    sparseness: float
    size: int


def dbcv(points: Float32Array, clusters: Int32Array, progress: Progress = silent) -> float | None:
    """Return density-based cluster validity: are clusters denser inside than between?

    In [-1, 1], higher is better: the mean over clusters, weighted by size over all rows (noise
    counts as 0), of (separation - sparseness) / the larger of both. Exact, over all pairs in
    blocks. Core distances are added up as logarithms: dist^-50 overflows.

    Args:
        points: (N, d).
        clusters: (N,), -1 is noise.
        progress: Told of rows.

    Returns:
        None where there are fewer than two clusters.

    Source: Moulavi, Jaskowiak, Campello, Zimek and Sander 2014; what the paper leaves open
    (copies, ties, clusters of two) is as in the hdbscan package, which this equals.
    """
    count = int(clusters.max(initial=-1)) + 1
    if count < 2:
        return None
    inner, done = [], 0
    for cluster in range(count):
        members = points[clusters == cluster]
        inner.append(_cluster(members))
        done += len(members)
        progress(done, len(points))
    total = 0.0
    for found, separation in zip(inner, _separations(inner), strict=True):
        larger = max(separation, found.sparseness)
        validity = (separation - found.sparseness) / larger if larger > 0 else 0.0
        total += validity * found.size / len(points)
    return total


def davies_bouldin(points: Float32Array, clusters: Int32Array) -> float | None:
    """Return the mean over clusters of the worst ratio of spread to distance; noise left out.

    0 or more, lower is better. None where there are fewer than two clusters, or two have one mean.

    Source: Davies and Bouldin 1979.
    """
    means, sizes = _means(points, clusters)
    if len(means) < 2:
        return None
    members = clusters >= 0
    distances = np.linalg.norm(points[members] - means[clusters[members]], axis=1)
    spread = np.bincount(clusters[members], distances) / sizes
    apart = np.linalg.norm(means[:, None] - means, axis=2)
    np.fill_diagonal(apart, np.inf)
    if not apart.min():
        return None
    return float(((spread[:, None] + spread) / apart).max(axis=1).mean())


def calinski_harabasz(points: Float32Array, clusters: Int32Array) -> float | None:
    """Return variance between clusters over variance within, per degree of freedom; no noise.

    0 or more, higher is better. None where there are fewer than two clusters, as many as rows, or
    no variance within.

    Source: Caliński and Harabasz 1974.
    """
    means, sizes = _means(points, clusters)
    members = clusters >= 0
    count, clustered = len(means), int(members.sum())
    if not 2 <= count < clustered:
        return None
    centre = points[members].mean(axis=0, dtype=np.float64)
    between = float(sizes @ np.square(means - centre).sum(axis=1))
    within = float(np.square(points[members] - means[clusters[members]]).sum())
    return between / within * (clustered - count) / (count - 1) if within else None


def _means(points: Float32Array, clusters: Int32Array) -> tuple[Float64Array, Int64Array]:
    """Return (C, d) means and (C,) sizes."""
    groups = [points[clusters == cluster] for cluster in range(clusters.max(initial=-1) + 1)]
    means = [group.mean(axis=0, dtype=np.float64) for group in groups]
    return np.array(means), np.array([len(group) for group in groups], dtype=np.int64)


def _cluster(points: Float32Array) -> _Cluster:
    core = _core_distances(points)
    tree = spanning_tree(points, core)
    ends = np.column_stack([_first_of_equals(points, core, tree), tree.ends[:, 1]])
    internal = np.bincount(ends.ravel(), minlength=len(points)) > 1
    chosen = internal[ends].all(axis=1)
    weights = tree.weights[chosen] if chosen.any() else tree.weights
    if not internal.any():
        internal[0] = True
    sparseness = float(weights.max(initial=0.0))
    return _Cluster(points[internal], core[internal], sparseness, len(points))


def _core_distances(points: Float32Array) -> Float64Array:
    """Return (n,) all-points core distances: (mean over the other rows of 1/dist^d) ^ (-1/d)."""
    count, dim = points.shape
    core = np.zeros(count)
    for part, distances in _pairs(points, np.arange(count)):
        terms = np.full(distances.shape, -np.inf)
        np.log(distances, out=terms, where=distances > 0)
        terms[distances > 0] *= -dim
        largest = terms.max(axis=1)
        there = np.isfinite(largest)  # somebody lies elsewhere
        total = np.log(np.exp(terms[there] - largest[there, None]).sum(axis=1)) + largest[there]
        core[part.start : part.stop][there] = np.exp((np.log(max(count - 1, 1)) - total) / dim)
    return core


def _first_of_equals(points: Float32Array, core: Float64Array, tree: SpanningTree) -> Int64Array:
    """Return for every edge the first row of the tree from which it is as long.

    Mutual reachability has many ties, and which rows are internal hangs on them.
    """
    joined = tree.ends[:, 1]
    turn = np.zeros(len(points), dtype=np.int64)
    turn[joined] = np.arange(1, len(points))
    first = np.empty(len(joined), dtype=np.int64)
    for part, distances in _pairs(points, joined):
        rows, weights = joined[part], tree.weights[part, None]
        reach = np.maximum(np.maximum(distances, core), core[rows, None])
        equal = np.isclose(reach, weights) & (turn < turn[rows, None])
        first[part] = equal.argmax(axis=1)
    return first


def _pairs(points: Float32Array, rows: Int64Array) -> Iterator[tuple[slice, Float64Array]]:
    """Yield (n, N) distances of some rows to all, block by block; copies have distance 0."""
    wide = points.astype(np.float64)
    squares = np.vecdot(wide, wide)
    block = max(1, _PAIRS // len(points))
    for first in range(0, len(rows), block):
        part = slice(first, min(first + block, len(rows)))
        some = rows[part]
        scale = squares[some, None] + squares
        distances2 = scale - 2.0 * (wide[some] @ wide.T)
        distances2[distances2 <= _COINCIDENT * scale] = 0.0
        yield part, np.sqrt(distances2)


def _separations(clusters: Sequence[_Cluster]) -> Float64Array:
    """Return (C,) the least mutual reachability to internal rows of any other cluster."""
    points = np.concatenate([cluster.points for cluster in clusters])
    core = np.concatenate([cluster.core for cluster in clusters])
    sizes = [len(cluster.points) for cluster in clusters]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    least = np.full((len(clusters), len(clusters)), np.inf)
    squares = np.vecdot(points, points)
    block = max(1, _PAIRS // len(points))
    for at, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        for first in range(start, start + size, block):
            part = slice(first, min(first + block, start + size))
            reach = squares[part, None] + squares[start:] - 2.0 * (points[part] @ points[start:].T)
            np.sqrt(np.maximum(reach, 0.0, out=reach), out=reach)
            np.maximum(reach, core[part, None], out=reach)
            np.maximum(reach, core[start:], out=reach)
            nearest = np.minimum.reduceat(reach.min(axis=0), starts[at:] - start)
            least[at, at:] = np.minimum(least[at, at:], nearest)
    np.fill_diagonal(least, np.inf)
    separations: Float64Array = np.minimum(least, least.T).min(axis=1)
    return separations
