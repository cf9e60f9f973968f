"""k-means as the protocol has it; other ways of grouping are not this room's."""

from __future__ import annotations

import warnings

import numpy as np

from artvec.core.types import FloatArray, Int64Array
from artvec.metrics.blocks import inverse_lengths

STARTS = 10


def kmeans_clusters(vectors: FloatArray, n_clusters: int, seed: int = 0) -> Int64Array:
    """Return the cluster of every row: k-means on vectors at length 1, the best of 10 starts.

    Args:
        vectors: (N, D) as emitted; a zero vector stays zero.
        n_clusters: In the protocol the number of labels.
        seed: The same seed gives the same clusters on one machine.

    Returns:
        (N,) int64 from 0. Where there are fewer different vectors than clusters, fewer clusters.

    Raises:
        ValueError: There are fewer rows than clusters, or fewer than one cluster.

    Source: scikit-learn's `KMeans` (Lloyd's iterations from k-means++ starts).
    """
    if not 1 <= n_clusters <= len(vectors):
        raise ValueError(f"{len(vectors)} rows can't make {n_clusters} clusters")
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    units = (vectors * inverse_lengths(vectors)[:, None]).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different vectors: told above
        means = KMeans(n_clusters, n_init=STARTS, random_state=seed).fit(units)
    clusters: Int64Array = means.labels_.astype(np.int64)
    return clusters
