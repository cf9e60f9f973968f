"""Fixtures of the evaluation's tests: pictures whose colours tell their class, more or less."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artvec.commands.embed import EmbedOptions, embed_images

PaintClass = Callable[[Path, int, int], Path]
Embedded = Callable[..., Path]


@pytest.fixture
def paint_class() -> PaintClass:
    """Return a function that paints a picture of a class: its 4×4 colours, and noise by a seed."""

    def write(file: Path, class_number: int, seed: int) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        base = np.random.default_rng(class_number).integers(96, 160, (4, 4, 3))
        noise = np.random.default_rng(1000 + seed).normal(0, 60, (4, 4, 3))
        grid = np.clip(base + noise, 0, 255).astype(np.uint8)
        Image.fromarray(grid).resize((32, 32), Image.Resampling.NEAREST).save(file)
        return file

    return write


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Embedded:
    """Return a function that embeds ./art by colours, with rows of a metadata file if given."""
    monkeypatch.chdir(tmp_path)

    def run(
        facts: Mapping[str, str] | None = None, header: str = "", index: str | None = None
    ) -> Path:
        metadata = None
        if facts is not None:
            metadata = tmp_path / "facts.csv"
            lines = [f"filename,{header}", *(f"{name},{row}" for name, row in facts.items())]
            metadata.write_text("\n".join(lines) + "\n")
        options = EmbedOptions(model="colour:4x4", metadata=metadata, index=index)
        return embed_images(tmp_path / "art", options).index

    return run


@pytest.fixture
def three_classes(tmp_path: Path, paint_class: PaintClass, embedded: Embedded) -> Path:
    """Return a collection of three uneven classes with train, val and test."""
    sizes = {"train": (14, 9, 5), "val": (4, 3, 3), "test": (9, 7, 4)}
    seed = 0
    for split, counts in sizes.items():
        for class_number, count in enumerate(counts):
            for _ in range(count):
                seed += 1
                name = f"art/{split}/{'abc'[class_number]}/{seed:03}.png"
                paint_class(tmp_path / name, class_number, seed)
    return embedded()
