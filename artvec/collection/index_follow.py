"""Keep a collection's index true to its rows when a run of `embed` has ended; under its lock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artvec.collection.index import Stale, read_record
from artvec.collection.index_files import commit_index
from artvec.collection.index_record import INDEX, IndexRecord, state_of
from artvec.collection.manifest import read_manifest
from artvec.collection.reader import Collection, open_collection
from artvec.errors import ArtvecError
from artvec.faiss_index.recipes import Shape, Wish, ranked

_TRY_AGAIN_AT = 2
"""Rows over rows at the last attempt, before a recipe that was out of reach is tried again."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How the collection is searched now, and what a user should be told."""

    recipe: str
    notes: tuple[str, ...] = ()


def stored_wish(folder: Path) -> Wish | None:
    """Return what a user last asked of a collection's index; None where nothing can be read."""
    try:
        manifest = read_manifest(folder)
        return read_record(Collection(folder, manifest, ())).wanted
    except (ArtvecError, Stale):
        return None


def follow_rows(folder: Path, wish: Wish) -> Followed:
    """Bring the index up to date with the rows; the caller holds the lock.

    What can't be had is no error here, where rows were just embedded: searches scan every row,
    and a note says why.

    Raises:
        OSError: The index can't be written.
    """
    collection = open_collection(folder)
    stored = _stored(collection)
    if stored is not None and _is_true(collection, stored, wish):
        return Followed(stored.recipe)
    record = _scanned(collection, stored, wish)
    if record is not None:
        commit_index(folder, collection.manifest, record, {})
    else:
        from artvec.collection.index_build import extend_or_build

        record = extend_or_build(collection, stored, wish)
    before = stored or IndexRecord()
    changed = (before.recipe, before.tried) != (record.recipe, record.tried)
    notes = (f"searched by {record.recipe}: {record.why}",) if changed else ()
    return Followed(record.recipe, notes)


def _stored(collection: Collection) -> IndexRecord | None:
    try:
        return read_record(collection) if INDEX in collection.manifest.files else None
    except (ArtvecError, Stale):
        return None


def _is_true(collection: Collection, stored: IndexRecord, wish: Wish) -> bool:
    there = all((collection.folder / name).is_file() for name in stored.files.values())
    return there and stored.wanted == wish and stored.state == state_of(collection.manifest)


def _scanned(collection: Collection, stored: IndexRecord | None, wish: Wish) -> IndexRecord | None:
    """Return the record of a collection that is to be scanned; None where it gets an index."""
    state = state_of(collection.manifest)
    order = ranked(wish, shape_of(collection))
    if order.names[0] == "flat":
        return IndexRecord(wanted=wish, why=order.why, rows=collection.rows, state=state)
    if stored is None or stored.tried is None or stored.wanted != wish:
        return None
    if collection.rows > _TRY_AGAIN_AT * (stored.trained_rows or 0):
        return None
    return IndexRecord(
        wanted=wish,
        why=stored.why,
        rows=collection.rows,
        state=state,
        tried=stored.tried,
        trained_rows=stored.trained_rows,
    )


def shape_of(collection: Collection) -> Shape:
    """Return rows, width and bytes a number of a collection's vectors."""
    itemsize = 2 if collection.manifest.dtype == "float16" else 4
    return Shape(collection.rows, collection.manifest.encoder.dim, itemsize)
