"""Look at a run's pictures with one set of weights: vectors, probabilities, figures, a map."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from torch import nn

from artvec.clustering.maps import UMAP_NEIGHBOURS, project
from artvec.clustering.nearest_rows import neighbours
from artvec.clustering.reduction import reduce
from artvec.commands.train.labelled_rows import Material
from artvec.commands.train.train_report import SplitFigures
from artvec.core.errors import ArtvecError
from artvec.core.progress import Progress, silent
from artvec.core.results import Interval
from artvec.core.types import (
    Backbone,
    BoolArray,
    Encoder,
    EncoderOptions,
    Float32Array,
    Float64Array,
    Int64Array,
    Sample,
    Skipped,
)
from artvec.encoding import encoders
from artvec.encoding.backbones.anchored import Anchor
from artvec.encoding.backbones.penultimate import width
from artvec.encoding.extraction import Clock, Embedded, ExtractOptions, extract
from artvec.encoding.heads import Head, probabilities
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


@dataclass(frozen=True)
class Inspection:
    """What one set of weights makes of a run's pictures.

    Attributes:
        vectors: (M, D) or, beside an anchor, (M, 2 D) float32, as the run will embed the rows.
        inputs: (M, W) float32, what heads take: what was trained makes of the rows, or its
            unpooled feature maps.
        probabilities: (M, C) float32 a label column; none before a head has learned.
        watched: Name of a watched collection → its figures.
        anchor: How the two halves of `vectors` are weighed.
    """

    vectors: Float32Array
    inputs: Float32Array
    probabilities: tuple[Float32Array, ...] = ()
    watched: Mapping[str, SplitFigures] = field(default_factory=dict)
    anchor: Anchor | None = None


def encoder_of(start: Backbone, module: nn.Module, options: EncoderOptions) -> Encoder:
    """Compile a trained module as `artvec embed` does; nothing is kept for later processes.

    Args:
        start: The backbone that it was trained from.
        module: Is left as it is.
        options: Engine, device, precision.
    """
    own = copy.deepcopy(module).requires_grad_(False).cpu().eval()
    dim = width(own, start.identity.preprocessing)
    identity = replace(start.identity, weights_sha256="", dim=dim)
    return encoders.compile_encoder(Backbone(identity, own), options, keep=False).encoder


def embedded(
    samples: Sequence[Sample], encoder: Encoder, progress: Progress = silent
) -> Float32Array:
    """Return the (M, D) vectors of pictures, decoded and embedded as `artvec embed` does.

    Raises:
        ArtvecError: One can't be read any more.
    """
    vectors = np.empty((len(samples), encoder.identity.dim), dtype=np.float32)
    done = 0
    for outcome in extract(samples, encoder, ExtractOptions(), Clock()):
        if isinstance(outcome, Skipped):
            if outcome.reason == "not_finite":
                raise ArtvecError(
                    f"{outcome.path}: {outcome.message}",
                    "if the weights diverged, train with a smaller --rate, or --precision fp32",
                )
            raise ArtvecError(
                f"{outcome.path} can't be read any more: {outcome.message}",
                "bring it back, then go on with the same command and --resume",
            )
        assert isinstance(outcome, Embedded)
        vectors[done : done + len(outcome.vectors)] = outcome.vectors
        done += len(outcome.vectors)
        progress(done, len(samples))
    return vectors


def probabilities_of(heads: Sequence[Head], vectors: Float32Array) -> tuple[Float32Array, ...]:
    """Return what each head says of (M, D) vectors, as `artvec eval` asks it."""
    return tuple(probabilities(head, vectors) for head in heads)


def figures_of(
    material: Material, found: Inspection, splits: Sequence[str]
) -> dict[str, SplitFigures]:
    """Judge what was seen, split by split, against the gallery.

    Args:
        material: Its first label column is judged.
        found: Of its rows.
        splits: Names out of `train`, `val`, `test`.
    """
    gallery = _rows(material, found, material.gallery)
    given = found.probabilities[0] if found.probabilities else None
    return {
        name: figures_of_split(
            _rows(material, found, places),
            gallery,
            probabilities=None if given is None else given[places],
            own_places=_own_places(material.gallery, places),
        )
        for name, places in material.splits.items()
        if name in splits and len(places)
    }


def map_of(vectors: Float32Array, seed: int) -> Float32Array | None:
    """Return (n, 2) points, t-SNE's; None for fewer than two vectors."""
    if len(vectors) < 2:
        return None
    points = reduce(vectors).points
    return project(points, neighbours(points, UMAP_NEIGHBOURS), "tsne", seed).points


def _rows(material: Material, found: Inspection, places: Int64Array) -> Rows:
    groups = None if material.groups is None else material.groups[places]
    return Rows(found.vectors[places], material.labels[places, 0], groups)


def _own_places(gallery: Int64Array, places: Int64Array) -> Int64Array:
    """Return where in the gallery each row would find itself, -1 where it isn't there."""
    at = np.searchsorted(gallery, places).clip(max=len(gallery) - 1)
    return np.where(gallery[at] == places, at, -1)


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
