"""Keep a collection's index true to its rows when a run of `embed` has ended; under its lock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artvec.collection.index.files import commit_index, entries_of, is_settled
from artvec.collection.index.record import INDEX, IndexRecord, record_bytes, record_from, state_of
from artvec.collection.manifest import file_entry
from artvec.collection.reader import Collection, open_collection
from artvec.vector_search.recipes import Shape, Wish, ranked

_TRY_AGAIN_AT = 2
"""Rows over rows at the last attempt, before a recipe that was out of reach is tried again."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How the collection is searched now, and what a user should be told."""

    recipe: str
    notes: tuple[str, ...] = ()


def stored_wish(folder: Path) -> Wish | None:
    """Return what a user last asked of a collection's index; None where nothing can be read."""
    stored = _stored(folder)
    return None if stored is None else stored.wanted


def follow_rows(folder: Path, wish: Wish) -> Followed:
    """Bring the index up to date with the rows; the caller holds the lock.

    What can't be had is no error here, where rows were just embedded: searches scan every row,
    and a note says why.

    Raises:
        OSError: The index can't be written.
    """
    collection = open_collection(folder)
    stored = _stored(folder)
    if stored is not None and _is_true(collection, stored, wish):
        commit_index(folder, collection.manifest, stored, entries_of(folder, stored))
        return Followed(stored.recipe)
    record = _scanned(collection, stored, wish)
    if record is not None:
        commit_index(folder, collection.manifest, record, {})
    else:
        from artvec.collection.index.building import extend_or_build

        record = extend_or_build(collection, stored, wish)
    before = stored or IndexRecord()
    changed = (before.recipe, before.tried) != (record.recipe, record.tried)
    notes = (f"searched by {record.recipe}: {record.why}",) if changed else ()
    return Followed(record.recipe, notes)


def _stored(folder: Path) -> IndexRecord | None:
    """Return the record that lies there; the manifest may not name it yet if a run was killed."""
    try:
        return record_from((folder / INDEX).read_bytes())
    except (OSError, ValueError):
        return None


def _is_true(collection: Collection, stored: IndexRecord, wish: Wish) -> bool:
    """Say whether a record is of these rows and this wish, and its files are there, unharmed.

    One that the manifest doesn't name is that of a commit that was killed, if its files are new.
    """
    named = collection.manifest.files
    begun = bool(stored.files) and not named.keys() & set(stored.files.values())
    return (
        (begun or named.get(INDEX) == file_entry(record_bytes(stored)))
        and stored.wanted == wish
        and stored.state == state_of(collection.manifest)
        and all(is_settled(collection.folder, name) for name in stored.files.values())
    )


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
