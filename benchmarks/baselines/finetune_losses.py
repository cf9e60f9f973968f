"""Losses of artvec's fine-tuning steps and of plain PyTorch's, from the same weights and batches.

Usage: finetune_losses.py FOLDER STEPS; prints JSON: `artvec` and `plain`, a loss a step; and
`decode_seconds_a_picture` of artvec's decoding before the first epoch. Nothing is varied: artvec's
phase draws an order of rows, and the plain steps repeat it.
"""

from __future__ import annotations

import copy
import json
import sys
import time
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import torch
from finetune_loop import DECAY, RATE
from pretrained import lite0
from torch import nn
from torchvision.datasets import ImageFolder

from artvec.core.types import BackboneRequest, Int64Array
from artvec.encoding import backbones
from artvec.encoding.heads import build_head
from artvec.training.classifier import Classifier
from artvec.training.inputs import StoredPictures
from artvec.training.loop import train_phase
from artvec.training.phase import Phase
from artvec.training.pictures import store_pictures
from artvec.training.task import Task

BATCH = 32


class Remembered(StoredPictures):
    """Pictures that also remember the batches they were asked for."""

    asked: list[Int64Array]

    def batch(self, rows: Int64Array, seed: int, *, augment: bool) -> torch.Tensor:
        """Return them; of training batches, note the rows."""
        if augment:
            self.asked.append(rows)
        return super().batch(rows, seed, augment=augment)


def main(folder: Path, steps: int) -> None:
    backbone = backbones.load(BackboneRequest("tf_efficientnet_lite0"))
    assert backbone.module is not None
    listed = ImageFolder(folder).samples
    chosen = np.random.default_rng(0).permutation(len(listed))[: steps * BATCH]
    files, codes = zip(*(listed[at] for at in chosen), strict=True)
    preprocessing = backbone.identity.preprocessing
    labels = np.array(codes)[:, np.newaxis]  # (N, 1)
    started = time.perf_counter()
    store = store_pictures(files, Path(gettempdir()), preprocessing)
    decode_s = time.perf_counter() - started
    pictures = Remembered(store, labels, preprocessing, "none")
    pictures.asked = []
    classes = int(labels.max()) + 1
    torch.manual_seed(0)
    head = build_head("linear", backbone.identity.dim, classes)
    (linear,) = copy.deepcopy(head).children()
    phase = Phase(
        name="finetune",
        epochs=1,
        rate=RATE,
        weight_decay=DECAY,
        schedule="constant",
        batch_size=BATCH,
        batch_norm="train",
    )
    task = Task(pictures, pictures, (classes,))
    ours = train_phase(Classifier(backbone.module, [head]), phase, task).trace
    told = {"artvec": ours, "plain": _plain(linear, pictures)}
    print(json.dumps(told | {"decode_seconds_a_picture": decode_s / len(files)}))


def _plain(head: nn.Module, pictures: Remembered) -> list[float]:
    """Take the same steps in plain PyTorch."""
    model = nn.Sequential(lite0(classes=0), head).train()
    decays = {p: DECAY if p.ndim > 1 else 0.0 for p in model.parameters()}
    groups = [{"params": [p], "weight_decay": decay} for p, decay in decays.items()]
    optimizer = torch.optim.AdamW(groups, RATE)
    losses = []
    for rows in list(pictures.asked):
        images = pictures.batch(rows, 0, augment=False).contiguous()
        targets = torch.from_numpy(pictures.labels[rows, 0])
        loss = nn.functional.cross_entropy(model(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
