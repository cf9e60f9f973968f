"""Where a run may write: checks before anything is computed, and replacement as a whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artvec.collection.manifest import MANIFEST, Manifest, read_manifest
from artvec.errors import ArtvecError
from artvec.images.find import Found

_OWN = ("shards", "index", ".lock", "failures.parquet")


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
        if entry.name not in _OWN and entry.resolve() != source.resolve()
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
    kept = "; its collection was left as it is" if has_collection else ""
    raise ArtvecError(
        f"no images under {source}{kept}",
        "check that the folder is right and mounted; "
        "read are .jpg .png .webp .gif .bmp .tif .avif (and .heic with artvec[heic])",
    )


def existing(folder: Path, source: Path) -> Manifest | None:
    """Return the manifest of a source's collection, None where there is none yet.

    Raises:
        ArtvecError: The collection is another source's, or damaged.
    """
    if not (folder / MANIFEST).is_file():
        return None
    manifest = read_manifest(folder)
    known_source = (folder / manifest.source).resolve()
    if known_source != source.resolve():
        raise ArtvecError(
            f"{folder} is the collection of {known_source}, not of {source}",
            f"give this source another name: artvec embed {source} -i NAME; "
            "or replace the collection: --overwrite",
            usage=True,
        )
    return manifest


def replaceable(folder: Path, source: Path) -> Manifest | None:
    """Return the manifest of the collection that is to be replaced, None where it can't be read.

    Its settings carry over only if it was this source's.
    """
    try:
        return existing(folder, source)
    except ArtvecError:
        return None


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Yield a place beside a collection, which takes its place if all goes well.

    The old collection stays whole until then; an interrupted replacement is taken up again.
    """
    beside = folder.with_name(f".{folder.name}.overwrite")
    yield beside
    retired = folder.with_name(f".{folder.name}.retired")
    shutil.rmtree(retired, ignore_errors=True)
    if folder.exists():
        folder.rename(retired)
    beside.rename(folder)
    shutil.rmtree(retired, ignore_errors=True)
