"""A painted gallery that the tests of duplicates share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from artvec.commands.data.demo import paint_demo


@pytest.fixture(scope="session")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Paint five scenes in ten styles each: 50 different pictures, hard to tell apart."""
    folder = tmp_path_factory.mktemp("painted") / "gallery"
    paint_demo(folder, seed=7, scenes=5)
    return folder


@pytest.fixture
def gallery(painted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the gallery into ./art of the test's folder."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(painted, tmp_path / "art"))
