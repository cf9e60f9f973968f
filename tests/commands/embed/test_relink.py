"""A source that was moved is linked to its collection again; nothing is embedded for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Paint = Callable[[Path, int], Path]


@pytest.fixture
def moved(tmp_path: Path, paint: Paint, artvec: Run) -> Path:
    """Return a folder in which `old` was embedded as `art`, then copied to `new` and deleted."""
    for n in range(6):
        paint(tmp_path / f"old/{'ab'[n % 2]}/{n}.png", n)
    assert artvec("embed", "old", "-i", "art", "-m", "colour:4x4", "-q").code == 0
    shutil.copytree(tmp_path / "old", tmp_path / "new", copy_function=shutil.copyfile)
    shutil.rmtree(tmp_path / "old")
    return tmp_path


def test_the_refusal_names_the_command_and_it_works(moved: Path, paint: Paint, artvec: Run) -> None:
    refused = artvec("embed", "new", "-i", "art")
    assert refused.code == 2
    command = "artvec embed new -i indexes/art --relink"
    assert f"hint: if it was moved there: {command}; " in refused.err
    paint(moved / "new/a/more.png", 9)
    before = (moved / "indexes/art/collection.json").read_bytes()
    foretold = artvec("embed", "new", "-i", "art", "--relink", "--dry-run", "--json").json
    assert (foretold["embedded"], foretold["reused"], foretold["removed"]) == (1, 6, 0)
    assert (moved / "indexes/art/collection.json").read_bytes() == before
    done = artvec(*command.split()[1:], "--json").json
    assert (done["embedded"], done["reused"], done["removed"], done["failed"]) == (1, 6, 0, 0)
    status = artvec("status", "--json").json
    assert (status["complete"], status["source"]) == (True, str(moved / "new"))
    assert artvec("embed", "new", "-i", "art", "--json").json["reused"] == 7
    hits = artvec("search", "a/0.png", "-k", "1", "--json").json["queries"][0]["hits"]
    assert hits[0]["file"] == str(moved / "new/a/0.png")


def test_another_folder_is_not_taken_for_the_moved_one(
    moved: Path, paint: Paint, artvec: Run
) -> None:
    paint(moved / "other/a/0.png", 77)
    before = (moved / "indexes/art/collection.json").read_bytes()
    refused = artvec("embed", "other", "-i", "art", "--relink")
    assert refused.code == 2
    assert "error: other holds the pictures of 0 of 6 rows: it is another source" in refused.err
    assert (moved / "indexes/art/collection.json").read_bytes() == before


def test_nothing_is_said_of_moving_while_the_old_place_exists(
    moved: Path, paint: Paint, artvec: Run
) -> None:
    paint(moved / "old/a/0.png", 0)
    refused = artvec("embed", "new", "-i", "art")
    assert refused.code == 2
    assert "--relink" not in refused.err
