"""A run at work: what it is given, what changes as it trains, and a look at both together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import nn

from artvec.collection.reader import Collection, open_collection
from artvec.collection.stamps import read_proofs
from artvec.commands.train.decoded_pictures import Pictures, reachable
from artvec.commands.train.inspection import (
    Inspection,
    embedded,
    encoder_of,
    figures_of,
    probabilities_of,
)
from artvec.commands.train.labelled_rows import SPLITS, Material, data_fingerprint, material
from artvec.commands.train.network import Network, Start, check_phases, load_start, new_heads
from artvec.commands.train.out_of_domain import Watched, after, watched
from artvec.commands.train.phase_verdicts import UNTRAINED
from artvec.commands.train.plan import Plan
from artvec.commands.train.run_checkpoints import RunCheckpoints, check_place, open_checkpoints
from artvec.commands.train.train_options import Listener, TrainOptions
from artvec.commands.train.train_report import SplitFigures
from artvec.commands.train.weight_choice import choose_anchor, precision_of
from artvec.core.errors import ArtvecError
from artvec.core.types import Encoder, EncoderOptions, Float32Array, Sample
from artvec.encoding.backbones.anchored import Anchor, side_by_side
from artvec.encoding.encoders.compiled import resolve


@dataclass(frozen=True)
class RunSetup:
    """What a run is given: plan and data. Nothing of it changes.

    Attributes:
        plan: What to learn and how.
        encoder: Device and precision, resolved.
        collection: Learned from.
        material: Rows.
        pictures: None where no phase needs them.
        watched: Collections that are looked at, never learned from.
    """

    plan: Plan
    encoder: EncoderOptions
    collection: Collection
    material: Material
    pictures: Pictures | None
    watched: tuple[Watched, ...]


@dataclass(frozen=True)
class RunContext:
    """A run at work.

    Attributes:
        setup: What it is given.
        network: What it trains, in place.
        checkpoints: What it goes on from if it is interrupted.
        listener: Follows the run.
    """

    setup: RunSetup
    network: Network
    checkpoints: RunCheckpoints
    listener: Listener

    def encoder_of(self, module: nn.Module) -> Encoder:
        """Compile the network's backbone, or another module made of it, as it is now."""
        return encoder_of(self.network.start.backbone, module, self.setup.encoder)

    def head_inputs(self, title: str, learned: Float32Array) -> Float32Array:
        """Return what heads take: (M, D) embeddings themselves, or feature maps made now."""
        if not self.network.takes_map:
            return learned
        encoder = self.encoder_of(self.network.backbone)
        with self.listener.stage(f"{title}: feature maps") as progress:
            return embedded(self.setup.material.samples, encoder, progress)

    def look(self, title: str, weight: float) -> Inspection:
        """See what the weights make of the pictures, and of the watched collections.

        Args:
            title: For the progress.
            weight: Of the anchor, where nothing is watched; 0 for none.
        """
        encoder = self.encoder_of(self.network.start.module)
        with self.listener.stage(f"{title}: embedding") as progress:
            learned = embedded(self.setup.material.samples, encoder, progress)
        watched_vectors = []
        for one in self.setup.watched:
            with self.listener.stage(f"{title}: embedding {one.name}") as progress:
                watched_vectors.append(embedded(one.samples, encoder, progress))
        anchor = self._anchor(learned, watched_vectors, weight) if weight else None
        inputs = self.head_inputs(title, learned)
        return Inspection(
            vectors=self._beside(learned, self.setup.material.vectors, anchor),
            inputs=inputs,
            probabilities=probabilities_of(self.network.heads, inputs),
            watched=self._after(watched_vectors, anchor),
            anchor=anchor,
        )

    def untrained(self) -> Inspection:
        """See what the backbone makes of the pictures as it came: what is stored, if its own."""
        if self.setup.plan.from_scratch:
            return replace(self.look(UNTRAINED, weight=0), probabilities=())
        stored = self.setup.material.vectors
        inputs = self.head_inputs(UNTRAINED, self.network.start.learned(stored))
        return Inspection(
            stored, inputs, watched=self._at_first(), anchor=self.network.start.weighed
        )

    def _anchor(
        self, learned: Float32Array, watched_vectors: Sequence[Float32Array], weight: float
    ) -> Anchor:
        """Return how an embedding is weighed, by val and what is watched."""
        stored = self.setup.material.vectors
        length = float(np.median(np.linalg.norm(learned[self.setup.material.train], axis=1)))
        asked = Anchor(weight, length or 1.0)  # of a network that died every length is 0
        if not self.setup.watched or not len(self.setup.material.val):
            return asked

        def in_domain(anchor: Anchor | None) -> float:
            vectors = self._beside(learned, stored, anchor) if anchor else stored
            return precision_of(
                figures_of(self.setup.material, Inspection(vectors, vectors), ("val",))["val"]
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
            for one, vectors in zip(self.setup.watched, watched_vectors, strict=True)
        }

    def _at_first(self) -> dict[str, SplitFigures]:
        return {one.name: after(one, one.vectors) for one in self.setup.watched}

    def _beside(
        self, learned: Float32Array, stored: Float32Array, anchor: Anchor | None
    ) -> Float32Array:
        return (
            learned
            if anchor is None
            else side_by_side(learned, self.network.start.known(stored), anchor)
        )


@contextmanager
def open_context(options: TrainOptions, listener: Listener) -> Iterator[RunContext]:
    """Prepare a run: claim its folder, load its backbone, decode its pictures.

    The folder is claimed last of all that can be refused, and finished when the work is done.

    Raises:
        ArtvecError: See `train`.
    """
    plan = options.plan
    check_place(options.run, resume=options.resume)
    encoder = _device_of(options)
    collection = open_collection(options.collection)
    found = material(collection, plan.labels, plan.group)
    start = load_start(collection, plan)
    check_phases(plan, start)
    network = Network(start, new_heads(plan, start, found.classes))
    watched_collections = _open_watched(plan, start, found, encoder, listener)
    with open_checkpoints(options) as folder:
        listener.began(options.run)
        proofs = read_proofs(collection.folder, collection.manifest)
        found, pictures = reachable(found, plan, start.backbone, options.run, listener, proofs)
        folder.check_data(data_fingerprint(found))
        yield RunContext(
            RunSetup(plan, encoder, collection, found, pictures, watched_collections),
            network,
            checkpoints=folder,
            listener=listener,
        )


def _device_of(options: TrainOptions) -> EncoderOptions:
    encoder = resolve(replace(options.encoder, engine="auto"))
    if encoder.precision == "fp16":
        raise ArtvecError(
            "gradients vanish in fp16", "train in mixed precision: --precision bf16", usage=True
        )
    return encoder


def _open_watched(
    plan: Plan, start: Start, material: Material, encoder: EncoderOptions, listener: Listener
) -> tuple[Watched, ...]:
    """Open what is watched; one that bears the name of a split, or of another, goes by its path."""
    trained_hashes = {*material.hashes, *start.backbone.splits}
    identity = start.backbone.identity

    def embed(samples: Sequence[Sample]) -> Float32Array:
        assert start.backbone.module is not None
        own = encoder_of(start.backbone, start.backbone.module, encoder)
        with listener.stage("embedding what is watched") as progress:
            return embedded(samples, own, progress)

    found: dict[str, Watched] = {}
    for folder in plan.watch:
        one = watched(open_collection(Path(folder)), identity, trained_hashes, embed)
        if one.name in {*SPLITS, *found}:
            one = replace(one, name=folder)
        found[one.name] = one
    return tuple(found.values())
