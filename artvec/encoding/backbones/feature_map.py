"""Cut a backbone before its pooling: the feature map, every place of it, instead of its mean."""

from __future__ import annotations

import torch
from timm.layers import SelectAdaptivePool2d
from torch import nn

from artvec.core.errors import ArtvecError
from artvec.encoding.backbones.penultimate import Penultimate

_POOLINGS = (nn.AdaptiveAvgPool2d, SelectAdaptivePool2d)


class FeatureMap(nn.Module):
    """A backbone without its pooling: (B, 3, H, W) float32 to (B, channels · height · width)."""

    def __init__(self, backbone: Penultimate) -> None:
        """Find the pooling.

        Args:
            backbone: Its weights are shared.

        Raises:
            ArtvecError: It has none, as networks of patches.
        """
        super().__init__()
        self.backbone = backbone
        pooling = [name for name, part in backbone.named_modules() if isinstance(part, _POOLINGS)]
        if not pooling:
            raise ArtvecError(
                "the backbone pools no feature map that a head could take instead of the embedding",
                "leave flatten out of --head, or take a convolutional backbone",
                usage=True,
            )
        self._pooling = pooling[-1]  # those before it are inside blocks

    @property
    def model(self) -> nn.Module:
        """The whole network, as in `Penultimate`."""
        return self.backbone.model

    @property
    def unused(self) -> tuple[str, ...]:
        """Names of the network's parts that the map doesn't go through, as in `Penultimate`."""
        return self.backbone.unused

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the pooling is given, flattened to one vector an image."""
        given: list[torch.Tensor] = []
        pooling = self.backbone.get_submodule(self._pooling)
        hook = pooling.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
        try:
            self.backbone(images)
        finally:
            hook.remove()
        return given[-1].flatten(1)
