"""What all phases of a run share: the backbone and heads that they train, and the pictures."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from artvec.collection.reader import Collection
from artvec.collection.stamps import StoredContent, still_holds
from artvec.commands.train.inspection import (
    Inspection,
    embedded,
    encoder_of,
    figures_of,
    probabilities_of,
)
from artvec.commands.train.labelled_rows import Material, without
from artvec.commands.train.out_of_domain import Watched, after
from artvec.commands.train.plan import Plan
from artvec.commands.train.run_checkpoints import RunCheckpoints, State, copied
from artvec.commands.train.starting_point import Start
from artvec.commands.train.train_options import Listener
from artvec.commands.train.train_report import SplitFigures
from artvec.commands.train.weight_choice import choose_anchor, precision_of
from artvec.core.types import Backbone, EncoderOptions, Float32Array, Int64Array, Sample
from artvec.encoding.backbones.anchored import Anchor, side_by_side
from artvec.encoding.backbones.feature_map import FeatureMap
from artvec.encoding.backbones.penultimate import Penultimate
from artvec.encoding.heads import Head, takes_map
from artvec.images.find import sample_of
from artvec.training.classifier import Classifier
from artvec.training.inputs import Inputs
from artvec.training.phase import Phase
from artvec.training.pictures import PictureStore, store_pictures
from artvec.training.recipes import reads_pictures


@dataclass(frozen=True)
class Pictures:
    """The decoded pictures of a material.

    Attributes:
        store: Of all that were asked for.
        places: (M,) which of them each row of the material is.
    """

    store: PictureStore
    places: Int64Array


@dataclass(frozen=True)
class RunContext:
    """A run at work.

    Attributes:
        plan: What to learn and how.
        encoder: Device and precision, resolved.
        collection: Learned from.
        start: The backbone; its module is trained in place.
        heads: One a label column, trained in place.
        material: Rows.
        pictures: None where no phase needs them.
        watched: Collections that are looked at, never learned from.
        checkpoints: What an interrupted run goes on from.
        listener: Follows the run.
    """

    plan: Plan
    encoder: EncoderOptions
    collection: Collection
    start: Start
    heads: tuple[Head, ...]
    material: Material
    pictures: Pictures | None
    watched: tuple[Watched, ...]
    checkpoints: RunCheckpoints
    listener: Listener

    @property
    def backbone(self) -> nn.Module:
        """What heads are put on: the start's module, or its unpooled feature map."""
        if not takes_map(self.plan.head):
            return self.start.module
        assert isinstance(self.start.module, Penultimate)
        return FeatureMap(self.start.module)

    def classifier(self, phase: Phase) -> Classifier:
        """Return what a phase trains; the weights are the context's own."""
        stored = phase.trainable == "head"
        backbone = nn.Identity() if stored else self.backbone
        return Classifier(backbone, [head.module for head in self.heads])

    def weights(self) -> State:
        """Copy the weights of backbone and heads, contiguous, to the CPU."""
        return copied(self._whole())

    def load(self, weights: State) -> None:
        """Put weights back."""
        self._whole().load_state_dict(weights)

    def rest(self) -> None:
        """Bring everything to the CPU and into inference mode, for evaluation and writing."""
        self._whole().cpu().eval()

    def inputs(self, title: str, learned: Float32Array) -> Float32Array:
        """Return what heads take: (M, D) embeddings themselves, or feature maps made now."""
        if not takes_map(self.plan.head):
            return learned
        encoder = encoder_of(self.start.backbone, self.backbone, self.encoder)
        with self.listener.stage(f"{title}: feature maps") as progress:
            return embedded(self.material.samples, encoder, progress)

    def look(self, title: str, weight: float) -> Inspection:
        """See what the weights make of the pictures, and of the watched collections.

        Args:
            title: For the progress.
            weight: Of the anchor, where nothing is watched; 0 for none.
        """
        encoder = encoder_of(self.start.backbone, self.start.module, self.encoder)
        with self.listener.stage(f"{title}: embedding") as progress:
            learned = embedded(self.material.samples, encoder, progress)
        watched_vectors = []
        for one in self.watched:
            with self.listener.stage(f"{title}: embedding {one.name}") as progress:
                watched_vectors.append(embedded(one.samples, encoder, progress))
        anchor = self._anchor(learned, watched_vectors, weight) if weight else None
        inputs = self.inputs(title, learned)
        return Inspection(
            vectors=self._beside(learned, self.material.vectors, anchor),
            inputs=inputs,
            probabilities=probabilities_of(self.heads, inputs),
            watched=self._after(watched_vectors, anchor),
            anchor=anchor,
        )

    def at_first(self, title: str) -> Inspection:
        """See what the backbone makes of all as it came: the stored vectors."""
        stored = self.material.vectors
        inputs = self.inputs(title, self.start.learned(stored))
        return Inspection(stored, inputs, watched=self._at_first(), anchor=self.start.weighed)

    def _anchor(
        self, learned: Float32Array, watched_vectors: Sequence[Float32Array], weight: float
    ) -> Anchor:
        """Return how an embedding is weighed, by val and what is watched."""
        stored = self.material.vectors
        length = float(np.median(np.linalg.norm(learned[self.material.train], axis=1)))
        asked = Anchor(weight, length or 1.0)  # of a network that died every length is 0
        if not self.watched or not len(self.material.val):
            return asked

        def in_domain(anchor: Anchor | None) -> float:
            vectors = self._beside(learned, stored, anchor) if anchor else stored
            return precision_of(
                figures_of(self.material, Inspection(vectors, vectors), ("val",))["val"]
            )

        def out_of_domain(anchor: Anchor | None) -> float:
            found = self._after(watched_vectors, anchor) if anchor else self._at_first()
            return float(np.mean([precision_of(one) for one in found.values()]))

        return choose_anchor(asked, in_domain, out_of_domain)

    def _after(
        self, watched_vectors: Sequence[Float32Array], anchor: Anchor | None
    ) -> dict[str, SplitFigures]:
        return {
            one.name: after(one, self._beside(vectors, one.vectors, anchor))
            for one, vectors in zip(self.watched, watched_vectors, strict=True)
        }

    def _at_first(self) -> dict[str, SplitFigures]:
        return {one.name: after(one, one.vectors) for one in self.watched}

    def _beside(
        self, learned: Float32Array, stored: Float32Array, anchor: Anchor | None
    ) -> Float32Array:
        return (
            learned if anchor is None else side_by_side(learned, self.start.known(stored), anchor)
        )

    def _whole(self) -> Classifier:
        return Classifier(self.backbone, [head.module for head in self.heads])


class Rows:
    """Some rows of other inputs, numbered from 0."""

    def __init__(self, inputs: Inputs, places: Int64Array, labels: Int64Array) -> None:
        self.labels = labels
        self._inputs, self._places = inputs, places

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._places)

    def batch(self, rows: Int64Array, seed: int, *, augment: bool) -> torch.Tensor:
        """Return what the inputs give for these rows."""
        return self._inputs.batch(self._places[rows], seed, augment=augment)


def reachable(
    material: Material,
    plan: Plan,
    start: Backbone,
    folder: Path,
    listener: Listener,
    proofs: Container[int],
) -> tuple[Material, Pictures | None]:
    """Decode the pictures that phases need; leave out what can't be read any more.

    Raises:
        ArtvecError: There is no space, or too little is left.
    """
    decodes = any(map(reads_pictures, plan.phases))
    if not (decodes or takes_map(plan.head)):
        return material, None
    gone = np.array(
        [
            not _is_there(sample, content_hash, proofs)
            for sample, content_hash in zip(material.samples, material.hashes, strict=True)
        ]
    )
    if not decodes:
        return without(material, gone), None
    with listener.stage("decoding") as progress:
        store = store_pictures(
            [sample.file for sample in material.samples],
            folder,
            start.identity.preprocessing,
            progress=progress,
        )
    gone[list(store.unreadable)] = True
    return without(material, gone), Pictures(store, np.flatnonzero(~gone))


def _is_there(sample: Sample, content_hash: bytes, proofs: Container[int]) -> bool:
    """Say whether a file still holds what was embedded."""
    try:
        now = sample_of(Path(sample.file))
    except OSError:
        return False
    return still_holds(now, StoredContent(sample.size_bytes, content_hash), proofs)
