"""Maps: the same twice, with neighbours beside each other; few or equal rows get components."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from artvec.clustering.maps import project
from artvec.clustering.nearest_rows import neighbours


@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_the_same_seed_gives_the_same_map_and_groups_stay_together(method: str) -> None:
    rng = np.random.default_rng(0)
    true = np.repeat(np.arange(3), 40)
    points = (2 * rng.standard_normal((3, 10))[true] + 0.4 * rng.standard_normal((120, 10))).astype(
        np.float32
    )
    near = neighbours(points, 15)
    first, second = (project(points, near, method, 0) for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)
    assert (first.method, first.points.shape, first.points.dtype) == (method, (120, 2), np.float32)
    assert first.parameters["seed"] == 0
    around = KNeighborsClassifier(5).fit(first.points, true)
    assert around.score(first.points, true) == 1.0
    assert not np.array_equal(project(points, near, method, 1).points, first.points)


@pytest.mark.parametrize("rows", [1, 2, 15])
def test_few_rows_are_mapped_by_components(rows: int) -> None:
    points = np.arange(rows * 3, dtype=np.float32).reshape(rows, 3)
    found = project(points, neighbours(points, 15), "umap", 0)
    assert found.method == "pca"
    np.testing.assert_array_equal(found.points, points[:, :2])


def test_equal_rows_are_one_point_and_copies_get_finite_ones() -> None:
    equal = np.zeros((40, 1), dtype=np.float32)
    assert not project(equal, neighbours(equal, 15), "tsne", 0).points.any()
    copies = np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    assert np.isfinite(project(copies, neighbours(copies, 15), "tsne", 0).points).all()
