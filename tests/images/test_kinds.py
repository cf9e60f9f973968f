"""Every kind of file in one folder, one run of the real command line, every row looked at."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.ipc
import pytest

from tests.support.hostile.kinds import KINDS, Kind, table
from tests.support.hostile.pictures import Seen

DOCUMENT = Path(__file__).parents[2] / "docs" / "messy-input.md"


@dataclass(frozen=True)
class Run:
    """A folder of every kind, embedded."""

    place: Path
    report: dict[str, Any]
    rows: dict[str, dict[str, Any]]
    reasons: dict[str, str]
    errors: str


def _artvec(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "artvec_cli", *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=300)


def _path(kind: Kind) -> str:
    return f"{kind.group}/{kind.name}"


def _rows(collection: Path) -> dict[str, dict[str, Any]]:
    rows = []
    for shard in (collection / "shards").glob("*.arrow"):
        rows += pyarrow.ipc.open_file(str(shard)).read_all().to_pylist()
    assert len({row["path"] for row in rows}) == len(rows)
    return {row["path"]: row for row in rows}


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    place = tmp_path_factory.mktemp("kinds")
    for kind in KINDS:
        file = place / "art" / _path(kind)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(kind.made())
    done = _artvec(place, "embed", "art", "-m", "colour:4x4", "--json", "--verbose")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    reasons = {failure["path"]: failure["reason"] for failure in report["failures"]}
    return Run(place, report, _rows(place / "indexes/art"), reasons, done.stderr)


def test_there_are_over_a_hundred_kinds_with_names_of_their_own() -> None:
    assert len(KINDS) > 100
    assert len({_path(kind) for kind in KINDS}) == len(KINDS)


def _quarters(row: dict[str, Any]) -> np.ndarray:
    grid = np.array(row["colour"], dtype=float).reshape(4, 4, 3)
    return grid.reshape(2, 2, 2, 2, 3).mean(axis=(1, 3))


@pytest.mark.parametrize("kind", KINDS, ids=[ascii(_path(kind)) for kind in KINDS])
def test_becomes_what_it_must(embedded: Run, kind: Kind) -> None:
    """Its own bytes, its size as displayed, its quarters in their colours; else its reason."""
    path = _path(kind)
    if not isinstance(kind.expected, Seen):
        assert path not in embedded.rows
        assert embedded.reasons[path] == kind.expected
        return
    assert embedded.reasons.get(path) is None
    row = embedded.rows[path]
    data = (embedded.place / "art" / path).read_bytes()
    assert row["content_hash"] == hashlib.sha256(data).digest()
    assert row["size_bytes"] == len(data)
    assert (row["width"], row["height"]) == kind.expected.size
    off = np.abs(_quarters(row) - kind.expected.quarters)
    assert off.max() <= kind.expected.within + 0.5, _quarters(row).round().tolist()
    vector = np.array(row["embedding"]).reshape(4, 4, 3)
    corners = vector[::3, ::3] - vector.min()
    expected = kind.expected.quarters - kind.expected.quarters.min()
    if expected.max() > 0:
        scaled = corners / corners.max() * expected.max()
        assert np.abs(scaled - expected).max() <= 2 * kind.expected.within + 3


def test_every_file_is_accounted_for(embedded: Run) -> None:
    report = embedded.report
    assert report["found"] == len(KINDS)
    assert report["found"] == report["embedded"] + report["reused"] + report["failed"]
    assert set(embedded.rows) | set(embedded.reasons) == {_path(kind) for kind in KINDS}
    assert not set(embedded.rows) & set(embedded.reasons)


def test_every_fixed_reason_of_content_occurs(embedded: Run) -> None:
    reasons = Counter(embedded.reasons.values())
    assert set(reasons) == {
        "empty", "not_an_image", "truncated", "corrupt", "too_large", "unsupported_mode"
    }  # fmt: skip


def test_nothing_but_notes_is_said(embedded: Run) -> None:
    """No library's warning comes in between, and names can't act on the terminal."""
    lines = embedded.errors.splitlines()
    assert [line for line in lines if not line.startswith("note: ")] == []
    told = [line for line in lines if line.startswith("note: skipped ")]
    assert len(told) == embedded.report["failed"]
    assert "\x1b" not in embedded.errors


def test_the_refusal_of_a_large_picture_names_its_size_and_the_flag(embedded: Run) -> None:
    (message,) = (
        f["message"] for f in embedded.report["failures"] if f["path"].endswith("/bomb.png")
    )
    assert "3,600,000,000 pixels" in message
    assert "--max-pixels 3600000000" in message


def test_a_second_run_reuses_everything_and_decodes_nothing(embedded: Run) -> None:
    again = json.loads(_artvec(embedded.place, "embed", "art", "--json").stdout)
    assert (again["embedded"], again["reused"]) == (0, embedded.report["embedded"])
    assert {f["path"]: f["reason"] for f in again["failures"]} == embedded.reasons
    assert again["stages"]["decode"] < 0.5
    strict = _artvec(embedded.place, "embed", "art", "--strict", "-q")
    assert strict.returncode == 1
    assert strict.stderr.count("\n") == 2


def test_the_document_tells_what_becomes_of_every_kind() -> None:
    """Mend it with: python tests/hostile/kinds.py, below its first heading's text."""
    assert DOCUMENT.read_text().endswith(table())
