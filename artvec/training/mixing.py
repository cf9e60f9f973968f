"""Mixup and cutmix: batches of two pictures each, and targets that say how much of which."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torchvision.transforms import v2

from artvec.core.errors import ArtvecError
from artvec.training.augment import DrawnFrom
from artvec.training.phase import Phase


@dataclass(frozen=True, slots=True)
class Mixed:
    """A batch in which every row is blended with another one.

    Attributes:
        inputs: As `Inputs.batch` gives them.
        shares: (B, B) float32, how much of each row each row shows; rows sum to 1.
    """

    inputs: torch.Tensor
    shares: torch.Tensor

    def targets(self, labels: torch.Tensor, n_classes: int) -> torch.Tensor:
        """Return (B, C) float32 shares of classes for (B,) codes; an unknown label has none."""
        classes = torch.arange(n_classes, device=labels.device)
        return self.shares @ (labels[:, None] == classes).float()


def mixed(inputs: torch.Tensor, phase: Phase, seed: int) -> Mixed:
    """Blend a batch, by mixup or cutmix as the phase says, by either with equal chance where both.

    Args:
        inputs: (B, 3, S, S) or, for mixup, (B, D) float32.
        phase: Its `mixup` or `cutmix` is above 0.
        seed: Another one every batch; all chance depends on it.

    Raises:
        ArtvecError: Cutmix, which cuts pieces out of pictures, on stored embeddings.
    """
    if inputs.ndim == 2 and phase.cutmix:
        raise ArtvecError(
            "cutmix needs pictures, and this phase learns from stored embeddings",
            "leave cutmix out of the phase, or take mixup",
            usage=True,
        )
    size = len(inputs)
    kinds = ((v2.MixUp, phase.mixup), (v2.CutMix, phase.cutmix))
    ways = [kind(alpha=alpha, num_classes=size) for kind, alpha in kinds if alpha]
    images = inputs if inputs.ndim == 4 else inputs[:, :, None, None]
    with DrawnFrom(seed):
        way = ways[int(torch.randint(len(ways), ()))]
        images, shares = way(images, torch.arange(size, device=inputs.device))
    return Mixed(images.reshape(inputs.shape), shares)
