"""`collection.json`: trusted only as it was written, and only in the version we know."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artvec.collection.manifest import read_manifest
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.core.errors import ArtvecError


@pytest.fixture
def index(
    tmp_path: Path, paint: Callable[[Path, int], Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.chdir(tmp_path)
    paint(tmp_path / "art/a.png", 1)
    return embed_images(tmp_path / "art", EmbedOptions(model="colour:4x4")).index


def rewrite(index: Path, *, sign: bool, **changes: Any) -> None:
    """Edit the manifest by hand, with or without a matching checksum."""
    file = index / "collection.json"
    fields = {**json.loads(file.read_bytes()), **changes}
    if sign:
        rest = {name: value for name, value in fields.items() if name != "sha256"}
        fields["sha256"] = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    file.write_text(json.dumps(fields))


def test_an_edited_manifest_is_refused(index: Path) -> None:
    rewrite(index, sign=False, rows=99)
    with pytest.raises(ArtvecError, match="doesn't match its own checksum"):
        read_manifest(index)


def test_another_format_version_is_refused_with_the_way_out(index: Path) -> None:
    rewrite(index, sign=True, format_version=2)
    with pytest.raises(ArtvecError, match="format version 2; this artvec reads version 1") as error:
        read_manifest(index)
    assert error.value.hint


@pytest.mark.parametrize("name", ["../../secret.arrow", "/etc/passwd", "000000-abc.arrow", ""])
def test_shards_lie_inside_the_collection(index: Path, name: str) -> None:
    shard = {"name": name, "sha256": "", "size_bytes": 1, "rows": 1, "pending": False}
    rewrite(index, sign=True, shards=[shard])
    with pytest.raises(ArtvecError, match="a shard is called"):
        read_manifest(index)


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", '{"format_version": 1}'])
def test_junk_is_damaged_not_a_traceback(index: Path, text: str) -> None:
    (index / "collection.json").write_text(text)
    with pytest.raises(ArtvecError, match="is damaged"):
        read_manifest(index)
