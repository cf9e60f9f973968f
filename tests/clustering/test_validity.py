"""DBCV as in the hdbscan package, the other indices as in scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hdbscan.validity import validity_index
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from artvec.clustering import validity
from artvec.core.types import Float32Array, Int32Array


def grouped(seed: int, dim: int, spread: float) -> tuple[Float32Array, Int32Array]:
    """Return five groups of different sizes with some noise among them."""
    rng = np.random.default_rng(seed)
    true = np.repeat(np.arange(5), [60, 30, 20, 2, 40])
    points = rng.standard_normal((5, dim))[true] + spread * rng.standard_normal((152, dim))
    clusters = true.astype(np.int32)
    clusters[rng.random(152) < 0.1] = -1
    clusters[110:112] = 3
    return points.astype(np.float32), clusters


@pytest.mark.parametrize(
    ("seed", "dim", "spread"), [(0, 2, 0.2), (1, 8, 0.3), (2, 50, 0.6), (3, 50, 2.0)]
)
def test_dbcv_as_the_hdbscan_package(seed: int, dim: int, spread: float) -> None:
    points, clusters = grouped(seed, dim, spread)
    expected = validity_index(points.astype(np.float64), clusters.astype(np.int64))
    assert validity.dbcv(points, clusters) == pytest.approx(expected, abs=1e-5)


def test_dbcv_in_blocks_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    points, clusters = grouped(1, 8, 0.3)
    whole = validity.dbcv(points, clusters)
    monkeypatch.setattr(validity, "_PAIRS", 100)
    assert validity.dbcv(points, clusters) == pytest.approx(whole, abs=1e-6)


def test_dbcv_survives_what_overflows_powers() -> None:
    """Rows 1e-8 apart in 50 dimensions: (1 / dist)^50 is 1e400."""
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(2, 50), 20, axis=0)
    points = (centres + 1e-7 * rng.standard_normal((40, 50))).astype(np.float32)
    found = validity.dbcv(points, np.repeat([0, 1], 20).astype(np.int32))
    assert found is not None
    assert found > 0.99


def test_dbcv_of_copies_and_of_one_cluster() -> None:
    copies = np.repeat(np.eye(3, dtype=np.float32), 10, axis=0)
    assert validity.dbcv(copies, np.repeat([0, 1, 2], 10).astype(np.int32)) == 1.0
    assert validity.dbcv(copies, np.zeros(30, dtype=np.int32)) is None
    assert validity.dbcv(copies, np.full(30, -1, dtype=np.int32)) is None


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_other_indices_as_scikit_learn_without_noise(seed: int) -> None:
    points, clusters = grouped(seed, 8, 0.5)
    members = clusters >= 0
    for ours, theirs in (
        (validity.davies_bouldin, davies_bouldin_score),
        (validity.calinski_harabasz, calinski_harabasz_score),
    ):
        expected = theirs(points[members].astype(np.float64), clusters[members])
        assert ours(points, clusters) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("index", [validity.davies_bouldin, validity.calinski_harabasz])
def test_what_is_not_defined_is_none(index: object) -> None:
    assert callable(index)
    points = np.ones((4, 2), dtype=np.float32)
    for clusters in ([0, 0, 0, 0], [-1, -1, -1, -1], [0, 0, 1, 1]):
        assert index(points, np.array(clusters, dtype=np.int32)) is None
