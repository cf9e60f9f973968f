"""k-means and Ward: scikit-learn's groups, memberships and scores by hand, and how K is chosen."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from artvec.clustering import partition
from artvec.clustering.assignment import medoids
from artvec.clustering.nearest_rows import Neighbours, neighbours
from artvec.core.types import Float32Array

TRUE = np.repeat(np.arange(4), [50, 40, 30, 20])


@pytest.fixture
def points() -> Float32Array:
    rng = np.random.default_rng(3)
    centres = 2 * rng.standard_normal((4, 12))
    return (centres[TRUE] + 0.4 * rng.standard_normal((140, 12))).astype(np.float32)


@pytest.mark.parametrize("clusters", [1, 2, 4, 17, 140])
def test_ward_as_scikit_learn(points: Float32Array, clusters: int) -> None:
    ours = partition.ward_cut(points, neighbours(points, 15))(clusters)
    theirs = AgglomerativeClustering(clusters).fit_predict(points)
    assert adjusted_rand_score(theirs, ours) == 1.0
    assert len(np.unique(ours)) == clusters


def test_ward_over_neighbours_finds_the_same_groups(
    points: Float32Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition, "WARD_ROWS", 100)
    cut = partition.ward_cut(points, neighbours(points, 15))
    assert adjusted_rand_score(TRUE, cut(4)) == 1.0
    assert len(np.unique(cut(9))) == 9


def test_kmeans_finds_the_groups_and_is_the_same_twice(points: Float32Array) -> None:
    first, second = (partition.kmeans_cut(points, 0)(4) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert adjusted_rand_score(TRUE, first) == 1.0


def test_k_is_the_number_of_labels_else_that_of_the_best_silhouette(points: Float32Array) -> None:
    cut = partition.kmeans_cut(points, 0)
    assert partition.choose(cut, points, 7)[0] == 7
    assert partition.choose(cut, points, 1)[0] == 4  # one label says nothing
    assert partition.choose(cut, points, 0)[0] == 4
    assert partition.choose(cut, points[:1], 0)[0] == 1


def test_memberships_and_scores_by_hand() -> None:
    """Clusters {0, 2} and {9, 13} on a line: means 1 and 11.

    Row 0 is 1 from its own mean and 11 from the other: (1/1) / (1/1 + 1/121) = 121/122. Its other
    rows are 2, 9 and 13 away. With the last neighbour as density, {0, 2} have 13 and 11, so the
    score of row 0 is 1 - 11/13.
    """
    points = np.array([[0], [2], [9], [13]], dtype=np.float32)
    found = partition.assigned(points, np.array([5, 5, 2, 2]), neighbours(points, 15))
    np.testing.assert_array_equal(found.clusters, [0, 0, 1, 1])
    np.testing.assert_allclose(found.probabilities, [121 / 122, 81 / 82, 64 / 68, 144 / 148], 1e-6)
    np.testing.assert_allclose(found.outlier_scores, [1 - 11 / 13, 0, 0, 1 - 9 / 13], atol=1e-6)


def test_rows_that_are_all_copies_have_full_membership() -> None:
    points = np.zeros((6, 1), dtype=np.float32)
    found = partition.assigned(points, np.zeros(6, dtype=np.int64), neighbours(points, 15))
    np.testing.assert_array_equal(found.probabilities, np.ones(6))
    np.testing.assert_array_equal(found.outlier_scores, np.zeros(6))


def test_a_medoid_has_the_least_summed_cosine_distance() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.gamma(1.0, size=(60, 9)).astype(np.float32)
    vectors[7] = 0
    clusters = (np.arange(60) % 3 - 1).astype(np.int32)  # -1, 0, 1
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    found = medoids(vectors, clusters)
    for cluster in (0, 1):
        rows = np.flatnonzero(clusters == cluster)
        distances = (1 - units[rows] @ units[rows].T).sum(axis=1)
        assert found[cluster] == rows[distances.argmin()]


def test_neighbours_leave_the_row_itself_out_even_among_copies() -> None:
    points = np.array([[0], [0], [0], [1]], dtype=np.float32)
    near: Neighbours = neighbours(points, 10)
    assert near.rows.shape == (4, 3)
    assert not (near.rows == np.arange(4)[:, None]).any()
    np.testing.assert_array_equal(near.distances, [[0, 0, 1], [0, 0, 1], [0, 0, 1], [1, 1, 1]])
