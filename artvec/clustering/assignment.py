"""What every way of grouping returns, and how clusters are numbered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artvec.core.types import Float32Array, FloatArray, Int32Array, Int64Array

NOISE = -1
_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which cluster each row belongs to, and how well.

    Attributes:
        clusters: (N,) int32, from 0, larger clusters first; -1 is noise.
        probabilities: (N,) float32, 0 to 1; 0 for noise.
        outlier_scores: (N,) float32, 0 to 1.
    """

    clusters: Int32Array
    probabilities: Float32Array
    outlier_scores: Float32Array


def numbered(labels: Int64Array) -> Int32Array:
    """Number clusters from 0, larger ones first; of equal ones that with the first row.

    Args:
        labels: (N,), negative is noise.
    """
    found, first, counts = np.unique(labels, return_index=True, return_counts=True)
    real = found >= 0
    order = np.lexsort((first[real], -counts[real]))
    number = np.full(len(found), NOISE, dtype=np.int32)
    number[np.flatnonzero(real)[order]] = np.arange(len(order))
    return number[np.searchsorted(found, labels)]


def medoids(vectors: FloatArray, clusters: Int32Array) -> Int64Array:
    """Return the medoid of every cluster: the row with the least mean cosine distance to it.

    It is the row nearest the sum of the cluster's unit vectors, so no pair is visited.

    Args:
        vectors: (N, D), as emitted.
        clusters: (N,), see `Assignment`.

    Returns:
        (C,) int64; of equal rows the first.
    """
    count = int(clusters.max(initial=NOISE)) + 1
    found = np.empty(count, dtype=np.int64)
    for cluster in range(count):
        rows = np.flatnonzero(clusters == cluster)
        blocks = [rows[at : at + _ROWS] for at in range(0, len(rows), _ROWS)]
        total = sum(_units(vectors[block]).sum(axis=0) for block in blocks)
        nearness = np.concatenate([_units(vectors[block]) @ total for block in blocks])
        found[cluster] = rows[int(np.round(nearness, 9).argmax())]
    return found


def _units(vectors: FloatArray) -> FloatArray:
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    units: FloatArray = np.divide(wide, lengths, out=wide, where=lengths > 0)
    return units
