"""Two collections of the same labelled pictures that the tests of the library share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import artvec
from tests.conftest import picture

STYLES = ("baroque", "cubist", "romantic")


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `paintings/` of 36 pictures in three styles, one of them twice.

    `indexes/paintings` and `indexes/plain` are made of them: by the default encoder, by colours.
    """
    home = tmp_path_factory.mktemp("gallery")
    lines = ["filename,year"]
    for number in range(36):
        style = STYLES[number % 3]
        file = home / f"paintings/{('train', 'test')[number % 4 == 3]}/{style}/{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        image = picture(number if number < 34 else 0)
        tint = image.point(lambda value, by=number % 3: value // (1 + by))
        tint.save(file)
        lines.append(f"{file.name},{1600 + 10 * number}")
    (home / "years.csv").write_text("\n".join(lines) + "\n")
    for name, model in (("paintings", None), ("plain", "colour:4x4")):
        artvec.embed(
            home / "paintings",
            model,
            index=home / f"indexes/{name}",
            metadata=home / "years.csv",
        ).close()
    return home


@pytest.fixture
def at_home(gallery: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in the gallery's folder, where names of collections are known."""
    monkeypatch.chdir(gallery)
    return gallery


@pytest.fixture
def paintings(at_home: Path) -> Iterator[artvec.Collection]:
    """Yield the collection of the default encoder, opened by its name."""
    assert not os.environ.get("ARTVEC_INDEXES")
    with artvec.open("paintings") as opened:
        yield opened


@pytest.fixture
def plain(at_home: Path) -> Iterator[artvec.Collection]:
    """Yield the collection of colours, opened by its path."""
    with artvec.open("indexes/plain") as opened:
        yield opened
