"""A map: a point in the plane for every row, neighbours beside each other."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from artvec.clustering.nearest_rows import Neighbours, neighbours
from artvec.core.results import Projection
from artvec.core.types import Float32Array, Float64Array

LEAST_ROWS = 16
"""Below, the map is the first two principal components: there are no neighbourhoods to keep."""
UMAP_NEIGHBOURS = 15
_MIN_DIST = 0.1
_PERPLEXITY = 30
_SIDE = 10.0
_NOISE = 1e-3
"""Of a starting point: rows that are copies must be able to part."""

Layout = Callable[[Float32Array, Neighbours, int], Projection]


def project(points: Float32Array, near: Neighbours, method: str, seed: int) -> Projection:
    """Return a map; the same seed gives the same map on one machine.

    Both methods begin at the first two principal components, so that what lies far apart stays so
    as well as it can (Kobak and Linderman 2021), and take exact neighbours.

    Args:
        points: (N, d), N ≥ 1, widest component first.
        near: Of the points, `UMAP_NEIGHBOURS` or more where there are so many rows.
        method: `umap` or `tsne`; below `LEAST_ROWS` rows, or where all rows are the same, the map
            is the principal components themselves (`pca`).
        seed: Of the start's noise and the layout.
    """
    if len(points) < LEAST_ROWS or not np.ptp(points, axis=0).any():
        return Projection("pca", _plane(points), {})
    layouts: dict[str, Layout] = {"umap": _umap, "tsne": _tsne}
    return layouts[method](points, near, seed)


def _umap(points: Float32Array, near: Neighbours, seed: int) -> Projection:
    """Return the map by UMAP (McInnes, Healy and Melville 2018), 15 neighbours, min_dist 0.1."""
    k = min(UMAP_NEIGHBOURS, len(points)) - 1
    own = np.arange(len(points))[:, None]
    rows = np.concatenate([own, near.rows[:, :k]], axis=1)  # UMAP counts a row as its own
    distances = np.pad(near.distances[:, :k], ((0, 0), (1, 0)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed means one thread, and no search index
        from umap import UMAP

        model = UMAP(
            n_neighbors=k + 1,
            min_dist=_MIN_DIST,
            random_state=seed,
            init=_start(points, seed),
            precomputed_knn=(rows, distances, None),
        )
        found = model.fit_transform(points)
    about = {"n_neighbors": k + 1, "min_dist": _MIN_DIST, "seed": seed}
    return Projection("umap", _finite(found), about)


def _tsne(points: Float32Array, near: Neighbours, seed: int) -> Projection:
    """Return the map by t-SNE (van der Maaten and Hinton 2008), perplexity 30.

    Gradients are interpolated (Linderman et al. 2019), so 60,000 rows take minutes.
    """
    from openTSNE import TSNE
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    perplexity = min(_PERPLEXITY, (len(points) - 1) // 3)
    if near.rows.shape[1] < 3 * perplexity:
        near = neighbours(points, 3 * perplexity)
    k = 3 * perplexity
    index = PrecomputedNeighbors(near.rows[:, :k], near.distances[:, :k].astype(np.float64))
    affinities = PerplexityBasedNN(perplexity=perplexity, knn_index=index)
    start = _start(points, seed) * (1e-4 / _SIDE)
    layout = TSNE(random_state=seed).fit(affinities=affinities, initialization=start)
    return Projection("tsne", _finite(layout), {"perplexity": perplexity, "seed": seed})


def _start(points: Float32Array, seed: int) -> Float64Array:
    """Return the first two components, 10 wide, with a little seeded noise."""
    plane = _plane(points).astype(np.float64)
    noise = np.random.default_rng(seed).normal(size=plane.shape) * _NOISE
    start: Float64Array = plane * (_SIDE / np.ptp(plane, axis=0).max()) + noise
    return start


def _plane(points: Float32Array) -> Float32Array:
    plane = np.zeros((len(points), 2), dtype=np.float32)
    width = min(2, points.shape[1])
    plane[:, :width] = points[:, :width]
    return plane


def _finite(points: object) -> Float32Array:
    found = np.asarray(points, dtype=np.float32)
    assert np.isfinite(found).all(), "a map has points that are no numbers"
    return found
