"""What one would otherwise write to fine-tune: timm, ImageFolder, DataLoader, AdamW.

Usage: finetune_loop.py FOLDER EPOCHS [tuned]; every weight of lite0 learns, in batches of 32.
Prints JSON: `images_per_second` of each epoch.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch
from pretrained import lite0
from timm.data import resolve_data_config
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

RATE, DECAY = 1e-4, 0.01


def main(folder: Path, epochs: int, tuned: bool) -> None:
    if tuned:
        from artvec.core.runtime import keep_freed_memory

        keep_freed_memory()
    torch.manual_seed(0)
    model = lite0(classes=len(list(folder.iterdir()))).train()
    config = resolve_data_config({}, model=model)
    transform = transforms.Compose(
        [
            transforms.RandomResizedCrop(config["input_size"][-1]),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(config["mean"], config["std"]),
        ]
    )
    loader = DataLoader(ImageFolder(folder, transform), 32, shuffle=True, num_workers=2)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY)
    rates = []
    for _ in range(epochs):
        started = time.perf_counter()
        for images, labels in loader:
            loss = torch.nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        rates.append(len(loader.dataset) / (time.perf_counter() - started))
    print(json.dumps({"images_per_second": rates}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), "tuned" in sys.argv)
