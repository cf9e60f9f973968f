"""The small CNN for 32×32 pictures: two convolutions, one hidden layer, untrained but seeded."""

from __future__ import annotations

import torch
from torch import nn

from artvec.core.choices import Fit
from artvec.core.errors import ArtvecError
from artvec.core.types import Backbone, BackboneRequest, EncoderIdentity, Preprocessing, Untrained
from artvec.encoding.backbones.penultimate import Penultimate, width
from artvec.encoding.backbones.weights import digest, load_into, read_weights

SIDE_PX = 32
_HEAD = ("head",)


class SimpleCnn(nn.Module):
    """conv 32 → pool → conv 64 → pool → flatten → dense 512 → dense `classes`.

    2,122,186 parameters with ten classes.
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * (SIDE_PX // 4) ** 2, 512),
            nn.ReLU(),
        )
        self.head = nn.Linear(512, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map (B, 3, 32, 32) to (B, classes) logits."""
        logits: torch.Tensor = self.head(self.features(images))
        return logits


def load(request: BackboneRequest) -> Backbone:
    """Return the CNN with seeded random weights, or with those of a file.

    Raises:
        ArtvecError: Another size was asked for, or the weights don't fit.
    """
    if request.image_size_px not in (None, SIDE_PX):
        raise ArtvecError(
            f"simple_cnn takes {SIDE_PX}×{SIDE_PX} pixels only",
            "leave --image-size out",
            usage=True,
        )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = SimpleCnn()
    if request.weights is not None:
        load_into(model, read_weights(request.weights), head=_HEAD, file=request.weights)
    module = Penultimate(model, _features, unused=_HEAD).eval()
    preprocessing = _preprocessing(request.fit or "crop")
    identity = EncoderIdentity(
        request.name,
        digest(model, head=_HEAD),
        preprocessing,
        "hidden",
        width(module, preprocessing),
    )
    note = "simple_cnn is untrained: its vectors are a baseline"
    return Backbone(identity, module, () if request.weights else (note,))


def untrained(classes: int | None) -> Untrained:
    """Return the CNN with random weights."""
    model = SimpleCnn(classes or 10)
    return Untrained(model, _HEAD, _preprocessing("crop"), model.head.in_features)


def _features(model: SimpleCnn, images: torch.Tensor) -> torch.Tensor:
    hidden: torch.Tensor = model.features(images)
    return hidden


def _preprocessing(fit: Fit) -> Preprocessing:
    half = (0.5, 0.5, 0.5)
    return Preprocessing(SIDE_PX, SIDE_PX, fit, "bilinear", half, half)
