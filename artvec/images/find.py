"""Find the image files below a folder, in a natural order; only files of other names are opened."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from artvec.core.errors import ArtvecError
from artvec.core.types import Sample, Skipped
from artvec.images.byte_sources import mtime_ns, open_without_waiting
from artvec.images.headers import begins_like_an_image

SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .pjpeg .pjp .jpg_large .mpo "
    ".png .apng .webp .gif .bmp .dib .tif .tiff .avif .avifs .heic .heif .hif".split()
)
_RAW_SUFFIXES = frozenset(
    ".3fr .arw .cr2 .cr3 .dcr .dng .erf .fff .iiq .kdc .mef .mos .nef .nrw .orf .pef .raf .raw "
    ".rw2 .rwl .sr2 .srf .srw .x3f".split()
)
"""Cameras' raw files begin like TIFF, but what a TIFF reader finds in them is a thumbnail."""
_HEAD_BYTES = 64
_OWN = ({"run.json", "model.safetensors"}, {"collection.json", "shards"})
"""What tells runs and collections, which hold charts, from folders of pictures."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk through a folder found, in natural order.

    Attributes:
        samples: The images.
        skipped: Entries named like images that can't be read.
        images_by_content: Paths of files that begin like images and have other suffixes; empty
            where these were taken.
        passed_over: Suffix → number of the other files, most frequent first; the empty suffix
            for none. It includes `images_by_content`.
        any_suffix: Whether files of other suffixes that begin like images were taken.
    """

    samples: tuple[Sample, ...]
    skipped: tuple[Skipped, ...]
    images_by_content: tuple[str, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)
    any_suffix: bool = False


def find_images(root: Path, *, any_suffix: bool = False) -> Found:
    """Walk a folder recursively, and follow links.

    Hidden files and folders are ignored, and so are artvec's own runs and collections.

    Args:
        root: The source folder.
        any_suffix: Take files that begin like images, whatever their suffix; cameras' raw files
            are left out all the same.

    Returns:
        Samples ordered folder by folder, digits by their value (`a2` before `a10`), the entries
        that look like images but can't be read, and what was passed over.

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
    by_content: list[str] = []
    passed_over: Counter[str] = Counter()
    escaped: set[str] = set()
    for item in _walk(str(root)):
        if isinstance(item, _Other):
            if item.image is None or not any_suffix:
                passed_over[item.suffix] += 1
                by_content += [item.image.path] if item.image else []
                continue
            item = item.image
        if isinstance(item, Sample) and "\\x" in item.path:
            if item.path in escaped:
                item = _skip(item.path, "bad_name", "another file's name is written the same way")
            escaped.add(item.path)
        if isinstance(item, Sample):
            samples.append(item)
        else:
            skipped.append(item)
    others = dict(passed_over.most_common())
    return Found(tuple(samples), tuple(skipped), tuple(by_content), others, any_suffix)


def is_named_as_image(name: str) -> bool:
    """Say whether a file name's suffix is one that images have."""
    return _suffix(name) in SUFFIXES


def sample_of(file: Path, root: Path | None = None) -> Sample:
    """Describe one existing file; its path is relative to `root`, else the whole path.

    Raises:
        OSError: The file can't be read.
    """
    status = file.stat()
    name = file.relative_to(root).as_posix() if root else str(file)
    return _sample(readable(name), str(file), status)


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


@dataclass(frozen=True, slots=True)
class _Other:
    """A file whose suffix is no image's, and the image that it is by its first bytes."""

    suffix: str
    image: Sample | None


def _walk(root: str) -> Iterator[Sample | Skipped | _Other]:
    """Visit folder by folder, in order; with a list of its own, as folders nest without limit."""
    above: list[_Folder] = []
    ancestors: set[tuple[int, int]] = set()
    found: _Folder | Sample | Skipped | _Other | None = _enter(root, "", ancestors)
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
        else:
            named = is_named_as_image(entry.name)
            found = _describe(entry, path) if named else _examine(entry, path)


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
    return _sample(path, entry.path, status)


def _sample(path: str, file: str, status: os.stat_result) -> Sample:
    return Sample(path, file, status.st_size, mtime_ns(status), status.st_ctime_ns, status.st_ino)


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122


def _examine(entry: os.DirEntry[str], path: str) -> _Other:
    """Look at the first bytes of a file whose name doesn't say that it is an image."""
    suffix = _suffix(path)
    described = _describe(entry, path) if suffix not in _RAW_SUFFIXES else None
    if not isinstance(described, Sample):
        return _Other(suffix, None)
    try:
        with open(entry.path, "rb", opener=open_without_waiting) as handle:
            is_image = begins_like_an_image(handle.read(_HEAD_BYTES))
    except OSError:
        is_image = False
    return _Other(suffix, described if is_image else None)


def _skip(path: str, reason: str, message: str) -> Skipped:
    return Skipped(path, "find", reason, message, 0, 0)  # type: ignore[arg-type]


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
