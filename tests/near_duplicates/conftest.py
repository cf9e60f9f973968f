"""The committed gallery: five scenes in ten styles, 50 different pictures hard to tell apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

PICTURES = Path(__file__).parents[2] / "indexes/demo/pictures"


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the gallery into ./art of the test's folder."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(PICTURES, tmp_path / "art", ignore=shutil.ignore_patterns("*.md"))
