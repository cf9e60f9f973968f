"""What one would otherwise write: timm, ImageFolder, DataLoader, an eager loop, npy on disk.

Usage: plain_loop.py FOLDER OUT.npy [tuned]; `tuned` makes glibc keep freed memory.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from pretrained import lite0
from timm.data import create_transform, resolve_data_config
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder


def main(folder: str, out: str, tuned: bool) -> None:
    if tuned:
        from artvec.core.runtime import keep_freed_memory

        keep_freed_memory()
    model = lite0(classes=0)
    transform = create_transform(**resolve_data_config({}, model=model))
    loader = DataLoader(ImageFolder(folder, transform), batch_size=32, num_workers=2)
    with torch.inference_mode():
        vectors = [model(images).numpy() for images, _ in loader]
    np.save(out, np.concatenate(vectors))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], "tuned" in sys.argv)
