"""`reduce`: principal components of unit vectors, as scikit-learn finds them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from artvec.clustering.reduction import reduce


def unit(vectors: np.ndarray) -> np.ndarray:
    wide = vectors.astype(np.float64)
    return wide / np.linalg.norm(wide, axis=1, keepdims=True)


@pytest.mark.parametrize("shape", [(300, 20), (40, 120), (5000, 60)])
def test_components_are_those_of_scikit_learn_up_to_the_sign(shape: tuple[int, int]) -> None:
    vectors = np.random.default_rng(0).gamma(1.0, size=shape).astype(np.float32)
    reduced = reduce(vectors, 10)
    model = PCA(10, svd_solver="full")
    expected = model.fit_transform(unit(vectors))
    np.testing.assert_allclose(np.abs(reduced.points), np.abs(expected), atol=1e-5)
    assert reduced.variance_kept == pytest.approx(model.explained_variance_ratio_.sum(), abs=1e-6)


def test_the_largest_loading_of_a_component_is_positive() -> None:
    """Rows at angles around (1, 1): across it, (-1, 1) and (1, -1) are equally right."""
    angles = np.pi / 4 + np.array([-0.3, -0.1, 0.0, 0.1, 0.35])
    vectors = np.column_stack([np.cos(angles), np.sin(angles), 0.01 * angles])
    points = reduce(vectors.astype(np.float32)).points
    centred = unit(vectors) - unit(vectors).mean(axis=0)
    direction = np.linalg.lstsq(centred, points[:, 0], rcond=None)[0]
    assert direction[np.abs(direction).argmax()] > 0


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 9), st.sampled_from(["f2", "f4"]))
def test_whatever_comes_is_finite_and_the_lengths_of_rows_do_not_matter(
    rows: int, dim: int, seed: int, kind: str
) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(rows, dim)).astype(kind)
    vectors[rng.random(rows) < 0.2] = 0
    reduced = reduce(vectors)
    assert np.isfinite(reduced.points).all()
    assert 0 < reduced.variance_kept <= 1 + 1e-9
    longer = reduce(vectors.astype(np.float64) * rng.uniform(0.5, 9, (rows, 1)))
    assert longer.points.shape == reduced.points.shape
    np.testing.assert_allclose(
        np.linalg.norm(longer.points, axis=1), np.linalg.norm(reduced.points, axis=1), atol=1e-5
    )


@pytest.mark.parametrize("value", [0.0, 1.0, 1e-20])
def test_equal_rows_are_one_column_of_zeros(value: float) -> None:
    reduced = reduce(np.full((40, 8), value, dtype=np.float32))
    np.testing.assert_array_equal(reduced.points, np.zeros((40, 1)))
