"""What one would otherwise write to train a head: the frozen backbone runs in every epoch.

Usage: frozen_loop.py FOLDER EPOCHS [tuned]; FOLDER holds train/ and test/. Prints JSON: seconds of
training, accuracy on test.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch
from pretrained import lite0
from timm.data import create_transform, resolve_data_config
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder


def main(folder: Path, epochs: int, tuned: bool) -> None:
    if tuned:
        from artvec.core.runtime import keep_freed_memory

        keep_freed_memory()
    torch.manual_seed(0)
    model = lite0(classes=len(list((folder / "train").iterdir())))
    model.requires_grad_(False)
    head = model.get_classifier().requires_grad_(True)
    transform = create_transform(**resolve_data_config({}, model=model))
    train, test = (
        DataLoader(
            ImageFolder(folder / side, transform), 32, shuffle=side == "train", num_workers=2
        )
        for side in ("train", "test")
    )
    optimizer = torch.optim.AdamW(head.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(train))
    started = time.perf_counter()
    for _ in range(epochs):
        for images, labels in train:
            loss = torch.nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    seconds = time.perf_counter() - started
    with torch.inference_mode():
        right = sum(int((model(images).argmax(1) == labels).sum()) for images, labels in test)
    print(json.dumps({"seconds": seconds, "accuracy": right / len(test.dataset)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), "tuned" in sys.argv)
