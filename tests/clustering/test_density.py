"""HDBSCAN: the tree of scipy, the labels of the hdbscan package, and groups known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from hdbscan import HDBSCAN
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score

from artvec.clustering.assignment import numbered
from artvec.clustering.density import default_min_cluster_size, density_clusters
from artvec.clustering.mutual_reachability import spanning_tree
from artvec.clustering.nearest_rows import neighbours
from artvec.core.types import Float32Array


def blobs(seed: int, dim: int, spread: float, size: int = 60) -> Float32Array:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((5, dim))
    rows = [centre + spread * rng.standard_normal((size, dim)) for centre in centres]
    return np.concatenate(rows).astype(np.float32)


@pytest.mark.parametrize("least", [5, 12])
@pytest.mark.parametrize(
    ("seed", "dim", "spread", "equal"), [(0, 16, 0.3, 1.0), (2, 50, 0.3, 1.0), (5, 30, 0.9, 0.98)]
)
def test_as_the_hdbscan_package(
    seed: int, dim: int, spread: float, equal: float, least: int
) -> None:
    """Where clusters overlap, edges of one length make a row leave a cluster earlier or later.

    So do hdbscan's own algorithms among each other. Which edges are equal hangs on the processor's
    rounding, and a cluster's densest row scales the probabilities of all its rows.
    """
    points = blobs(seed, dim, spread)
    ours = density_clusters(points, neighbours(points, 15), least)
    model = HDBSCAN(min_cluster_size=least, min_samples=2, approx_min_span_tree=False)
    model.fit(points.astype(np.float64))
    assert (ours.clusters == numbered(model.labels_.astype(np.int64))).mean() >= equal
    for found, expected in (
        (ours.probabilities, model.probabilities_),
        (ours.outlier_scores, model.outlier_scores_),
    ):
        assert np.isclose(found, expected, atol=1e-6).mean() >= 0.8
        assert np.isclose(found, expected, atol=0.1).mean() >= equal


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 90), st.integers(1, 20), st.integers(1, 12), st.integers(0, 99))
def test_the_spanning_tree_is_no_heavier_than_scipys(
    rows: int, dim: int, k: int, seed: int
) -> None:
    """Trees may differ where edges tie, their weights in falling order may not."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(rows, dim)).astype(np.float32)
    points[rng.random(rows) < 0.2] = points[0]
    core = neighbours(points, k).kth_distances(k)
    tree = spanning_tree(points, core)
    wide = points.astype(np.float64)
    reach = np.maximum(cdist(wide, wide), np.maximum(core[:, None], core).astype(np.float64))
    expected = minimum_spanning_tree(reach + 1e-6).data  # scipy knows no edge of length 0
    np.testing.assert_allclose(np.sort(tree.weights), np.sort(expected), atol=2e-3)
    assert len(np.unique(tree.ends)) == rows  # every row is in it, and it has rows - 1 edges
    assert sorted(tree.ends[:, 1]) == list(range(1, rows))


def test_known_groups_come_back_larger_first_and_strays_are_noise() -> None:
    rng = np.random.default_rng(1)
    true = np.repeat([0, 1, 2], [30, 80, 50])
    centres = 4 * rng.standard_normal((3, 20))
    rows = centres[true] + 0.3 * rng.standard_normal((160, 20))
    strays = 12 * rng.standard_normal((6, 20))
    points = np.concatenate([rows, strays]).astype(np.float32)
    found = density_clusters(points, neighbours(points, 15), 10)
    assert adjusted_rand_score(true, found.clusters[:160]) == 1.0
    np.testing.assert_array_equal(np.bincount(found.clusters[:160]), [80, 50, 30])
    assert (found.clusters[160:] == -1).all()
    assert (found.probabilities[160:] == 0).all()
    assert found.outlier_scores[160:].min() > found.outlier_scores[:160].mean()


def test_equal_clusters_are_numbered_by_their_first_row() -> None:
    labels = np.array([7, 7, 3, 3, -1, 9, 9, 9])
    np.testing.assert_array_equal(numbered(labels), [1, 1, 2, 2, -1, 0, 0, 0])


@pytest.mark.parametrize("rows", [1, 2, 5, 40])
def test_too_few_or_equal_rows_are_all_noise(rows: int) -> None:
    points = np.zeros((rows, 1), dtype=np.float32)
    found = density_clusters(points, neighbours(points, 15), 5)
    np.testing.assert_array_equal(found.clusters, np.full(rows, -1))
    assert np.isfinite(found.probabilities).all() and np.isfinite(found.outlier_scores).all()


def test_copies_in_dozens_are_clusters_and_nothing_is_nan() -> None:
    points = np.repeat(np.eye(8, dtype=np.float32), 20, axis=0)
    found = density_clusters(points, neighbours(points, 15), 5)
    np.testing.assert_array_equal(found.clusters, np.repeat(np.arange(8), 20))
    assert np.isfinite(found.probabilities).all() and np.isfinite(found.outlier_scores).all()


def test_the_smallest_cluster_grows_with_the_root_of_the_rows() -> None:
    sizes = [default_min_cluster_size(n) for n in (1, 100, 1000, 10_000, 60_000)]
    assert sizes == [5, 5, 16, 50, 122]
