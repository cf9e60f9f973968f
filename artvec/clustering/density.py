"""HDBSCAN: clusters are where rows lie dense; what lies in no dense place is noise."""

from __future__ import annotations

import math

import numpy as np

from artvec.clustering.assignment import NOISE, Assignment, numbered
from artvec.clustering.mutual_reachability import SpanningTree, spanning_tree
from artvec.clustering.nearest_rows import Neighbours
from artvec.core.progress import Progress, silent
from artvec.core.types import Float32Array

MIN_SAMPLES = 2
"""Source: docs/decisions.md; more leaves more rows out as noise."""
_LEAST_WEIGHT = 1e-12
"""Stands for 0: a sparse graph has no edge there."""


def default_min_cluster_size(rows: int) -> int:
    """Return half the square root of the number of rows, at least 5.

    5 up to 100 rows, 16 at 1,000, 50 at 10,000, 122 at 60,000.
    """
    return max(5, round(math.sqrt(rows) / 2))


def density_clusters(
    points: Float32Array,
    near: Neighbours,
    min_cluster_size: int,
    progress: Progress = silent,
) -> Assignment:
    """Group rows by HDBSCAN*, excess of mass; outlier scores are GLOSH.

    The spanning tree is this room's, the hierarchy over it is the hdbscan package's; labels equal
    those of `hdbscan.HDBSCAN(min_cluster_size, min_samples)` on the points, ties aside.

    Args:
        points: (N, d), N ≥ 1.
        near: Of the points, with at least `MIN_SAMPLES` (or all other rows) each.
        min_cluster_size: Fewer rows are no cluster; `min_samples` is 2.
        progress: Told of rows in the spanning tree.

    Source: Campello, Moulavi, Zimek and Sander 2015 (GLOSH: section 5); McInnes, Healy and
    Astels 2017.
    """
    count = len(points)
    core = near.kth_distances(min(MIN_SAMPLES, min_cluster_size))
    if count < 2 or count < min_cluster_size:
        nothing = np.zeros(count, dtype=np.float32)
        return Assignment(np.full(count, NOISE, dtype=np.int32), nothing, nothing.copy())
    return _hierarchy(spanning_tree(points, core, progress), min_cluster_size)


def _hierarchy(tree: SpanningTree, min_cluster_size: int) -> Assignment:
    from hdbscan import HDBSCAN
    from scipy import sparse

    count = len(tree.ends) + 1
    weights = np.maximum(tree.weights, _LEAST_WEIGHT)
    graph = sparse.coo_array((weights, tree.ends.T), shape=(count, count))
    model = HDBSCAN(metric="precomputed", min_samples=1, min_cluster_size=min_cluster_size)
    model.fit(sparse.csr_matrix(graph + graph.T))
    return Assignment(
        numbered(model.labels_.astype(np.int64)),
        np.clip(np.nan_to_num(model.probabilities_), 0, 1).astype(np.float32),
        np.clip(np.nan_to_num(model.outlier_scores_), 0, 1).astype(np.float32),
    )
