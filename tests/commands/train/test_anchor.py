"""A run that keeps what its backbone knew: both embeddings side by side, weighed by length."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from artvec.encoding.backbones.anchored import Anchor, Anchored, side_by_side


def _cosines(vectors: np.ndarray) -> np.ndarray:
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units @ units.T


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(0.1, 50))
@settings(max_examples=50, deadline=None)
def test_cosines_are_weighed_by_the_squares_of_lengths(
    seed: int, weight: float, length: float
) -> None:
    """By hand: unit vectors, the trained ones times weight × (own length / usual length)²."""
    rng = np.random.default_rng(seed)
    trained = rng.normal(size=(6, 5)) * rng.uniform(0.5, 2, size=(6, 1)) * length
    start = rng.normal(size=(6, 5)) * 7
    norms = np.linalg.norm(trained, axis=1, keepdims=True)
    halves = [
        weight * (norms / length) ** 2 * trained / norms,
        start / np.linalg.norm(start, axis=1, keepdims=True),
    ]
    found = side_by_side(
        trained.astype(np.float32), start.astype(np.float32), Anchor(weight, length)
    )
    assert found.shape == (6, 10)
    assert np.array_equal(found[:, :5], trained.astype(np.float32))
    assert _cosines(found) == pytest.approx(_cosines(np.hstack(halves)), abs=1e-5)


def test_the_network_says_what_the_arrays_say() -> None:
    torch.manual_seed(0)
    trained, start = nn.Linear(4, 3), nn.Linear(4, 3)
    anchor = Anchor(2.0, 1.5)
    images = torch.randn(7, 4)
    with torch.inference_mode():
        whole = Anchored(trained, start, anchor)(images).numpy()
        halves = trained(images).numpy(), start(images).numpy()
    assert whole == pytest.approx(side_by_side(*halves, anchor), abs=1e-6)


def test_vectors_of_zero_stay_finite() -> None:
    zero = np.zeros((1, 3), dtype=np.float32)
    one = np.ones((1, 3), dtype=np.float32)
    anchor = Anchor(2.0, 1.5)
    assert np.isfinite(side_by_side(zero, one, anchor)).all()
    assert np.isfinite(side_by_side(one, zero, anchor)).all()
