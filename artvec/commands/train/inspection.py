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
from artvec.commands.train.split_figures import Rows, figures_of_split
from artvec.commands.train.train_report import SplitFigures
from artvec.core.errors import ArtvecError
from artvec.core.progress import Progress, silent
from artvec.core.types import (
    Backbone,
    Encoder,
    EncoderOptions,
    Float32Array,
    Int64Array,
    Sample,
    Skipped,
)
from artvec.encoding import encoders
from artvec.encoding.backbones.anchored import Anchor
from artvec.encoding.backbones.penultimate import width
from artvec.encoding.extraction import Clock, Embedded, ExtractOptions, extract
from artvec.encoding.heads import Head, probabilities


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
