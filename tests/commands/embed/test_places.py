"""What lies in folders besides pictures: pipes, devices, links, and what may not be read."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.ipc
import pytest
from PIL import Image

from artvec.core.types import Decoded, Preprocessing, Recognised, Skipped
from artvec.images import byte_sources
from artvec.images.decode import decode_sample
from artvec.images.find import find_images, sample_of
from tests.support.hostile.pictures import PICTURE

WANTED = Preprocessing(8, 8, "squash", "bicubic", (0.5,) * 3, (0.5,) * 3)


def _embed(place: Path, *flags: str, prefix: tuple[str, ...] = ()) -> dict[str, Any]:
    command = [*prefix, sys.executable, "-m", "artvec_cli", "embed", "art", "-m", "colour:4x4"]
    done = subprocess.run(
        [*command, "--json", *flags], cwd=place, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _reasons(report: dict[str, Any]) -> dict[str, str]:
    return {failure["path"]: failure["reason"] for failure in report["failures"]}


def _paths(place: Path) -> set[str]:
    shards = (place / "indexes/art/shards").glob("*.arrow")
    tables = [pyarrow.ipc.open_file(str(shard)).read_all() for shard in shards]
    return {path for table in tables for path in table.column("path").to_pylist()}


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """Return a folder `art` with one good picture."""
    (tmp_path / "art").mkdir()
    PICTURE.save(tmp_path / "art/good.png")
    return tmp_path / "art"


def test_what_is_no_file_is_never_opened(art: Path) -> None:
    """A FIFO or a device that is opened would keep the run waiting or reading for ever."""
    os.mkfifo(art / "pipe.jpg")
    (art / "zero.png").symlink_to("/dev/zero")
    (art / "terminal.png").symlink_to("/dev/tty")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(art)  # a socket's address must be short
        server.bind("socket.gif")
        os.chdir(here)
        report = _embed(art.parent)
    special = ("pipe.jpg", "zero.png", "terminal.png", "socket.gif")
    assert _reasons(report) == dict.fromkeys(special, "not_an_image")
    assert _paths(art.parent) == {"good.png"}


def test_links_loops_hidden_files_and_folders_called_like_pictures(art: Path) -> None:
    place = art.parent
    (place / "outside").mkdir()
    PICTURE.rotate(90).save(place / "outside/far.png")
    (art / "out").symlink_to(place / "outside")
    (art / "far-link.png").symlink_to(place / "outside/far.png")
    os.link(art / "good.png", art / "hard.png")
    (art / "broken.png").symlink_to("nowhere.png")
    (art / "self.png").symlink_to("self.png")
    (art / "up").symlink_to(art)
    (art / "ping.png").symlink_to("pong.png")
    (art / "pong.png").symlink_to("ping.png")
    (art / "folder.jpg").mkdir()
    PICTURE.save(art / "folder.jpg/inside.png")
    for hidden in ("._good.png", ".hidden.png"):
        shutil.copy(art / "good.png", art / hidden)
    (art / ".thumbs").mkdir()
    shutil.copy(art / "good.png", art / ".thumbs/good.png")
    report = _embed(place)
    assert _paths(place) == {
        "good.png", "hard.png", "far-link.png", "out/far.png", "folder.jpg/inside.png"
    }  # fmt: skip
    assert _reasons(report) == {
        "broken.png": "vanished",
        "self.png": "unreadable",
        "ping.png": "unreadable",
        "pong.png": "unreadable",
        "up": "unreadable",
    }
    assert report["found"] == report["embedded"] + report["reused"] + report["failed"] == 10


def test_names_that_are_no_utf_8_and_names_that_collide(art: Path) -> None:
    data = (art / "good.png").read_bytes()
    root = os.fsencode(art)
    for number, name in enumerate((b"caf\xe9.png", b"\\xff.png", b"\xff.png", b"\xed\xa0\x80.png")):
        with open(root + b"/" + name, "wb") as handle:  # noqa: PTH123 - pathlib takes no bytes
            handle.write(data + bytes([number]))
    report = _embed(art.parent)
    paths = {"good.png", r"caf\xe9.png", r"\xff.png", r"\xed\xa0\x80.png"}
    assert _paths(art.parent) == paths
    assert _reasons(report) == {r"\xff.png": "bad_name"}


def test_folders_may_nest_deeper_than_python_can_call(art: Path) -> None:
    """1,500 folders below each other; the path still fits into what Linux opens in one go."""
    deep = str(art)
    for _ in range(1_500):
        deep += "/d"
        os.mkdir(deep)  # noqa: PTH102
    shutil.copy(art / "good.png", f"{deep}/deep.png")
    try:
        names = [sample.path.rpartition("/")[2] for sample in find_images(art).samples]
        assert names == ["deep.png", "good.png"]
        report = _embed(art.parent)
        assert (report["found"], report["failed"]) == (2, 0)
    finally:  # pytest's own way of tidying up calls itself for every folder
        subprocess.run(["rm", "-r", str(art / "d")], check=True)


def _unprivileged() -> tuple[str, ...]:
    """Whom permissions stop: anybody but root, so root goes without that privilege."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv, with which root puts its privileges aside")
    rights = "-dac_override,-dac_read_search"
    return ("setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}")


def test_what_may_not_be_read_is_unreadable_and_tried_again(art: Path) -> None:
    shutil.copy(art / "good.png", art / "locked.png")
    (art / "closed").mkdir()
    shutil.copy(art / "good.png", art / "closed/x.png")
    (art / "locked.png").chmod(0)
    (art / "closed").chmod(0)
    try:
        report = _embed(art.parent, prefix=_unprivileged())
        assert _paths(art.parent) == {"good.png"}
        assert _reasons(report) == {"locked.png": "unreadable", "closed": "unreadable"}
    finally:
        (art / "closed").chmod(0o755)
        (art / "locked.png").chmod(0o644)
    assert _embed(art.parent, prefix=_unprivileged())["embedded"] == 2


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "a.png"
    PICTURE.save(file)
    return file


def _other(file: Path) -> bytes:
    other = file.with_name("other.png")
    Image.new("RGB", (7, 5), "blue").save(other)
    return other.read_bytes()


def test_a_file_that_vanishes_after_it_was_found(picture: Path) -> None:
    sample = sample_of(picture)
    picture.unlink()
    seen = decode_sample(sample, WANTED, "fast")
    assert isinstance(seen, Skipped)
    assert (seen.stage, seen.reason) == ("read", "vanished")


def test_a_file_that_became_a_pipe_is_not_waited_for(picture: Path) -> None:
    sample = sample_of(picture)
    picture.unlink()
    os.mkfifo(picture)
    seen = decode_sample(sample, WANTED, "fast")
    assert isinstance(seen, Skipped)
    assert (seen.stage, seen.reason) == ("read", "not_an_image")


def test_a_file_changed_after_it_was_found_has_the_stamp_of_what_was_read(picture: Path) -> None:
    """Else the next run would take the row for that of the file as it was found."""
    sample = sample_of(picture)
    picture.write_bytes(_other(picture))
    os.utime(picture, ns=(1, 2_000_000_000))
    seen = decode_sample(sample, WANTED, "fast")
    assert isinstance(seen, Decoded)
    assert (seen.fingerprint.width, seen.fingerprint.height) == (7, 5)
    assert (seen.sample.size_bytes, seen.sample.mtime_ns) == (
        picture.stat().st_size,
        2_000_000_000,
    )
    known = decode_sample(sample, WANTED, "fast", known={seen.fingerprint.content_hash})
    assert isinstance(known, Recognised)
    assert known.sample == seen.sample


@pytest.fixture
def written_meanwhile(picture: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Change the file once it has been opened and looked at, before its bytes are used."""
    content = byte_sources._content
    other = _other(picture)

    def changed(*arguments: Any) -> Any:
        made = content(*arguments)
        picture.write_bytes(other)
        return made

    monkeypatch.setattr(byte_sources, "_content", changed)
    yield picture


@pytest.mark.parametrize("in_memory", [0, 1 << 24], ids=["streamed", "in memory"])
def test_a_file_that_changes_while_it_is_read_yields_nothing(
    written_meanwhile: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int
) -> None:
    monkeypatch.setattr(byte_sources, "IN_MEMORY_BYTES", in_memory)
    seen = decode_sample(sample_of(written_meanwhile), WANTED, "fast")
    assert isinstance(seen, Skipped)
    assert (seen.stage, seen.reason) == ("read", "unreadable")
    assert "changed" in seen.message


def test_rewriting_without_end_never_mixes_two_pictures(tmp_path: Path) -> None:
    """A thread swaps red and blue all the while; what is read is one of both, or nothing."""
    file, hashes = tmp_path / "a.bmp", {}
    contents = []
    for colour in ("red", "blue"):
        Image.new("RGB", (300, 200), colour).save(file)
        contents.append(file.read_bytes())
        hashes[hashlib.sha256(contents[-1]).digest()] = colour
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for content in contents:
                file.write_bytes(content)
                stop.wait(0.002)  # else hardly a reader ever meets a whole file

    writer = threading.Thread(target=swap)
    writer.start()
    colours: set[str] = set()
    reads, until = 0, time.monotonic() + 60
    try:
        while reads < 150 or (len(colours) < 2 and time.monotonic() < until):
            reads += 1
            seen = decode_sample(sample_of(file), WANTED, "fast")
            if isinstance(seen, Decoded):
                colour = hashes[seen.fingerprint.content_hash]
                colours.add(colour)
                wanted = {"red": [255, 0, 0], "blue": [0, 0, 255]}[colour]
                assert (seen.pixels == wanted).all()
    finally:
        stop.set()
        writer.join()
    assert colours == {"red", "blue"}
