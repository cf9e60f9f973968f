"""Wrap a torch model so that it yields its penultimate features; measure their width."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from artvec.core.errors import ArtvecError
from artvec.core.types import Preprocessing


class Penultimate(torch.nn.Module):
    """A model cut before its classifier: (B, 3, H, W) float32 to (B, dim) float32.

    Args:
        model: The whole network.
        features: Maps the network and images to features. It is given the network, so that a copy
            of this module runs its own weights.
        unused: Names of the network's parts that the features don't go through.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        features: Callable[[Any, torch.Tensor], torch.Tensor],
        *,
        unused: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.model = model
        self.unused = unused
        self._features = features

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the features, flattened to one vector an image."""
        return self._features(self.model, images).flatten(1)


def width(module: torch.nn.Module, preprocessing: Preprocessing) -> int:
    """Return the embedding's width, measured: `num_features` is not always right.

    Raises:
        ArtvecError: The backbone can't run at this size.
    """
    size = preprocessing.size_px
    try:
        with torch.inference_mode():
            return int(module(torch.zeros(1, 3, size, size)).shape[1])
    except RuntimeError as error:
        raise ArtvecError(
            f"the backbone doesn't take {size} × {size} pixels: {str(error).splitlines()[0][:120]}",
            "choose another --image-size",
            usage=True,
        ) from error
