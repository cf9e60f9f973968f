"""Fixtures of training: small pictures whose colour tells their class, embedded once."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artvec.commands.embed import EmbedOptions, embed_images
from tests.support.command_line import run_here

CLASSES = ("blue", "green", "red")
OF_A_CLASS = 15


def speckled(code: int, seed: int) -> Image.Image:
    """Return a 36 × 40 picture of noise in which one channel is a little stronger."""
    rng = np.random.default_rng((code, seed))
    pixels = rng.integers(0, 200, (36, 40, 3))
    pixels[..., 2 - code] += 55
    return Image.fromarray(pixels.astype(np.uint8))


@pytest.fixture(scope="session")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `speckles/` (3 classes of 15) and its collection by `simple_cnn`."""
    place = tmp_path_factory.mktemp("painted")
    for code, name in enumerate(CLASSES):
        (place / "speckles" / name).mkdir(parents=True)
        for seed in range(OF_A_CLASS):
            speckled(code, seed).save(place / "speckles" / name / f"{seed:02}.png")
    assert run_here("embed", "speckles", "-m", "simple_cnn", "-q", cwd=place).code == 0
    return place


@pytest.fixture
def here(painted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of the painted folder and its collection."""
    shutil.copytree(painted, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    embed_images(Path("speckles"), EmbedOptions(index="speckles", relink=True))
    return tmp_path / "here"
