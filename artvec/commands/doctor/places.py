"""Folders that artvec reads and writes: room, rights, what their file system can, collections."""

from __future__ import annotations

import fcntl
import mmap
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from artvec.collection import locate
from artvec.collection.manifest import read_manifest
from artvec.collection.reader import open_collection
from artvec.commands.doctor.finding import Finding, Verdict
from artvec.core import runtime
from artvec.core.errors import ArtvecError

_LITTLE_ROOM_BYTES = 1e9


def examine() -> Iterator[Finding]:
    """Try what a run does to its folders, in temporary ones."""
    root = locate.root()
    for subject, folder in (
        ("current folder", Path.cwd()),
        ("collections", root),
        ("cache", runtime.cache_folder()),
    ):
        yield _room(subject, folder)
    yield from _file_system(root)
    yield _cache(runtime.cache_folder())
    yield from _collections(root)


def _room(subject: str, folder: Path) -> Finding:
    free = shutil.disk_usage(_existing(folder)).free
    missing = "" if folder.exists() else " (made when needed)"
    message = f"{folder.absolute()}{missing}: {free / 1e9:.1f} GB free"
    if free < _LITTLE_ROOM_BYTES:
        return Finding(subject, "note", message, "a million rows of the default take 5.4 GB")
    return Finding(subject, "ok", message)


def _file_system(root: Path) -> Iterator[Finding]:
    kind = _kind(_existing(root).resolve())
    try:
        place = tempfile.TemporaryDirectory(prefix=".artvec-doctor-", dir=_existing(root))
    except OSError as error:
        yield Finding(
            "file system",
            "problem",
            f"{_existing(root)} can't be written to: {error.strerror}",
            "make collections elsewhere: export ARTVEC_INDEXES=FOLDER",
        )
        return
    with place as name:
        failed = [(what, stops) for what, stops, works in _TRIALS if not works(Path(name))]
    for what, stops in failed:
        verdict: Verdict = "problem" if stops else "note"
        message = f"{what} does not work on {kind or 'this file system'}"
        hint = "keep collections on a local disk: export ARTVEC_INDEXES=FOLDER"
        yield Finding("file system", verdict, message, hint)
    if not failed:
        works = ", ".join(what for what, _, _ in _TRIALS)
        yield Finding("file system", "ok", f"{kind}{': ' if kind else ''}{works} work")


def _locks(place: Path) -> bool:
    with (place / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


def _replaces(place: Path) -> bool:
    (place / "old").write_text("old")
    (place / "new").write_text("new")
    (place / "new").replace(place / "old")
    return (place / "old").read_text() == "new"


def _maps(place: Path) -> bool:
    (place / "mapped").write_bytes(b"artvec")
    with (place / "mapped").open("rb") as handle:
        return mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)[:] == b"artvec"


def _syncs(place: Path) -> bool:
    for name in (place, place / "old"):
        descriptor = os.open(name, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return True


def _links(place: Path) -> bool:
    (place / "second").hardlink_to(place / "old")
    return True


def _trial(works: Callable[[Path], bool]) -> Callable[[Path], bool]:
    def tried(place: Path) -> bool:
        try:
            return works(place)
        except (OSError, ValueError):
            return False

    return tried


_TRIALS = (
    ("locking (flock)", True, _trial(_locks)),
    ("replacing by rename", True, _trial(_replaces)),
    ("memory mapping", True, _trial(_maps)),
    ("syncing files and folders", False, _trial(_syncs)),
    ("hard links", False, _trial(_links)),
)


def _cache(folder: Path) -> Finding:
    subject = "cache"
    if not os.access(_existing(folder), os.W_OK):
        message = f"{folder} can't be written to, so every process compiles its encoder"
        return Finding(subject, "note", message, "export ARTVEC_CACHE=FOLDER")
    files = [file for file in folder.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    return Finding(subject, "ok", f"writable, {len(files)} files, {size / 1e6:.1f} MB")


def _collections(root: Path) -> Iterator[Finding]:
    folders = locate.collections()
    if not folders:
        message = f"no collection under {root}"
        yield Finding("collections", "ok", message, "make one with: artvec embed FOLDER")
    for folder in folders:
        try:
            rows = open_collection(folder).rows
            yield Finding("collections", "ok", f"{folder.name} opens, {rows} rows")
        except ArtvecError as error:
            yield Finding("collections", _verdict(folder), error.message, error.hint)


def _verdict(folder: Path) -> Verdict:
    """Tell a collection that was begun from one that is damaged."""
    try:
        return "problem" if read_manifest(folder).complete else "note"
    except ArtvecError:
        return "problem"


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above that exists."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.is_dir())


def _kind(folder: Path) -> str:
    """Return the type of a folder's file system, where the system tells."""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    mounts = {Path(line.split()[1]): line.split()[2] for line in lines}
    return next((mounts[place] for place in (folder, *folder.parents) if place in mounts), "")
