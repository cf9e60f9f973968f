"""Keep a collection's index true to its rows when a run of `embed` has ended; under its lock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artvec.collection.index.files import commit_index, entries_of, is_intact
from artvec.collection.index.record import (
    INDEX,
    IndexRecord,
    record_bytes,
    record_from,
    shape_of,
    state_of,
)
from artvec.collection.manifest import file_entry
from artvec.collection.reader import Collection, open_collection
from artvec.vector_search.recipes import IndexRequest, ranked

_TRY_AGAIN_AT = 2
"""Rows over rows at the last attempt, before a recipe that was out of reach is tried again."""


@dataclass(frozen=True, slots=True)
class IndexUpdate:
    """How the collection is searched now, and notes for the user."""

    recipe: str
    notes: tuple[str, ...] = ()


def stored_index_request(folder: Path) -> IndexRequest | None:
    """Return what a user last asked of a collection's index; None where nothing can be read."""
    stored = _stored(folder)
    return None if stored is None else stored.wanted


def update_index(folder: Path, request: IndexRequest) -> IndexUpdate:
    """Bring the index up to date with the rows; the caller holds the lock.

    What can't be had is no error here, where rows were just embedded: searches scan every row,
    and a note says why.

    Raises:
        OSError: The index can't be written.
    """
    collection = open_collection(folder)
    stored = _stored(folder)
    if stored is not None and _is_true(collection, stored, request):
        commit_index(folder, collection.manifest, stored, entries_of(folder, stored))
        return IndexUpdate(stored.recipe)
    record = _scanned(collection, stored, request)
    if record is not None:
        commit_index(folder, collection.manifest, record, {})
    else:
        # Only here, as it imports FAISS.
        from artvec.collection.index.building import extend_or_build

        record = extend_or_build(collection, stored, request)
    before = stored or IndexRecord()
    changed = (before.recipe, before.tried) != (record.recipe, record.tried)
    notes = (f"searched by {record.recipe}: {record.why}",) if changed else ()
    return IndexUpdate(record.recipe, notes)


def _stored(folder: Path) -> IndexRecord | None:
    """Return the record that lies there; the manifest may not name it yet if a run was killed."""
    try:
        return record_from((folder / INDEX).read_bytes())
    except (OSError, ValueError):
        return None


def _is_true(collection: Collection, stored: IndexRecord, request: IndexRequest) -> bool:
    """Say whether a record is of these rows and this request, and its files are there, unharmed.

    One that the manifest doesn't name is that of a commit that was killed, if its files are new.
    """
    named = collection.manifest.files
    begun = bool(stored.files) and not named.keys() & set(stored.files.values())
    return (
        (begun or named.get(INDEX) == file_entry(record_bytes(stored)))
        and stored.wanted == request
        and stored.state == state_of(collection.manifest)
        and all(is_intact(collection.folder, name) for name in stored.files.values())
    )


def _scanned(
    collection: Collection, stored: IndexRecord | None, request: IndexRequest
) -> IndexRecord | None:
    """Return the record of a collection that is to be scanned; None where it gets an index."""
    state = state_of(collection.manifest)
    order = ranked(request, shape_of(collection))
    if order.names[0] == "flat":
        return IndexRecord(wanted=request, why=order.why, rows=collection.rows, state=state)
    if stored is None or stored.tried is None or stored.wanted != request:
        return None
    if collection.rows > _TRY_AGAIN_AT * (stored.trained_rows or 0):
        return None
    return IndexRecord(
        wanted=request,
        why=stored.why,
        rows=collection.rows,
        state=state,
        tried=stored.tried,
        trained_rows=stored.trained_rows,
    )
