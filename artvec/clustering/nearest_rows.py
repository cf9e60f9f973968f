"""The nearest other rows of every row, exactly: for densities, outliers and maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artvec.core.types import Float32Array, Int64Array


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The k nearest other rows of each row, nearest first; k may be less than was asked for.

    Attributes:
        rows: (N, k) int64.
        distances: (N, k) float32, Euclidean.
    """

    rows: Int64Array
    distances: Float32Array

    def kth_distances(self, k: int) -> Float32Array:
        """Return (N,) distances to the k-th other row, or the last there is; 0 without one."""
        if not self.distances.shape[1]:
            return np.zeros(len(self.distances), dtype=np.float32)
        return self.distances[:, min(k, self.distances.shape[1]) - 1]


def neighbours(points: Float32Array, k: int) -> Neighbours:
    """Return the k nearest other rows of every row, over all pairs in blocks.

    Args:
        points: (N, d), N ≥ 1.
        k: At most N - 1 are returned.
    """
    from sklearn.neighbors import NearestNeighbors

    k = min(k, len(points) - 1)
    if not k:
        nothing = np.empty((len(points), 0))
        return Neighbours(nothing.astype(np.int64), nothing.astype(np.float32))
    distances, rows = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points).kneighbors()
    return Neighbours(rows.astype(np.int64), distances.astype(np.float32))
