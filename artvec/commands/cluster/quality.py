"""How good groups are: by the vectors alone, and by labels where there are any."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artvec.clustering.validity import calinski_harabasz, davies_bouldin, dbcv
from artvec.commands.cluster.cluster_report import LabelTable
from artvec.core.progress import Progress, silent
from artvec.core.types import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from artvec.metrics.agreement import AGREEMENTS, purity, why_undefined
from artvec.metrics.silhouette import euclidean_silhouettes

_AGREEMENTS = {**AGREEMENTS, "purity": purity}


@dataclass(frozen=True)
class Figures:
    """Figures by key, and why others are absent or say nothing."""

    figures: dict[str, float]
    notes: tuple[str, ...] = ()


def internal_figures(
    points: Float32Array,
    clusters: Int32Array,
    silhouettes: Float64Array,
    progress: Progress = silent,
) -> Figures:
    """Return the figures that need no label; noise is left out, but for DBCV's weights.

    Args:
        points: (N, d), reduced; equal rows have equal points.
        clusters: (N,), -1 is noise.
        silhouettes: (N,) in the full space.
        progress: Called with pairs, then with rows.

    Returns:
        `silhouette_cosine` in the full space; `silhouette_reduced` (Euclidean), `davies_bouldin`,
        `calinski_harabasz` and `dbcv` in the reduced one. What is not defined is absent: all of
        them where there are fewer than two clusters, or as many as rows.
    """
    members = clusters >= 0
    own = clusters[members].astype(np.int64)
    count, size = len(np.unique(own)), len(own)
    if not 1 < count < size:
        return Figures({}, _why_not_judged(count))
    figures = {
        "silhouette_cosine": float(silhouettes[members].mean()),
        "silhouette_reduced": float(euclidean_silhouettes(points[members], own, progress).mean()),
        "davies_bouldin": davies_bouldin(points, clusters),
        "calinski_harabasz": calinski_harabasz(points, clusters),
        "dbcv": dbcv(points, clusters, progress),
    }
    known = {name: figure for name, figure in figures.items() if figure is not None}
    finite = {name: figure for name, figure in known.items() if math.isfinite(figure)}
    return Figures(finite, _of_one_picture(points[members], own))


def _of_one_picture(points: Float32Array, clusters: Int64Array) -> tuple[str, ...]:
    """Return a note where most clusters have no inside: their spread is 0 by that."""
    rows = np.unique(points, axis=0, return_index=True)[1]
    sizes = np.bincount(clusters[rows])
    alone = int((sizes == 1).sum())
    if 2 * alone <= len(sizes):
        return ()
    return (
        f"{alone} of {len(sizes)} clusters hold one picture or its duplicates; this "
        "alone makes Davies-Bouldin and DBCV look good",
    )


def _why_not_judged(clusters: int) -> tuple[str, ...]:
    """Return a note; none where every row is noise, which another note says."""
    left_out = "so silhouettes, Davies-Bouldin, Calinski-Harabasz and DBCV are left out"
    if clusters == 0:
        return ()
    if clusters == 1:
        return (f"there is only one cluster, {left_out}",)
    return (f"every clustered row is a cluster of its own, {left_out}",)


def agreement_figures(labels: Int64Array, clusters: Int32Array, *, has_noise: bool) -> Figures:
    """Return how labels and clusters agree, over rows that have a label.

    Args:
        labels: (N,) codes, -1 where there is none.
        clusters: (N,), -1 is noise.
        has_noise: True for a method that knows noise: every figure is given twice, with noise as
            one cluster (`_noise_as_cluster`) and without it (`_without_noise`).

    Returns:
        Nothing where agreement tells nothing (see `artvec.metrics.agreement.why_undefined`).
    """
    labelled = labels >= 0
    if not labelled.any():
        return Figures({})
    if not has_noise:
        return _agreement(labels, clusters, labelled, "")
    whole = _agreement(labels, clusters, labelled, "_noise_as_cluster")
    members = labelled & (clusters >= 0)
    if whole.notes or not members.any():  # what is undefined with noise is so without it
        return whole
    without = _agreement(labels, clusters, members, "_without_noise")
    return Figures({**whole.figures, **without.figures}, without.notes)


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


def _agreement(labels: Int64Array, clusters: Int32Array, chosen: BoolArray, suffix: str) -> Figures:
    pair = labels[chosen], clusters[chosen].astype(np.int64)
    why = why_undefined(*pair)
    if why:
        where = "without noise " if suffix == "_without_noise" else ""
        return Figures({}, (f"{where}{why}, so agreement with labels is left out",))
    return Figures(
        {f"{name}{suffix}": float(figure(*pair)) for name, figure in _AGREEMENTS.items()}
    )
