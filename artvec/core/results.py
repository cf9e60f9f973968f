"""Results that travel between rooms: neighbours, figures with intervals, groups, maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from artvec.core.types import Float32Array, Int32Array, Int64Array


@dataclass(frozen=True, slots=True)
class Matches:
    """The k nearest rows of each query, best first.

    Attributes:
        rows: (Q, k) int64 row numbers; -1 where fewer than k rows exist.
        scores: (Q, k) float32 cosine similarities.
    """

    rows: Int64Array
    scores: Float32Array


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval.

    Attributes:
        value: The figure.
        low: Lower end; equal to the value where nothing was resampled.
        high: Upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Groups:
    """The clusters of a collection, in row order.

    Attributes:
        method: `hdbscan`, `kmeans` or `agglomerative`.
        clusters: (N,) int32, from 0, larger clusters first; -1 is noise.
        probabilities: (N,) float32, strength of membership in the own cluster; 0 for noise.
        outlier_scores: (N,) float32, 0 to 1.
        silhouettes: (N,) float32, in the full space, cosine; 0 for noise.
        medoids: (C,) int64, the row in the middle of each cluster.
    """

    method: str
    clusters: Int32Array
    probabilities: Float32Array
    outlier_scores: Float32Array
    silhouettes: Float32Array
    medoids: Int64Array


@dataclass(frozen=True, slots=True)
class Projection:
    """A map of a collection: a point a row.

    Attributes:
        method: `umap` or `tsne`.
        points: (N, 2) float32.
        parameters: What it was made with, seed included.
    """

    method: str
    points: Float32Array
    parameters: Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Rows that show the same picture.

    Attributes:
        rows: The file of best quality first.
        kind: `exact` where all files are equal byte by byte, else `near`.
    """

    rows: tuple[int, ...]
    kind: Literal["exact", "near"]
