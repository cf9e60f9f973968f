"""How good groups are: by the vectors alone, and by labels where there are any."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from artvec.cluster.report import LabelTable
from artvec.grouping.validity import calinski_harabasz, davies_bouldin, dbcv
from artvec.metrics.agreement import ami, ari, matched_accuracy, nmi, purity
from artvec.metrics.silhouette import euclidean_silhouettes
from artvec.progress import Progress, silent
from artvec.types import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array

_AGREEMENT = {
    "nmi": nmi,
    "ami": ami,
    "ari": ari,
    "matched_accuracy": matched_accuracy,
    "purity": purity,
}


def internal_figures(
    points: Float32Array,
    clusters: Int32Array,
    silhouettes: Float64Array,
    progress: Progress = silent,
) -> dict[str, float]:
    """Return the figures that need no label; noise is left out, but for DBCV's weights.

    Args:
        points: (N, d), reduced.
        clusters: (N,), -1 is noise.
        silhouettes: (N,) in the full space.
        progress: Told of pairs, then of rows.

    Returns:
        `silhouette_cosine` in the full space; `silhouette_reduced` (Euclidean), `davies_bouldin`,
        `calinski_harabasz` and `dbcv` in the reduced one. What is not defined is absent.
    """
    members = clusters >= 0
    separable = 1 < len(np.unique(clusters[members])) < np.count_nonzero(members)
    own = clusters[members].astype(np.int64)
    figures = {
        "silhouette_cosine": float(silhouettes[members].mean()) if separable else None,
        "silhouette_reduced": float(euclidean_silhouettes(points[members], own, progress).mean())
        if separable
        else None,
        "davies_bouldin": davies_bouldin(points, clusters),
        "calinski_harabasz": calinski_harabasz(points, clusters),
        "dbcv": dbcv(points, clusters, progress),
    }
    known = {name: figure for name, figure in figures.items() if figure is not None}
    return {name: figure for name, figure in known.items() if math.isfinite(figure)}


def agreement_figures(
    labels: Int64Array, clusters: Int32Array, *, has_noise: bool
) -> dict[str, float]:
    """Return how labels and clusters agree, over rows that have a label.

    Args:
        labels: (N,) codes, -1 where there is none.
        clusters: (N,), -1 is noise.
        has_noise: True for a method that knows noise: every figure is given twice, with noise as
            one cluster (`_noise_as_cluster`) and without it (`_without_noise`).
    """
    labelled = labels >= 0
    if not has_noise:
        return _agreement(labels, clusters, labelled, "")
    return {
        **_agreement(labels, clusters, labelled, "_noise_as_cluster"),
        **_agreement(labels, clusters, labelled & (clusters >= 0), "_without_noise"),
    }


def label_table(names: Sequence[str], labels: Int64Array, clusters: Int32Array) -> LabelTable:
    """Count rows by label and cluster, noise last.

    Args:
        names: (L,), of the codes.
        labels: (N,) codes, -1 where there is none.
        clusters: (N,), -1 is noise.
    """
    columns = int(clusters.max(initial=-1)) + 2
    counts = np.zeros((len(names), columns), dtype=np.int64)
    labelled = labels >= 0
    np.add.at(counts, (labels[labelled], clusters[labelled]), 1)  # -1 is the last column
    return LabelTable(tuple(names), counts, int((~labelled).sum()))


def _agreement(
    labels: Int64Array, clusters: Int32Array, chosen: BoolArray, suffix: str
) -> dict[str, float]:
    if not chosen.any():
        return {}
    pair = labels[chosen], clusters[chosen].astype(np.int64)
    return {f"{name}{suffix}": float(figure(*pair)) for name, figure in _AGREEMENT.items()}
