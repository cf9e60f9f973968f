"""k-means and Ward's agglomeration: every row belongs to one of K clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from scipy import sparse

from artvec.clustering.assignment import Assignment, numbered
from artvec.clustering.nearest_rows import Neighbours
from artvec.core.progress import Progress, silent
from artvec.core.types import Float32Array, Float64Array, Int32Array, Int64Array

STARTS = 10
WARD_ROWS = 10_000
"""Up to so many rows Ward looks at all pairs (0.8 GB); above only at neighbouring rows."""
GRAPH_NEIGHBOURS = 15
_OUTLIER_NEIGHBOUR = 10
_MOST_CLUSTERS = 20
_JUDGED_ROWS = 2000

Cut = Callable[[int], Int64Array]
"""Number of clusters → (N,) labels."""


def kmeans_cut(points: Float32Array, seed: int) -> Cut:
    """Return k-means for any K: the best of 10 starts, seeded.

    Source: scikit-learn's `KMeans` (Lloyd's iterations from k-means++ starts), which is three
    times as fast as FAISS's at K = 10.
    """
    from sklearn.cluster import KMeans

    def cut(clusters: int) -> Int64Array:
        model = KMeans(clusters, n_init=STARTS, random_state=seed).fit(points)
        labels: Int64Array = model.labels_.astype(np.int64)
        return labels

    return cut


def ward_cut(points: Float32Array, near: Neighbours) -> Cut:
    """Return Ward's hierarchy, cut at any K.

    Args:
        points: (N, d).
        near: Above `WARD_ROWS` rows only clusters with neighbouring rows merge.

    Source: Ward 1963; `scipy.cluster.hierarchy.ward`, and scikit-learn's `ward_tree` with
    connectivity.
    """
    merges = _ward_all_pairs(points) if len(points) <= WARD_ROWS else _ward_graph(points, near)
    return lambda clusters: _cut(merges, len(points), clusters)


def judged_rows(rows: int) -> slice:
    """Return every n-th row, so that 2,000 at most are left to choose K by."""
    return slice(None, None, max(1, -(-rows // _JUDGED_ROWS)))


def choose(
    cut: Cut, points: Float32Array, n_labels: int, progress: Progress = silent
) -> tuple[int, str]:
    """Return K where none was asked for, and why.

    The number of labels where there are two or more, and rows enough for two a cluster; else of 2
    to 20 that with the highest mean silhouette, the least of equals.

    Args:
        cut: Of the rows that K is judged by.
        points: (N, d), of all rows.
        n_labels: In the collection.
        progress: Told of K.
    """
    if 2 <= n_labels <= len(points) // 2:
        return n_labels, f"{n_labels} clusters, because there are {n_labels} labels"
    points = points[judged_rows(len(points))]
    different = len(np.unique(points, axis=0))
    range_of_k = range(2, min(_MOST_CLUSTERS, len(points) - 1, different) + 1)
    best = max(_judged(cut, points, range_of_k, progress), default=(0.0, -1))
    found = -best[1]
    many = f"; {n_labels} labels leave fewer than two rows a cluster" if n_labels >= 2 else ""
    if found == 1:
        return 1, f"1 cluster, because too few rows differ{many}"
    return found, f"{found} clusters, because of 2 to 20 they have the highest silhouette{many}"


def assigned(points: Float32Array, labels: Int64Array, near: Neighbours) -> Assignment:
    """Return clusters with memberships and outlier scores.

    Membership is that of fuzzy c-means with exponent 2: 1/d² to the own cluster's mean over the
    sum of 1/d² to all means. The outlier score is GLOSH's 1 - λ(row) / λ(densest of its cluster),
    λ being 1 over the distance to the 10th other row.

    Source: Bezdek 1981; Campello, Moulavi, Zimek and Sander 2015.
    """
    clusters = numbered(labels)
    return Assignment(clusters, _memberships(points, clusters), _outlier_scores(clusters, near))


def _judged(
    cut: Cut, points: Float32Array, range_of_k: Iterable[int], progress: Progress
) -> Iterable[tuple[float, int]]:
    from sklearn.metrics import silhouette_score

    for clusters in range_of_k:
        labels = cut(clusters)
        if 1 < len(np.unique(labels)) < len(labels):
            yield float(silhouette_score(points, labels)), -clusters
        progress(clusters, _MOST_CLUSTERS)


def _ward_all_pairs(points: Float32Array) -> Int64Array:
    from scipy.cluster.hierarchy import ward

    if len(points) < 2:
        return np.empty((0, 2), dtype=np.int64)
    merges: Int64Array = ward(points.astype(np.float64))[:, :2].astype(np.int64)
    return merges


def _ward_graph(points: Float32Array, near: Neighbours) -> Int64Array:
    from sklearn.cluster import ward_tree

    rows, k = near.rows.shape
    starts = np.arange(rows + 1) * k
    graph = sparse.csr_matrix((np.ones(rows * k), near.rows.ravel(), starts), shape=(rows, rows))
    merges: Int64Array = ward_tree(points, connectivity=graph)[0].astype(np.int64)
    return merges


def _cut(merges: Int64Array, rows: int, clusters: int) -> Int64Array:
    """Undo the last merges of a hierarchy until so many clusters are left."""
    used_merges = merges[: rows - clusters]
    parents = rows + np.arange(len(used_merges))
    ends = np.concatenate([used_merges[:, 0], used_merges[:, 1]]), np.tile(parents, 2)
    nodes = 2 * rows - 1
    graph = sparse.coo_array((np.ones(len(ends[0])), ends), shape=(nodes, nodes))
    labels: Int64Array = sparse.csgraph.connected_components(graph, directed=False)[1][:rows]
    return labels.astype(np.int64)


def _memberships(points: Float32Array, clusters: Int32Array) -> Float32Array:
    means = np.stack([points[clusters == c].mean(axis=0) for c in range(clusters.max() + 1)])
    own = np.arange(len(points)), clusters
    squares = _squared_distances(points, means)  # (N, C)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1.0 / squares
        shares = inverse[own] / inverse.sum(axis=1)
    return np.where(squares[own] == 0, 1.0, shares).astype(np.float32)


def _squared_distances(points: Float32Array, means: Float32Array) -> Float64Array:
    a, b = points.astype(np.float64), means.astype(np.float64)
    squares: Float64Array = np.vecdot(a, a)[:, None] + np.vecdot(b, b) - 2.0 * (a @ b.T)
    return np.maximum(squares, 0.0, out=squares)


def _outlier_scores(clusters: Int32Array, near: Neighbours) -> Float32Array:
    distances = near.kth_distances(_OUTLIER_NEIGHBOUR).astype(np.float64)
    densest = np.full(clusters.max() + 1, np.inf)
    np.minimum.at(densest, clusters, distances)
    ratio = np.divide(
        densest[clusters], distances, out=np.ones(len(distances)), where=distances > 0
    )
    return (1.0 - ratio).astype(np.float32)
