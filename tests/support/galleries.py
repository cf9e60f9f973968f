"""Small galleries, collections of their colours, and a run, for the tests of the comparison."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image

from artvec.commands.embed import EmbedOptions, embed_images

SIZES = {"train": 12, "val": 4, "test": 10}
CLASSES = "abc"


def paint(file: Path, class_number: int, seed: int) -> None:
    """Paint 4×4 blocks: colours by class, under noise by seed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    base = np.random.default_rng(class_number).integers(96, 160, (4, 4, 3))
    noise = np.random.default_rng(1000 + seed).normal(0, 45, (4, 4, 3))
    grid = np.clip(base + noise, 0, 255).astype(np.uint8)
    Image.fromarray(grid).resize((32, 32), Image.Resampling.NEAREST).save(file)


def gallery(folder: Path) -> Path:
    """Paint three classes with train, val and test."""
    seed = 0
    for split, count in SIZES.items():
        for number, name in enumerate(CLASSES):
            for _ in range(count):
                seed += 1
                paint(folder / split / name / f"{seed:03}.png", number, seed)
    return folder


def colours(source: Path, index: Path, **options: object) -> Path:
    return embed_images(source, EmbedOptions("colour:4x4", str(index), **options)).index  # type: ignore[arg-type]


def make_run(folder: Path, trained: dict[str, list[str]]) -> Path:
    """Write a run as training leaves it: the small CNN with other weights, and its splits."""
    import torch
    from safetensors.torch import save_file

    from artvec.core.types import BackboneRequest
    from artvec.encoding import backbones
    from artvec.encoding.backbones.simple_cnn import SimpleCnn

    folder.mkdir(parents=True)
    torch.manual_seed(7)
    save_file(SimpleCnn(3).state_dict(), folder / "model.safetensors")
    preprocessing = backbones.load(BackboneRequest("simple_cnn")).identity.preprocessing
    backbone = {
        "name": "simple_cnn",
        "image_size_px": None,
        "preprocessing": asdict(preprocessing),
    }
    (folder / "run.json").write_text(json.dumps({"backbone": backbone, "splits": trained}))
    return folder
