"""The network of a run: the backbone of a collection and heads of its own, trained in place."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from artvec.collection.encoder_request import stored_request
from artvec.collection.reader import Collection
from artvec.commands.train.plan import Plan
from artvec.core.errors import ArtvecError, command
from artvec.core.types import Backbone, BackboneRequest, Float32Array
from artvec.encoding import backbones
from artvec.encoding.backbones.anchored import Anchor, Anchored, divided
from artvec.encoding.backbones.feature_map import FeatureMap
from artvec.encoding.backbones.penultimate import Penultimate, width
from artvec.encoding.heads import Head, build_head, takes_map
from artvec.encoding.setup import describe
from artvec.training.backbone_blocks import trainable_parameters
from artvec.training.checkpoint import State, copy_weights
from artvec.training.classifier import Classifier
from artvec.training.phase import Phase


@dataclass(frozen=True)
class Start:
    """A backbone to train.

    Attributes:
        backbone: As the collection was embedded with.
        own: What is trained in place: the backbone, or the trained part of an anchored run; after
            `scratch` its weights are random.
        anchor: What is kept beside it as it came; None where no phase asks for that, and the
            backbone has none from an earlier run.
        image_size_px: That the architecture is made with, None for the weights' own.
    """

    backbone: Backbone
    own: Backbone
    anchor: nn.Module | None
    image_size_px: int | None

    @property
    def module(self) -> nn.Module:
        """What is trained in place."""
        assert self.own.module is not None
        return self.own.module

    @property
    def weighed(self) -> Anchor | None:
        """How an anchored run weighs its two halves, None of any other backbone."""
        whole = self.backbone.module
        return whole.anchor if isinstance(whole, Anchored) else None

    def learned(self, vectors: Float32Array) -> Float32Array:
        """Return those columns of the collection's (N, D) vectors that `own` made."""
        return vectors[:, : self.own.identity.dim]

    def known(self, vectors: Float32Array) -> Float32Array:
        """Return those columns of the collection's (N, D) vectors that the anchor made."""
        return vectors[:, -self.own.identity.dim :]


@dataclass(frozen=True)
class Network:
    """A backbone with heads; its weights change as a run trains.

    Attributes:
        start: The backbone; its module is trained in place.
        heads: One a label column, trained in place.
    """

    start: Start
    heads: tuple[Head, ...]

    @property
    def takes_map(self) -> bool:
        """Whether heads take unpooled feature maps instead of embeddings."""
        return takes_map(self.heads[0].layers)

    @property
    def backbone(self) -> nn.Module:
        """What heads are put on: the start's module, or its unpooled feature map."""
        if not self.takes_map:
            return self.start.module
        assert isinstance(self.start.module, Penultimate)
        return FeatureMap(self.start.module)

    def classifier(self, phase: Phase) -> Classifier:
        """Return what a phase trains; the weights are the network's own."""
        return self._heads_on(nn.Identity() if phase.trainable == "head" else self.backbone)

    def weights(self) -> State:
        """Copy the weights of backbone and heads, contiguous, to the CPU."""
        return copy_weights(self._heads_on(self.backbone))

    def load(self, weights: State) -> None:
        """Put weights back."""
        self._heads_on(self.backbone).load_state_dict(weights)

    def rest(self) -> None:
        """Bring everything to the CPU and into inference mode, for evaluation and writing."""
        self._heads_on(self.backbone).cpu().eval()

    def _heads_on(self, backbone: nn.Module) -> Classifier:
        return Classifier(backbone, [head.module for head in self.heads])


def load_start(collection: Collection, plan: Plan) -> Start:
    """Load the backbone that a collection was embedded with.

    Raises:
        ArtvecError: It can't be had, is another one today, or has nothing to train.
    """
    request = stored_request(collection.manifest)
    backbone = backbones.load(request)
    if backbone.identity != collection.manifest.encoder:
        raise ArtvecError(
            f"{collection.folder} was made with {describe(collection.manifest.encoder)}, but that "
            f"name now yields {describe(backbone.identity)}",
            "embed it again: "
            + command("embed", collection.source, "-i", collection.folder, "--overwrite"),
        )
    if backbone.module is None:
        raise ArtvecError(
            f"{backbone.identity.backbone} has no weights to train",
            f"name a backbone: {command('train', collection.source)} -m tf_efficientnet_lite0",
            usage=True,
        )
    size_px = request.image_size_px or _size_of_run(request.name)
    own, anchor = divided(backbone)
    if anchor is None and any(phase.anchor for phase in plan.phases):
        anchor = copy.deepcopy(backbone.module)
    if plan.from_scratch:
        _randomise(own, size_px, plan.seed)
    return Start(backbone, own, anchor, size_px)


def new_heads(plan: Plan, start: Start, classes: Sequence[tuple[str, ...]]) -> tuple[Head, ...]:
    """Build one head a label column; the seed decides their weights.

    Raises:
        ArtvecError: The plan's head is none, or takes a feature map that the backbone hasn't.
    """
    dim = start.own.identity.dim
    if takes_map(plan.head):
        assert isinstance(start.module, Penultimate)
        dim = width(FeatureMap(start.module), start.backbone.identity.preprocessing)
    with torch.random.fork_rng():
        torch.manual_seed(plan.seed)
        return tuple(
            Head(plan.head, names, dim, build_head(plan.head, dim, len(names))) for names in classes
        )


def check_phases(plan: Plan, start: Start) -> None:
    """Refuse what a phase names and the backbone hasn't, before anything is computed.

    Raises:
        ArtvecError: A block or layer that isn't there.
    """
    model = Classifier(start.module, [])
    for phase in plan.phases:
        trainable_parameters(model, phase.trainable)


def _size_of_run(name: str) -> int | None:
    """Return the size that the architecture of an earlier run was made with."""
    if not backbones.is_run(name):
        return None
    record = json.loads((Path(name) / "run.json").read_bytes())
    size_px: int | None = record["backbone"].get("image_size_px")
    return size_px


def _randomise(backbone: Backbone, size_px: int | None, seed: int) -> None:
    """Give a backbone fresh weights, as its library draws them."""
    identity = backbone.identity
    request = BackboneRequest(
        identity.backbone, image_size_px=size_px, fit=identity.preprocessing.fit
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        fresh = backbones.untrained(request, None)
    network = getattr(backbone.module, "model", backbone.module)
    assert isinstance(network, nn.Module)
    own = network.state_dict()
    network.load_state_dict(
        {name: of for name, of in fresh.model.state_dict().items() if name in own}, strict=False
    )
