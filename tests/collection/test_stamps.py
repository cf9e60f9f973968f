"""Edits and renames that keep a file's size and time: in doubt, and only then, content decides."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from artvec.collection.reader import blocks, columns, open_collection
from artvec.commands.embed import (
    EmbedOptions,
    EmbedReport,
    dry_run,
    embed_images,
)
from artvec.commands.status import collection_status
from artvec.commands.verify import repair_collection, verify_collection
from artvec.images import byte_sources as reading_module
from artvec.images.byte_sources import reading
from artvec.images.find import find_images

NOON_NS = 1_577_880_000_000_000_000
Rgb = tuple[int, int, int]
NAMES = ("a/1.bmp", "a/2.bmp", "b/1.bmp", "b/3.bmp")
COLOURS: tuple[Rgb, ...] = ((250, 10, 20), (10, 240, 30), (20, 30, 230), (200, 200, 10))


def paint(file: Path, rgb: Rgb) -> None:
    """Write a picture of one colour; all such files have one size and one time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), rgb).save(file)
    os.utime(file, ns=(NOON_NS, NOON_NS))


@pytest.fixture
def art(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, rgb in zip(NAMES, COLOURS, strict=True):
        paint(tmp_path / "art" / name, rgb)
    return tmp_path / "art"


def run(art: Path) -> EmbedReport:
    return embed_images(art, EmbedOptions(model="colour:4x4", index="./c"))


def counts(report: EmbedReport) -> tuple[int, int, int]:
    return report.embedded, report.reused, report.failed


def check(art: Path) -> None:
    """Every row holds the colour of the file that has its name now."""
    collection = open_collection(Path("c"))
    paths = columns(collection, ["path"]).column("path").to_pylist()
    stored = dict(zip(paths, np.concatenate(list(blocks(collection))), strict=True))
    there = {file.relative_to(art).as_posix(): file for file in art.rglob("*.bmp")}
    assert stored.keys() == there.keys()
    for path, file in there.items():
        with Image.open(file) as image:
            rgb = np.array(image.convert("RGB").getpixel((0, 0)), dtype=np.float32)
        assert np.allclose(stored[path], np.tile((rgb - 127.5) / 127.5, 16)), path


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(order=st.permutations(range(4)))
def test_files_that_swap_their_names_keep_their_vectors(art: Path, order: list[int]) -> None:
    for name, rgb in zip(NAMES, COLOURS, strict=True):
        paint(art / name, rgb)
    run(art)
    for number, name in enumerate(NAMES):
        (art / name).rename(art / f"{number}.held")
    for name, number in zip(NAMES, order, strict=True):
        (art / f"{number}.held").rename(art / name)
    moved = [name for place, name in enumerate(NAMES) if order[place] != place]
    assert sorted(collection_status(Path("c")).stale) == moved
    assert counts(run(art)) == (0, 4, 0)
    check(art)
    assert collection_status(Path("c")).complete


def change_in_place(art: Path) -> None:
    file = art / NAMES[0]
    with file.open("r+b") as handle:
        handle.seek(54)
        handle.write(bytes([1, 2, 3]) * 256)
    os.utime(file, ns=(NOON_NS, NOON_NS))


def replace_by_another(art: Path) -> None:
    paint(art.parent / "other.bmp", (3, 2, 1))
    (art.parent / "other.bmp").replace(art / NAMES[0])


def link_to_another(art: Path) -> None:
    paint(art.parent / "other.bmp", (3, 2, 1))
    (art / NAMES[0]).unlink()
    (art / NAMES[0]).hardlink_to(art.parent / "other.bmp")


def retarget(art: Path) -> None:
    """Let a symbolic link, which stood for the same bytes before, stand for others."""
    paint(art.parent / "other.bmp", (3, 2, 1))
    (art / NAMES[0]).unlink()
    (art / NAMES[0]).symlink_to(art.parent / "other.bmp")


CHANGES = (change_in_place, replace_by_another, link_to_another, retarget)


@pytest.mark.parametrize("change", CHANGES)
def test_another_content_of_equal_size_and_time_is_embedded(
    art: Path, change: Callable[[Path], None]
) -> None:
    run(art)
    change(art)
    assert collection_status(Path("c")).stale == (NAMES[0],)
    rehearsed = dry_run(art, EmbedOptions(model="colour:4x4", index="./c"))
    assert (rehearsed.embedded, rehearsed.reused) == (1, 3)
    assert counts(run(art)) == (1, 3, 0)
    check(art)
    assert collection_status(Path("c")).complete


def give_other_rights(art: Path) -> None:
    for file in art.rglob("*.bmp"):
        file.chmod(0o640)


def hard_link(art: Path) -> None:
    (art.parent / "backup").hardlink_to(art / NAMES[0])


def restore(art: Path) -> None:
    """Bring the whole folder back from a copy: other inodes, other times of change."""
    shutil.copytree(art, art.parent / "copy")
    shutil.rmtree(art)
    (art.parent / "copy").rename(art)


@pytest.mark.parametrize("change", [give_other_rights, hard_link, restore])
def test_content_that_stayed_is_read_once_and_not_embedded(
    art: Path, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(art)
    change(art)
    assert collection_status(Path("c")).complete
    assert counts(run(art)) == (0, 4, 0)
    check(art)
    monkeypatch.setattr(reading_module, "FileStream", None)  # whoever reads a picture now, fails
    assert counts(run(art)) == (0, 4, 0)


def without_stamps(index: Path) -> None:
    """Make a collection what earlier versions left: no stamps."""
    (index / "stamps.npy").unlink()
    fields = json.loads((index / "collection.json").read_bytes())
    del fields["files"]["stamps.npy"], fields["sha256"]
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
    (index / "collection.json").write_text(json.dumps({**fields, "sha256": digest}, indent=1))


def test_a_collection_without_stamps_gets_them_and_notices_what_changed(art: Path) -> None:
    run(art)
    without_stamps(Path("c"))
    assert collection_status(Path("c")).complete
    change_in_place(art)
    assert collection_status(Path("c")).stale == (NAMES[0],)
    assert counts(run(art)) == (1, 3, 0)
    check(art)
    assert verify_collection(Path("c")).complete
    assert (Path("c") / "stamps.npy").is_file()


def test_damaged_stamps_prove_nothing(art: Path) -> None:
    run(art)
    file = Path("c/stamps.npy")
    data = file.read_bytes()
    change_in_place(art)
    file.write_bytes(data[:-8] + bytes(8))
    assert verify_collection(Path("c")).damaged == ("stamps.npy",)
    repair_collection(Path("c"))
    check(art)
    assert verify_collection(Path("c")).complete


def test_stamps_that_lag_behind_never_hide_a_change(art: Path) -> None:
    run(art)
    old = Path("c/stamps.npy").read_bytes()
    change_in_place(art)
    run(art)
    Path("c/stamps.npy").write_bytes(old)  # as if the run had been killed before it wrote them
    (art / NAMES[1]).rename(art / "held")
    (art / NAMES[0]).rename(art / NAMES[1])
    (art / "held").rename(art / NAMES[0])
    assert counts(run(art)) == (0, 4, 0)
    check(art)


def test_a_broken_file_that_is_mended_in_place_is_embedded(art: Path) -> None:
    file = art / NAMES[0]
    whole = file.read_bytes()
    file.write_bytes(b"BM" + bytes(len(whole) - 2))
    os.utime(file, ns=(NOON_NS, NOON_NS))
    assert counts(run(art)) == (3, 0, 1)
    assert counts(run(art)) == (0, 3, 1)
    file.write_bytes(whole)
    os.utime(file, ns=(NOON_NS, NOON_NS))
    assert counts(run(art)) == (1, 3, 0)
    check(art)


def test_a_row_stays_whose_file_goes_before_it_can_be_compared(
    art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(art)
    give_other_rights(art)
    listed = find_images(art)
    monkeypatch.setattr("artvec.commands.embed.preparation.find_images", lambda *_, **__: listed)
    (art / NAMES[0]).rename("held.bmp")
    report = run(art)
    assert (report.embedded, report.removed, report.failed) == (0, 0, 1)
    assert "1 rows were kept whose file or folder can't be reached now" in report.notes
    Path("held.bmp").rename(art / NAMES[0])
    assert counts(run(art)) == (0, 4, 0)
    check(art)


def test_a_change_right_after_reading_shows_in_the_stamp(tmp_path: Path) -> None:
    """A clock that ticks 100 times a second gives one time to changes within a tick."""
    file = tmp_path / "a.bmp"
    for _ in range(20):
        paint(file, (1, 2, 3))
        with reading(str(file), max_bytes=1 << 20) as content:
            pass
        with file.open("r+b") as handle:
            handle.write(b"BM")
        os.utime(file, ns=(NOON_NS, NOON_NS))
        assert content.ctime_ns not in (0, file.stat().st_ctime_ns)
        assert content.inode == file.stat().st_ino


def test_a_time_in_whole_seconds_is_not_trusted_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that keeps whole seconds gives one time to all changes of a second."""
    paint(tmp_path / "a.bmp", (1, 2, 3))

    def stored_ctime_ns(age_ns: int) -> int:
        status = (tmp_path / "a.bmp").stat()
        second_ns = status.st_ctime_ns // 10**9 * 10**9
        told = SimpleNamespace(
            st_mode=status.st_mode,
            st_size=status.st_size,
            st_mtime_ns=status.st_mtime_ns,
            st_ctime_ns=second_ns,
            st_ino=status.st_ino,
        )
        monkeypatch.setattr(reading_module.FileStream, "status", lambda _: told)
        monkeypatch.setattr(time, "time_ns", lambda: second_ns + age_ns)
        with reading(str(tmp_path / "a.bmp"), max_bytes=1 << 20) as content:
            return content.ctime_ns

    assert stored_ctime_ns(1_500_000_000) == 0
    assert stored_ctime_ns(2_500_000_000) > 0
    assert stored_ctime_ns(-60_000_000_000) == 0  # a server's clock that is ahead of ours
