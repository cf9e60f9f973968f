"""The world fails around a run: disks fill up, sources vanish, others write, someone says stop."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artvec.collection.reader import columns, open_collection
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.search import search_collection
from artvec.commands.verify import verify_collection
from artvec.core.errors import ArtvecError

Run = Callable[..., Any]
EMBED = ("embed", "art", "-m", "colour:4x4")


def paint(folder: Path, numbers: range) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for n in numbers:
        pixels = np.random.default_rng(n).integers(0, 255, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{n:04d}.bmp")


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Return a function that mounts something below the test's folder, for its duration."""
    mounted = []

    def at(name: str, *arguments: str) -> Path:
        place = tmp_path / name
        place.mkdir(exist_ok=True)
        done = subprocess.run(["mount", *arguments, place], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"mounting needs more rights than this process has: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield at
    for place in mounted:
        subprocess.run(["umount", "-l", place], capture_output=True)


def one_error(err: str) -> str:
    """Check that a failure was told in one error line and one hint, and return the error."""
    lines = [line for line in err.splitlines() if not line.startswith("note: ")]
    assert [line.partition(":")[0] for line in lines] == ["error", "hint"], err
    return lines[0]


def test_a_full_disk_loses_no_shard(tmp_path: Path, mount: Run, artvec: Run) -> None:
    paint(tmp_path / "art", range(4000))
    disk = mount("indexes", "-t", "tmpfs", "-o", "size=900k", "tmpfs")
    full = artvec(*EMBED)
    assert full.code == 1
    assert "No space left on device" in one_error(full.err)
    assert not list(disk.rglob(".*.arrow.partial"))
    kept = json.loads((disk / "art/collection.json").read_bytes())
    rows = sum(shard["rows"] for shard in kept["shards"])
    assert rows in (1024, 2048)
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    done = artvec(*EMBED, "--json").json
    assert (done["reused"], done["embedded"]) == (rows, 4000 - rows)
    assert verify_collection(disk / "art").complete
    subprocess.run(["mount", "-o", "remount,size=3m", disk], check=True)
    export = artvec("export", "-i", "art", "--format", "csv", "-o", disk / "all.csv")
    assert export.code == 1
    assert "No space left on device" in one_error(export.err)
    assert [file.name for file in disk.iterdir()] == ["art"]


def test_a_disk_that_cannot_be_written_to_can_be_searched(
    tmp_path: Path, mount: Run, artvec: Run
) -> None:
    paint(tmp_path / "art", range(10))
    disk = mount("indexes", "-t", "tmpfs", "tmpfs")
    assert artvec(*EMBED).code == 0
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    paint(tmp_path / "art", range(10, 12))
    assert "Read-only file system" in one_error(artvec(*EMBED).err)
    assert artvec("search", "art/0003.bmp", "-k", "1").out.count("0003.bmp") == 1
    assert artvec("verify").code == 1  # two pictures are missing; reading needs no lock
    assert artvec("export", "--format", "csv").code == 0


def test_a_source_unmounted_in_the_middle_of_a_run(
    tmp_path: Path, mount: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paint(tmp_path / "disk", range(3000))
    place = mount("art", "--bind", str(tmp_path / "disk"))

    def unplug(done: int, total: int) -> None:
        if done > 1500 and any(place.iterdir()):
            subprocess.run(["umount", "-l", place], check=True)

    options = EmbedOptions("colour:4x4", batch_size=32)
    first = embed_images(place, options, unplug)
    assert first.embedded >= 1500
    assert {failure.reason for failure in first.failures} == {"vanished"}
    with pytest.raises(ArtvecError, match=r"no images under .*; its collection was left as it is"):
        embed_images(place, options)
    mount("art", "--bind", str(tmp_path / "disk"))
    second = embed_images(place, options)
    assert (second.reused, second.embedded) == (first.embedded, 3000 - first.embedded)
    assert verify_collection(second.index).complete


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stopped_politely(tmp_path: Path, artvec: Run, sent: int, code: int) -> None:
    paint(tmp_path / "art", range(4000))
    process = start(tmp_path)
    wait_for_shards(tmp_path / "indexes/art", 1)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (
        code,
        "stopped; whole shards are kept, and the next run goes on from there\n",
    )
    assert artvec(*EMBED, "--json").json["reused"] >= 1024


def test_stopped_while_it_starts(tmp_path: Path) -> None:
    for wait_s in (0.02, 0.05, 0.1, 0.2):
        process = start(tmp_path, "--help")
        time.sleep(wait_s)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        # The first is Python itself, on its way to our first line.
        assert wait_s == 0.02 or "artvec_cli" not in errors, errors


@pytest.mark.parametrize("held", ["pass", "condition.wait(0)"])
def test_a_stop_leaves_no_lock_behind(held: str) -> None:
    """Signals come while a condition is taken, waited for and given back."""
    script = f"""
import os, signal, threading, time
from artvec_cli.signals import stop_in_good_order
lock = threading.Lock()
condition = threading.Condition(lock)
def interrupt():
    time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGINT)
for _ in range(30):
    received = stop_in_good_order()
    try:
        threading.Thread(target=interrupt).start()
        while True:
            with condition:
                {held}
    except KeyboardInterrupt:
        assert received == [signal.SIGINT] and not lock.locked()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def start(cwd: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "artvec_cli", *(arguments or EMBED)]
    return subprocess.Popen(
        command, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_for_shards(index: Path, count: int) -> None:
    while len(list(index.glob("shards/*.arrow"))) < count:
        time.sleep(0.005)


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path, artvec: Run) -> None:
    paint(tmp_path / "art", range(3000))
    first = start(tmp_path)
    wait_for_shards(tmp_path / "indexes/art", 1)
    first.send_signal(signal.SIGSTOP)
    second = artvec(*EMBED)
    assert second.code == 1
    assert re.search(rf"is being written to by process {first.pid} on ", one_error(second.err))
    first.send_signal(signal.SIGCONT)
    assert first.wait(timeout=60) == 0
    assert open_collection(tmp_path / "indexes/art").rows == 3000


def test_readers_are_never_disturbed_by_a_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paint(tmp_path / "art", range(1100))
    options = EmbedOptions("colour:4x4")
    index = embed_images(tmp_path / "art", options).index
    failures: list[BaseException] = []
    running = threading.Event()
    running.set()

    def read() -> None:
        while running.is_set():
            try:
                hits = search_collection(index, ["0007.bmp"]).queries[0].hits
                rows = columns(open_collection(index), ["path"]).column("path").to_pylist()
                assert len(hits) == 5 and len(rows) == len(set(rows))
            except BaseException as error:
                failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for start_at in range(0, 60, 10):
        (tmp_path / f"art/{100 + start_at:04d}.bmp").unlink()
        paint(tmp_path / "art", range(2000 + start_at, 2010 + start_at))
        embed_images(tmp_path / "art", options)
    running.clear()
    reader.join()
    assert failures == []


def test_a_clock_that_jumps_moves_no_row(tmp_path: Path, artvec: Run) -> None:
    paint(tmp_path / "art", range(6))
    for n, at_s in enumerate((-86_400, 0, 1, 2**31 + 5, 4_102_444_800, 16_000_000_000)):
        os.utime(tmp_path / f"art/{n:04d}.bmp", (at_s, at_s))
    first = artvec(*EMBED, "--json").json
    assert (first["embedded"], first["failed"]) == (6, 0)
    assert artvec(*EMBED, "--json").json["reused"] == 6


def test_a_file_system_that_cannot_sync_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paint(tmp_path / "art", range(3))
    sync = os.fsync

    def no_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", no_folders)
    assert verify_collection(
        embed_images(tmp_path / "art", EmbedOptions("colour:4x4")).index
    ).complete


def test_a_disk_that_breaks_while_syncing_commits_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paint(tmp_path / "art", range(3))
    index = embed_images(tmp_path / "art", EmbedOptions("colour:4x4")).index
    paint(tmp_path / "art", range(3, 5))

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="Input/output error"):
            embed_images(tmp_path / "art", EmbedOptions("colour:4x4"))
    assert open_collection(index).rows == 3
    assert embed_images(tmp_path / "art", EmbedOptions("colour:4x4")).rows == 5
