"""The shape of an embedding without labels: anisotropy, spread, effective rank."""

from __future__ import annotations

import numpy as np

from artvec.core.types import Float64Array, FloatArray
from artvec.metrics.blocks import spans, unit_rows


def anisotropy(vectors: FloatArray) -> float:
    """Return the mean cosine over all pairs of different rows; exact, in O(N·D).

    (‖Σu‖² - Σ‖u‖²) / (N·(N - 1)) over unit vectors u: what random pairs give on average. In
    [-1 / (N - 1), 1]: 0, directions are spread evenly; near 1, all vectors point the same way, and
    cosines between them say little.

    Args:
        vectors: (N, D) as emitted; a zero vector has cosine 0 to all.

    Returns:
        NaN for fewer than two rows.

    Source: Ethayarajh 2019 (anisotropy as the mean cosine of random pairs).
    """
    rows = len(vectors)
    if rows < 2:
        return float("nan")
    total: Float64Array = np.zeros(vectors.shape[1])
    squares = 0.0
    for span in spans(rows):
        units = unit_rows(vectors[span])
        total += units.sum(axis=0)
        squares += float(np.vdot(units, units))
    return (float(total @ total) - squares) / (rows * (rows - 1))


def spread(vectors: FloatArray) -> float:
    """Return the share of the mean squared length that varies between rows: 1 - ‖mean‖² / mean‖x‖².

    In [0, 1]: near 0, embeddings are nearly constant; 1, they are centred.

    Args:
        vectors: (N, D) as emitted.

    Returns:
        NaN for fewer than two rows, and where all vectors are zero.
    """
    mean = _mean(vectors)
    around, whole = _squares(vectors, mean), _squares(vectors, np.zeros_like(mean))
    return around / whole if len(vectors) > 1 and whole > 0 else float("nan")


def effective_rank(vectors: FloatArray) -> float:
    """Return how many directions the rows really use: exp of the entropy of singular values.

    With singular values σ of the centred vectors and p = σ / Σσ, exp(-Σ p·log p). In [1, min(N - 1,
    D)]: all directions alike at the upper end, one direction at 1. A low one in a wide embedding
    tells of collapse.

    Args:
        vectors: (N, D) as emitted.

    Returns:
        NaN where all rows are equal or there are none.

    Source: Roy and Vetterli 2007; as a figure of embeddings, Garrido et al. 2023 (RankMe).
    """
    values = _singular_values(vectors)
    if not len(values):
        return float("nan")
    shares = values / values.sum()
    return float(np.exp(-np.sum(shares * np.log(shares))))


def _singular_values(vectors: FloatArray) -> Float64Array:
    """Return the singular values above 0 of the centred vectors, through the (D, D) Gram matrix."""
    mean = _mean(vectors)
    gram: Float64Array = np.zeros((vectors.shape[1], vectors.shape[1]))
    for span in spans(len(vectors)):
        centred = vectors[span] - mean
        gram += centred.T @ centred
    squared = np.linalg.eigvalsh(gram)
    largest = squared.max(initial=0.0)
    nonzero: Float64Array = squared[squared > largest * len(squared) * np.finfo(np.float64).eps]
    return np.sqrt(nonzero)


def _mean(vectors: FloatArray) -> Float64Array:
    """Return the (D,) float64 mean; 0 without rows."""
    total: Float64Array = np.zeros(vectors.shape[1])
    for span in spans(len(vectors)):
        total += vectors[span].sum(axis=0, dtype=np.float64)
    return total / max(len(vectors), 1)


def _squares(vectors: FloatArray, centre: Float64Array) -> float:
    """Return the summed squared distance to a centre."""
    return sum(
        float(np.vdot(around, around))
        for around in (vectors[span] - centre for span in spans(len(vectors)))
    )
