"""The figures of one split under one set of weights, as `artvec eval` defines them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artvec.commands.train.train_report import SplitFigures
from artvec.core.results import Interval
from artvec.core.types import BoolArray, Float32Array, Float64Array, Int64Array
from artvec.evaluation import Vectors
from artvec.evaluation.figures import DEPTH
from artvec.evaluation.nearest_gallery import nearest
from artvec.metrics.agreement import nmi, why_undefined
from artvec.metrics.bootstrap import agreement_interval, intervals
from artvec.metrics.kmeans import kmeans_clusters
from artvec.metrics.probe import top_k_hits
from artvec.metrics.retrieval import retrieval_outcomes
from artvec.metrics.silhouette import cosine_silhouettes
from artvec.metrics.voting import vote

_SMALLEST = np.finfo(np.float32).tiny
"""A probability that rounded to 0 costs 87, not infinity, which JSON can't say."""


@dataclass(frozen=True)
class Rows:
    """Embedded pictures of one split.

    Attributes:
        vectors: (N, D) float32, as emitted.
        labels: (N,) class codes, -1 where unknown.
        groups: (N,) group codes, the units of every bootstrap; None where there are none.
    """

    vectors: Float32Array
    labels: Int64Array
    groups: Int64Array | None = None


def figures_of_split(
    queries: Rows,
    gallery: Rows,
    *,
    probabilities: Float32Array | None = None,
    own_places: Int64Array | None = None,
) -> SplitFigures:
    """Judge the weights that made these vectors; rows without a label are left out on both sides.

    Accuracy, top-5 accuracy and loss (cross-entropy in nats, no smoothing) are the head's, and
    absent without probabilities. kNN, precision, silhouette and NMI are the embedding's, and absent
    where there are fewer than two classes; the last two also where every query is a class of its
    own, NMI also where k-means finds one group.

    Args:
        queries: The pictures of the split.
        gallery: The training pictures.
        probabilities: (Q, C) of the head, a column a class code.
        own_places: (Q,) place in the gallery at which a query would find itself, -1 for none: it
            is left out there. None where no query is in the gallery.

    Returns:
        Figures with 95 % bootstrap intervals over queries, or over their groups.
    """
    known, searched = queries.labels >= 0, gallery.labels >= 0
    own = np.full(len(known), -1) if own_places is None else own_places
    asked, among = _chosen_rows(queries, known), _chosen_rows(gallery, searched)
    places = np.append(np.where(searched, np.cumsum(searched) - 1, -1), -1)  # -1 stays -1
    outcomes = {} if probabilities is None else _of_head(probabilities[known], asked.labels)
    figures: dict[str, Interval] = {}
    if len(np.union1d(asked.labels, among.labels)) > 1 and known.any():
        outcomes |= _of_neighbours(asked, among, places[own][known])
        if 1 < len(np.unique(asked.labels)) < len(asked.labels):
            outcomes["silhouette_cosine"] = cosine_silhouettes(asked.vectors, asked.labels)
            figures |= _agreement(asked)
    if outcomes and known.any():
        found = intervals(np.stack(list(outcomes.values()), axis=1), asked.groups)
        figures = dict(zip(outcomes, found, strict=True)) | figures
    return SplitFigures(
        figures=figures,
        per_query={name: _spread(values, known) for name, values in outcomes.items()},
        probabilities=_none(len(known)) if probabilities is None else probabilities,
        labels=queries.labels,
    )


def _chosen_rows(rows: Rows, chosen: BoolArray) -> Rows:
    groups = None if rows.groups is None else rows.groups[chosen]
    return Rows(rows.vectors[chosen], rows.labels[chosen], groups)


def _of_head(probabilities: Float32Array, labels: Int64Array) -> dict[str, Float64Array]:
    own = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0].astype(np.float64)
    return {
        "accuracy": top_k_hits(probabilities, labels, 1).astype(np.float64),
        "top5_accuracy": top_k_hits(probabilities, labels, 5).astype(np.float64),
        "loss": -np.log(np.maximum(own, _SMALLEST)),
    }


def _of_neighbours(queries: Rows, gallery: Rows, own: Int64Array) -> dict[str, Float64Array]:
    if not len(gallery.labels):
        return {}
    none = queries.vectors[:0]
    near = nearest(Vectors(gallery.vectors, queries.vectors, none), own, DEPTH)
    labels = np.where(near.rows >= 0, gallery.labels[near.rows], -1)  # (Q, 20)
    n_classes = int(max(gallery.labels.max(), queries.labels.max(initial=0))) + 1
    voted = {k: vote(labels[:, :k], near.scores[:, :k], n_classes) for k in (5, DEPTH)}
    ranked = retrieval_outcomes(
        queries.vectors, queries.labels, gallery.vectors, gallery.labels, own
    )
    hits = {f"knn{k}_accuracy": (of == queries.labels).astype(float) for k, of in voted.items()}
    return hits | {"precision_at_5": ranked.precision_at_5}


def _agreement(rows: Rows) -> dict[str, Interval]:
    clusters = kmeans_clusters(rows.vectors, len(np.unique(rows.labels)))
    if why_undefined(rows.labels, clusters):
        return {}
    return {"nmi": agreement_interval(nmi, rows.labels, clusters, rows.groups)}


def _spread(values: Float64Array, known: BoolArray) -> Float64Array:
    """Return (Q,) outcomes from those of the known rows, NaN for the others."""
    outcomes: Float64Array = np.full(len(known), np.nan)
    outcomes[known] = values
    return outcomes


def _none(rows: int) -> Float32Array:
    return np.zeros((rows, 0), dtype=np.float32)
