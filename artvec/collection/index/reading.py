"""Search a collection by its index, or exactly; never by an index of other rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from artvec.collection.index.files import FILE_NAME
from artvec.collection.index.positions import POSITIONS
from artvec.collection.index.record import INDEX, IndexRecord, record_from, state_of
from artvec.collection.manifest import read_manifest
from artvec.collection.reader import Collection, blocks
from artvec.core.errors import ArtvecError, command
from artvec.core.files import sha256_of
from artvec.core.results import Matches
from artvec.core.types import Float32Array, UInt64Array
from artvec.vector_search import exact_search

if TYPE_CHECKING:
    from artvec.vector_search.approximate import Approximate


@dataclass(frozen=True, slots=True)
class Nearest:
    """What a search of a collection found, and notes about it for the user."""

    matches: Matches
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenedIndex:
    """An index read from disk.

    Attributes:
        record: What is known about it.
        approximate: Ready to search.
        keys: (positions,) content keys.
    """

    record: IndexRecord
    approximate: Approximate
    keys: UInt64Array


class StaleIndex(Exception):
    """The index is not of the rows that were opened; its message says how that can be."""


def nearest(
    collection: Collection, queries: Float32Array, k: int, *, exact: bool = False
) -> Nearest:
    """Return the k most similar rows of each query, by the collection's index where it has one.

    Scores are exact cosines in any case; an index that is not of today's rows is passed over, and
    a note says so.

    Args:
        collection: To search.
        queries: (Q, dim), not normalised.
        k: See `exact_search`.
        exact: Scan every row.

    Raises:
        ArtvecError: The index is damaged.
    """
    notes: tuple[str, ...] = ()
    if not exact:
        try:
            opened = open_index(collection)
        except StaleIndex as stale:
            notes = (f"{stale}, so every row was scanned",)
        else:
            if opened is not None:
                return Nearest(_approximate(collection, opened, queries, k))
    return Nearest(exact_search(blocks(collection), queries, k), notes)


def open_index(collection: Collection) -> OpenedIndex | None:
    """Open the index of a collection; None where it is searched exactly.

    Raises:
        StaleIndex: It is of other rows than those opened.
        ArtvecError: It is damaged.
    """
    record = read_record(collection)
    if record.recipe == "flat" or collection.rows == 0:
        return None
    if record.state != state_of(collection.manifest):
        raise StaleIndex(f"the index is not of today's rows (mend it: {_command(collection)})")
    try:
        opened = load_index(collection, record)
    except FileNotFoundError as error:
        if read_manifest(collection.folder) != collection.manifest:
            raise StaleIndex("the index was replaced at this moment") from error
        raise _damaged(collection, f"{Path(error.filename).name} is missing") from error
    rows = opened.approximate.rows
    if rows.min() < -1 or rows.max() >= collection.rows:
        raise _damaged(collection, "it names rows that don't exist")
    return opened


def load_index(collection: Collection, record: IndexRecord) -> OpenedIndex:
    """Read the files of an index, whatever rows it is of.

    Raises:
        FileNotFoundError: One is missing.
        ArtvecError: One is not as it was written, or FAISS can't read it.
    """
    from artvec.vector_search.approximate import Approximate
    from artvec.vector_search.faiss_library import UnreadableIndex, read
    from artvec.vector_search.rerank import mapped

    try:
        positions = _positions(_whole(collection, record.files["rows"]))
        file = _whole(collection, record.files["faiss"])
        index = read(file, rows=len(positions), dim=collection.manifest.encoder.dim)
        rows = np.asarray(positions["row"])  # of a mapped file, which indexes more slowly
        approximate = Approximate(index, rows, mapped(tuple(blocks(collection))))
        approximate = approximate.with_parameters(record.parameters)
        return OpenedIndex(record, approximate, positions["content"])
    except (UnreadableIndex, ValueError, KeyError, RuntimeError) as error:
        raise _damaged(collection, f"{error}") from error


def read_record(collection: Collection) -> IndexRecord:
    """Return what is known about the index; a collection without one is searched exactly.

    Raises:
        StaleIndex: The file is not the one that the manifest names.
        ArtvecError: It can't be read.
    """
    entry = collection.manifest.files.get(INDEX)
    if entry is None:
        return IndexRecord()
    try:
        data = (collection.folder / INDEX).read_bytes()
    except FileNotFoundError:
        data = b""
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise StaleIndex(
            f"index.json is not what the manifest names (mend it: {_command(collection)})"
        )
    try:
        return record_from(data)
    except ValueError as error:
        raise _damaged(collection, f"index.json says {error}") from error


def _positions(file: Path) -> np.ndarray[Any, np.dtype[np.void]]:
    """Map the table of positions."""
    positions: np.ndarray[Any, np.dtype[np.void]] = np.load(file, mmap_mode="r", allow_pickle=False)
    if positions.dtype != POSITIONS or positions.ndim != 1 or not len(positions):
        raise ValueError(f"{file.name} is no table of positions")
    return positions


def _whole(collection: Collection, name: str) -> Path:
    """Return a file after comparing every byte with the manifest: FAISS trusts what it reads."""
    entry = collection.manifest.files.get(name)
    if entry is None or not FILE_NAME.fullmatch(name):
        raise ValueError(f"the manifest names no file {name!r} of an index")
    file = collection.folder / name
    if file.stat().st_size != entry.size_bytes:
        raise ValueError(f"{file.name} has {file.stat().st_size} bytes, not {entry.size_bytes}")
    if sha256_of(file) != entry.sha256:
        raise ValueError(f"the content of {file.name} is not what was written")
    return file


def _approximate(
    collection: Collection, opened: OpenedIndex, queries: Float32Array, k: int
) -> Matches:
    from artvec.vector_search.approximate import approximate_search

    try:
        return approximate_search(opened.approximate, queries, k)
    except RuntimeError as error:
        raise _damaged(collection, " ".join(str(error).split())) from error


def _command(collection: Collection) -> str:
    return command("index", "-i", collection.folder)


def _damaged(collection: Collection, why: str) -> ArtvecError:
    return ArtvecError(
        f"the index of {collection.folder} is damaged: {why}",
        f"build it anew: {_command(collection)}; or search without it: --exact",
    )
