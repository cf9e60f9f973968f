"""Fewer dimensions for grouping: principal components of vectors at length 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from artvec.core.types import Float32Array, Float64Array, FloatArray

DIMENSIONS = 50
_ROWS = 4096
_LEAST_VARIANCE = 1e-12
"""Variance of a component that is more than the rounding of float32 vectors at length 1."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """FloatArray in fewer dimensions.

    Attributes:
        points: (N, d) float32, widest component first; around 0.
        variance_kept: Share of the variance of the vectors at length 1 that they hold.
    """

    points: Float32Array
    variance_kept: float


def reduce(vectors: FloatArray, dimensions: int = DIMENSIONS) -> Reduced:
    """Return the principal components of vectors at length 1; deterministic, signs included.

    Euclidean distance between vectors at length 1 grows with the angle between them, so grouping
    by it is grouping by cosine. Components that hold only rounding are left out; of vectors that
    are all the same one column of zeros is left.

    Args:
        vectors: (N, D), N ≥ 1, as emitted; a zero vector stays zero.
        dimensions: At most so many are kept.
    """
    mean = sum(units.sum(axis=0, dtype=np.float64) for units in _units(vectors)) / len(vectors)
    found = _components(vectors, mean, dimensions)
    n_directions = int((found.variances > _LEAST_VARIANCE).sum())
    if not n_directions:
        return Reduced(np.zeros((len(vectors), 1), dtype=np.float32), 1.0)
    directions = _signed(found.directions[:, :n_directions]).astype(np.float32)  # (D, d)
    centre = mean.astype(np.float32)
    points = np.concatenate([(units - centre) @ directions for units in _units(vectors)])
    return Reduced(points, min(1.0, float(found.variances[:n_directions].sum()) / found.total))


@dataclass(frozen=True, slots=True)
class _Components:
    """Variances, falling, the (D, …) directions that have them, and the variance of all."""

    variances: Float64Array
    directions: Float64Array
    total: float


def _components(vectors: FloatArray, mean: Float64Array, most: int) -> _Components:
    n, dim = vectors.shape
    if n <= dim:  # the (n, n) products of rows have the same eigenvalues, and are fewer
        centred = np.concatenate([units - mean for units in _units(vectors)])
        found = _widest(centred @ centred.T / n, most)
        lengths = np.sqrt(np.maximum(found.variances * n, np.finfo(np.float64).tiny))
        return _Components(found.variances, centred.T @ found.directions / lengths, found.total)
    covariance = np.zeros((dim, dim))
    centre = mean.astype(np.float32)
    for units in _units(vectors):
        units -= centre
        covariance += units.T @ units
    return _widest(covariance / n, most)


def _widest(symmetric: Float64Array, most: int) -> _Components:
    """Return the largest eigenvalues; computing all takes three times as long."""
    from scipy.linalg import eigh

    last = len(symmetric) - 1
    values, directions = eigh(symmetric, subset_by_index=(max(0, last - most + 1), last))
    return _Components(
        np.maximum(values[::-1], 0.0), directions[:, ::-1], float(np.trace(symmetric))
    )


def _signed(components: Float64Array) -> Float64Array:
    """Make the largest entry of every direction positive: otherwise the sign is arbitrary."""
    largest = np.abs(components).argmax(axis=0)
    signs = np.sign(components[largest, np.arange(components.shape[1])])
    signed: Float64Array = components * signs
    return signed


def _units(vectors: FloatArray) -> Iterator[Float32Array]:
    """Yield (n, D) float32 copies at length 1, block by block."""
    for first in range(0, len(vectors), _ROWS):
        wide = vectors[first : first + _ROWS].astype(np.float64)
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
        yield np.divide(wide, lengths, out=wide, where=lengths > 0).astype(np.float32)
