"""Where a run may write: checks before anything is computed, and replacement as a whole."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from artvec.collection.analysis import clear_unnamed
from artvec.collection.failures import FAILURES
from artvec.collection.lock import writing
from artvec.collection.manifest import MANIFEST, Manifest, read_manifest, write_manifest
from artvec.collection.plan import KnownRow, known_rows
from artvec.collection.stamps import STAMPS
from artvec.core.errors import ArtvecError
from artvec.core.files import write_whole
from artvec.core.version import __version__
from artvec.images.find import Found

SUCCESSOR = ".overwrite"
_OWN = ("shards", "index", "analysis", "reports", ".lock", SUCCESSOR, FAILURES, STAMPS)


def check_free_or_collection(folder: Path, source: Path) -> None:
    """Refuse a folder that holds something else; the source itself may lie inside.

    Raises:
        ArtvecError: It is neither missing, empty, a collection nor the beginning of one.
    """
    if not folder.exists() or (folder / MANIFEST).is_file():
        return
    if not folder.is_dir():
        raise ArtvecError(f"{folder} is a file", "choose another place: -i NAME", usage=True)
    strangers = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.name not in _OWN
        and not entry.name.endswith(".partial")  # a write that was killed
        and entry.resolve() != source.resolve()
    )
    if strangers:
        raise ArtvecError(
            f"{folder} is no collection and not empty (it holds {strangers[0]})",
            "choose another place: -i NAME",
            usage=True,
        )


def check_any_found(found: Found, source: Path, has_collection: bool) -> None:
    """Refuse a source without a single image; an unmounted disk must not empty a collection.

    Raises:
        ArtvecError: Nothing was found.
    """
    if found.samples or found.skipped:
        return
    hidden = found.images_by_content
    if hidden:
        raise ArtvecError(
            f"no file under {source} is named as an image, though {len(hidden)} begin like one",
            f"take them, e.g. {hidden[0]}: --any-suffix",
        )
    unchanged = "; its collection was left as it is" if has_collection else ""
    raise ArtvecError(
        f"no images under {source}{unchanged}",
        "check that the folder is right and mounted; "
        "read are .jpg .png .webp .gif .bmp .tif .avif (and .heic with artvec[heic])",
    )


def existing(folder: Path, source: Path, *, moved: Found | None = None) -> Manifest | None:
    """Return the manifest of a source's collection, None where there is none yet.

    Args:
        folder: Of the collection.
        source: Folder of the images.
        moved: What was found in the source, where it may stand for the collection's old one.

    Raises:
        ArtvecError: The collection is another source's (or most of its rows have no picture in
            the place it was moved to), or damaged.
    """
    if not (folder / MANIFEST).is_file():
        return None
    manifest = read_manifest(folder)
    known_source = (folder / manifest.source).resolve()
    if known_source == source.resolve():
        return manifest
    if moved is not None:
        check_same_pictures(known_rows(folder, manifest.shards), moved, source)
        return manifest
    again = shlex.join(["artvec", "embed", str(source), "-i", str(folder), "--relink"])
    raise ArtvecError(
        f"{folder} is the collection of {known_source}, not of {source}",
        (f"if it was moved there: {again}; " if not known_source.is_dir() else "")
        + f"give this source another name: artvec embed {shlex.quote(str(source))} -i NAME; "
        "or replace the collection: --overwrite",
        usage=True,
    )


def check_same_pictures(rows: Sequence[KnownRow], moved: Found, source: Path) -> None:
    """Refuse a place that lacks most of the rows' pictures: they would all be removed.

    Raises:
        ArtvecError: It does.
    """
    there = {(sample.path, sample.size_bytes) for sample in moved.samples}
    unchanged = sum((row.path, row.size_bytes) in there for row in rows)
    if 2 * unchanged < len(rows):
        raise ArtvecError(
            f"{source} holds the pictures of {unchanged} of {len(rows)} rows: it is another source",
            "give the folder that the pictures were moved to",
            usage=True,
        )


def replaceable(folder: Path, source: Path) -> Manifest | None:
    """Return the manifest of the collection that is to be replaced, None where it can't be read.

    Its settings carry over only if it was this source's.
    """
    try:
        return existing(folder, source)
    except ArtvecError:
        return None


@contextmanager
def replacing(folder: Path, source: Path) -> Iterator[Path]:
    """Yield a place inside a collection in which its successor grows; then make it the collection.

    The collection is locked, stays whole for readers until its manifest is replaced, and nothing
    but artvec's own files is ever touched. An interrupted successor is taken up again.
    """
    with writing(folder):
        inside = folder / SUCCESSOR
        yield inside
        successor = read_manifest(inside)
        (folder / "shards").mkdir(exist_ok=True)
        for shard in successor.shards:
            _link(inside / "shards" / shard.name, folder / "shards" / shard.name)
        for name in successor.files:
            (folder / name).parent.mkdir(exist_ok=True)
            _link(inside / name, folder / name)
        successor = replace(successor, source=relative_source(folder, source))
        write_manifest(folder, successor, artvec_version=__version__)
        named = {shard.name for shard in successor.shards}
        for file in (folder / "shards").iterdir():
            if file.name not in named:
                file.unlink()
        for file in (folder / "index").glob("*"):
            if file.is_file() and f"index/{file.name}" not in successor.files:
                file.unlink()
        clear_unnamed(folder, successor.files)
        shutil.rmtree(inside)


def begun(inside: Path, wanted: Manifest) -> Manifest | None:
    """Return the manifest of an interrupted successor; None for one that was to be another."""
    try:
        found = read_manifest(inside)
    except ArtvecError:
        return None
    same = (found.encoder, found.dtype, found.source) == (
        wanted.encoder,
        wanted.dtype,
        wanted.source,
    )
    return found if same else None


def relative_source(folder: Path, source: Path) -> str:
    """Write a source as the manifest does: relative to the collection if it lies inside."""
    folder, source = folder.resolve(), source.resolve()
    if source.is_relative_to(folder):
        return source.relative_to(folder).as_posix()
    return str(source)


def _link(file: Path, name: Path) -> None:
    """Give a file a second name, by a copy where the file system has no links."""
    beside = name.with_name(f".{name.name}.partial")
    beside.unlink(missing_ok=True)
    try:
        beside.hardlink_to(file)
    except OSError:
        write_whole(name, file.read_bytes())
    else:
        beside.replace(name)
        beside.unlink(missing_ok=True)  # it stays where both are already one file
