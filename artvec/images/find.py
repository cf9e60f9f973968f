"""Find the image files below a folder, in a natural order; nothing is opened here."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from artvec.errors import ArtvecError
from artvec.images.reading import mtime_ns
from artvec.types import Sample, Skipped

SUFFIXES = frozenset(".jpg .jpeg .jpe .png .webp .gif .bmp .tif .tiff .avif .heic .heif".split())
_OWN = ({"run.json", "model.safetensors"}, {"collection.json", "shards"})
"""What tells runs and collections, which hold charts, from folders of pictures."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk through a folder found, in natural order."""

    samples: tuple[Sample, ...]
    skipped: tuple[Skipped, ...]


def find_images(root: Path) -> Found:
    """Walk a folder recursively, and follow links.

    Hidden files and folders are ignored, and so are artvec's own runs and collections.

    Args:
        root: The source folder.

    Returns:
        Samples ordered folder by folder, digits by their value (`a2` before `a10`), and the
        entries that look like images but can't be read.

    Raises:
        ArtvecError: The folder does not exist or can't be listed.
    """
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise ArtvecError(
            f"{root} {what}", "give a folder that holds pictures: artvec embed FOLDER", usage=True
        )
    try:
        os.scandir(root).close()
    except OSError as error:
        raise ArtvecError(
            f"{root} can't be listed: {_why(error)}", "check its permissions and that it is mounted"
        ) from error
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    escaped: set[str] = set()
    for item in _walk(str(root)):
        if isinstance(item, Sample) and "\\x" in item.path:
            if item.path in escaped:
                item = _skip(item.path, "bad_name", "another file's name is written the same way")
            escaped.add(item.path)
        if isinstance(item, Sample):
            samples.append(item)
        else:
            skipped.append(item)
    return Found(tuple(samples), tuple(skipped))


def sample_of(file: Path, root: Path | None = None) -> Sample:
    """Describe one existing file; its path is relative to `root`, else the whole path.

    Raises:
        OSError: The file can't be read.
    """
    status = file.stat()
    name = file.relative_to(root).as_posix() if root else str(file)
    return Sample(readable(name), str(file), status.st_size, mtime_ns(status))


def readable(name: str) -> str:
    r"""Write a file name as valid Unicode: bytes that are not UTF-8 become `\xNN`."""
    return os.fsencode(name).decode("utf-8", errors="backslashreplace")


def file_of(root: Path, path: str) -> Path:
    r"""Return the file that a row's path stands for, bytes written as `\xNN` undone.

    A path that leads out of the source, which artvec never writes, stands for no file.
    """
    if path.startswith("/") or ".." in path.split("/"):
        return root / path.replace("/", "\u2215").replace("..", "\u2025")
    file = root / path
    if "\\x" not in path or file.exists():
        return file
    place = root
    for part in path.split("/"):
        try:
            names = os.listdir(place)  # noqa: PTH208 - only names are wanted
        except OSError:
            return file
        place /= next((name for name in names if readable(name) == part), part)
    return place


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sort key under which `a2` comes before `a10`, equal spellings by the name itself."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], name


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder on the way down.

    Attributes:
        name: As the operating system spells it.
        prefix: Of the paths in it; ends with a slash but for the root.
        identity: Device and inode.
        remaining: Entries still to visit.
    """

    name: str
    prefix: str
    identity: tuple[int, int]
    remaining: Iterator[os.DirEntry[str]]


def _walk(root: str) -> Iterator[Sample | Skipped]:
    """Visit folder by folder, in order; with a list of its own, as folders nest without limit."""
    above: list[_Folder] = []
    ancestors: set[tuple[int, int]] = set()
    found: _Folder | Sample | Skipped | None = _enter(root, "", ancestors)
    while True:
        if isinstance(found, _Folder):
            above.append(found)
            ancestors.add(found.identity)
        elif found is not None:
            yield found
        found = None
        if not above:
            return
        folder = above[-1]
        entry = next(folder.remaining, None)
        if entry is None:
            ancestors.discard(above.pop().identity)
            continue
        if entry.name.startswith("."):
            continue
        path = folder.prefix + readable(entry.name)
        if _is_folder(entry):
            found = _enter(entry.path, path + "/", ancestors)
        elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:  # noqa: PTH122
            found = _describe(entry, path)


def _enter(name: str, prefix: str, ancestors: Container[tuple[int, int]]) -> _Folder | Skipped:
    try:
        status = os.stat(name)  # noqa: PTH116 - names may hold bytes that are not UTF-8
        with os.scandir(name) as listing:
            entries = sorted(listing, key=lambda entry: natural_key(entry.name))
    except OSError as error:
        return _skip(prefix.rstrip("/") or ".", "unreadable", _why(error))
    names = {entry.name for entry in entries}
    if any(own <= names for own in _OWN):
        entries = []
    identity = (status.st_dev, status.st_ino)
    if identity in ancestors:
        return _skip(prefix.rstrip("/"), "unreadable", "a link to a folder that contains it")
    return _Folder(name, prefix, identity, iter(entries))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _describe(entry: os.DirEntry[str], path: str) -> Sample | Skipped:
    try:
        status = entry.stat()
    except FileNotFoundError:
        return _skip(path, "vanished", "a link to nothing" if entry.is_symlink() else "it is gone")
    except OSError as error:
        return _skip(path, "unreadable", _why(error))
    if not stat.S_ISREG(status.st_mode):
        return _skip(path, "not_an_image", "not a regular file")
    return Sample(path, entry.path, status.st_size, mtime_ns(status))


def _skip(path: str, reason: str, message: str) -> Skipped:
    return Skipped(path, "find", reason, message, 0, 0)  # type: ignore[arg-type]


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
