"""A trained backbone beside the one it began as: what was learned next to what was known before.

Training for one set of categories makes an embedding forget others. Two embeddings side by side
keep both, and how much each weighs is decided picture by picture: pictures like those that were
learned from get long trained vectors, foreign ones short ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from artvec.core.types import Backbone, Float32Array

MARK = " + anchor"
"""Ends the `layer` of an anchored backbone's identity."""
SHARPNESS = 2
"""Power of a trained vector's length in its weight: how soon a foreign picture leaves it behind."""
_SHORTEST = 1e-3
"""Of the usual length: a shorter trained vector weighs nothing already."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """How the two embeddings are weighed.

    Attributes:
        weight: Of the trained embedding against the other, both at length 1, for a picture whose
            trained vector has the usual length; it falls and grows with `SHARPNESS`.
        length: Median length of the trained vectors of the training pictures.
    """

    weight: float
    length: float


class Anchored(nn.Module):
    """Two backbones, (B, 3, H, W) float32 to (B, 2 D) float32: trained, then anchor."""

    def __init__(self, trained: nn.Module, start: nn.Module, anchor: Anchor) -> None:
        super().__init__()
        self.trained = trained
        self.start = start
        self.anchor = anchor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the trained embedding as it is, and the other at the length that weighs it."""
        usual = self.anchor.length
        trained = self.trained(images)  # (B, D)
        start = nn.functional.normalize(self.start(images), dim=1)  # (B, D)
        length = torch.linalg.vector_norm(trained, dim=1, keepdim=True).clamp_min(_SHORTEST * usual)
        scale = usual / self.anchor.weight * (usual / length) ** (SHARPNESS - 1)
        return torch.cat([trained, start * scale], dim=1)


def divided(backbone: Backbone) -> tuple[Backbone, nn.Module | None]:
    """Return the trained part of a backbone, and its anchor: None where it has none."""
    module, identity = backbone.module, backbone.identity
    if not isinstance(module, Anchored):
        return backbone, None
    own = replace(
        identity, layer=identity.layer.removesuffix(MARK), dim=identity.dim // 2, weights_sha256=""
    )
    return replace(backbone, identity=own, module=module.trained), module.start


def side_by_side(trained: Float32Array, start: Float32Array, anchor: Anchor) -> Float32Array:
    """Return the (N, 2 D) float32 embedding of (N, D) trained and (N, D) starting vectors.

    The same as `Anchored` computes. Its cosine weighs the cosines of the two as `Anchor` says.
    """
    length = np.linalg.norm(trained, axis=1, keepdims=True).clip(_SHORTEST * anchor.length)
    known = np.linalg.norm(start, axis=1, keepdims=True)
    scale = anchor.length / anchor.weight * (anchor.length / length) ** (SHARPNESS - 1)
    return np.hstack([trained, start / np.where(known > 0, known, 1) * scale]).astype(np.float32)


def with_anchor(trained: Backbone, start: Backbone, settings: Mapping[str, float]) -> Backbone:
    """Put a run's backbone beside the one it began as, as its record says.

    Args:
        trained: With the run's weights.
        start: Of the same architecture and preprocessing.
        settings: `weight` and `length`, see `Anchor`.
    """
    assert trained.module is not None and start.module is not None
    anchor = Anchor(float(settings["weight"]), float(settings["length"]))
    if not (anchor.weight > 0 and anchor.length > 0):
        raise ValueError("its anchor has no weight")
    identity = trained.identity
    facts = f"{identity.weights_sha256} {start.identity.weights_sha256} {anchor}"
    return replace(
        trained,
        identity=replace(
            identity,
            weights_sha256=hashlib.sha256(facts.encode()).hexdigest(),
            layer=identity.layer + MARK,
            dim=identity.dim + start.identity.dim,
        ),
        module=Anchored(trained.module, start.module, anchor).eval(),
    )
