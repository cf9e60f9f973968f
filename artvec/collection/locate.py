"""From what a user typed after `-i` (or nothing) to a collection's folder."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from artvec.collection.manifest import MANIFEST, read_manifest
from artvec.collection.reader import source_of
from artvec.core.errors import ArtvecError, mistyped
from artvec.core.errors import command as spelt
from artvec.images.find import find_images

DEMO = "demo"
"""The committed collection; it counts only when there is no other."""


def root() -> Path:
    """Return the folder that collections live in: `ARTVEC_INDEXES`, else `./indexes`."""
    return Path(os.environ.get("ARTVEC_INDEXES") or "indexes")


def named(index: str) -> Path:
    """Return the folder that a name (or, with a slash, a path) stands for; it may not exist."""
    if "/" in index or os.sep in index or index in (".", ".."):
        return Path(index)
    return root() / index


def for_source(source: Path, index: str | None) -> Path:
    """Return the folder in which a source's collection is kept."""
    return named(index) if index else root() / (source.resolve().name or "root")


def existing(index: str | None, *, command: str) -> Path:
    """Return the folder of the collection to work on.

    Args:
        index: What the user gave, or None for the only one there is.
        command: For the hint, e.g. `artvec search QUERY`.

    Raises:
        ArtvecError: There is no such collection, or none or several to choose from.
    """
    if index is not None:
        folder = named(index)
        if (folder / MANIFEST).is_file():
            return folder
        if _holds_pictures(Path(index)):
            raise _no_collection(index, command)
        raise mistyped(
            f"there is no collection at {folder}",
            index,
            [place.name for place in collections()],
            otherwise=_choices(command),
        )
    found = collections()
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} collections" if found else "no collection"
    raise ArtvecError(f"{what} under {root()}{_names(found)}", _choices(command), usage=True)


def repairable(index: str | None, *, command: str) -> Path:
    """Return the folder of the collection to mend: one may have lost its manifest.

    Raises:
        ArtvecError: See `existing`.
    """
    if index is not None and (named(index) / "shards").is_dir():
        return named(index)
    return existing(index, command=command)


def collections() -> list[Path]:
    """Return the collections under the root, the committed demo only if it is alone."""
    found = sorted(
        file.parent for file in root().glob(f"*/{MANIFEST}") if not file.parent.name.startswith(".")
    )
    others = [folder for folder in found if folder.name != DEMO]
    return others or found


def by_source() -> dict[Path, list[Path]]:
    """Return folders of pictures → their collections under the root, damaged ones left out."""
    found: dict[Path, list[Path]] = {}
    for folder in collections():
        try:
            source = source_of(folder, read_manifest(folder))
        except ArtvecError:
            continue
        found.setdefault(source, []).append(folder)
    return found


def neighbours(folder: Path) -> list[Path]:
    """Return the other collections under the root and beside a collection, whole or not."""
    around = folder.absolute().parent  # of a successor: the collection it will replace
    beside = [file.parent for file in (*around.glob(f"*/{MANIFEST}"), *around.glob(MANIFEST))]
    found = dict.fromkeys(place.resolve() for place in [*collections(), *beside])
    return [place for place in found if place != folder.resolve()]


def _holds_pictures(folder: Path) -> bool:
    return (
        folder.is_dir() and not (folder / "shards").exists() and bool(find_images(folder).samples)
    )


def _no_collection(pictures: str, command: str) -> ArtvecError:
    """Refuse a folder of pictures in place of the collection that was made of it."""
    made = by_source().get(Path(pictures).resolve())
    hint = (
        f"type: {command} -i {shlex.quote(made[0].name)}"
        if made
        else f"make one of it: {spelt('embed', pictures)}"
    )
    return ArtvecError(f"{pictures} is a folder of pictures, not a collection", hint, usage=True)


def _choices(command: str) -> str:
    found = collections()
    if not found:
        return "make one with: artvec embed FOLDER"
    return f"type: {command} -i {found[0].name}"


def _names(found: list[Path]) -> str:
    return f": {', '.join(folder.name for folder in found)}" if found else ""
