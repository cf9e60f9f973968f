"""A gallery that the tests of searching share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from artvec.commands.embed import EmbedOptions, embed_images

NAMES = [f"{style}/{n}.png" for style in ("old", "new") for n in range(15)]


@pytest.fixture
def gallery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paint: Callable[[Path, int], Path]
) -> Path:
    """Return the source of a collection of 30 pictures in ./indexes/art."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(NAMES):
        paint(tmp_path / "art" / name, seed)
    embed_images(tmp_path / "art", EmbedOptions(model="colour:4x4"))
    return tmp_path / "art"
