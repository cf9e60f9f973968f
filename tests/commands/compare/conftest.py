"""Fixtures of the comparison's tests: one small gallery, embedded by two encoders."""

from __future__ import annotations

from pathlib import Path

import pytest

from artvec.commands.embed import EmbedOptions, embed_images
from tests.support.galleries import colours, gallery


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ./art, and ./indexes/art (colours) and ./indexes/art-cnn (the small CNN)."""
    place = tmp_path_factory.mktemp("workshop")
    art = gallery(place / "art")
    colours(art, place / "indexes/art")
    embed_images(art, EmbedOptions("simple_cnn", str(place / "indexes/art-cnn")))
    return place


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own folder, with a gallery in ./art."""
    monkeypatch.chdir(tmp_path)
    gallery(tmp_path / "art")
    return tmp_path
