"""Positions of an index and rows of a collection: which belong together, by content."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from artvec.collection.reader import Collection
from artvec.collection.shards import content_keys_of, open_shard, vectors_of
from artvec.core.types import FloatArray, Int64Array, UInt64Array

POSITIONS = np.dtype([("content", "<u8"), ("row", "<i8")])
"""A position of an index: the first 8 bytes of its picture's content hash, and its row or -1."""


def match_positions(stored: UInt64Array, present: UInt64Array) -> tuple[Int64Array, Int64Array]:
    """Find today's row of every position of an index, by content.

    Several rows may have one content: the first position gets the first of them, and so on.

    Args:
        stored: (P,) content keys of the positions.
        present: (N,) content keys of the rows.

    Returns:
        (P,) row of each position, -1 where none is left; and the rows without a position, rising.
    """
    at, order = np.argsort(stored, kind="stable"), np.argsort(present, kind="stable")
    known, keys = stored[at], present[order]
    nth = np.arange(len(keys)) - np.searchsorted(keys, keys)  # among rows of equal content
    place = np.searchsorted(known, keys) + nth
    found = place < np.searchsorted(known, keys, side="right")
    rows = np.full(len(stored), -1, dtype=np.int64)
    rows[at[place[found]]] = order[found]
    return rows, np.sort(order[~found])


def content_keys(collection: Collection) -> UInt64Array:
    """Return the (N,) content key of each row: the first 8 bytes of its content hash."""
    keys = [content_keys_of(table) for table in _tables(collection)]
    return np.concatenate(keys) if keys else np.empty(0, dtype=np.uint64)


def passing_vectors(collection: Collection) -> Iterator[FloatArray]:
    """Yield the vectors shard by shard, mapping one at a time: what was read can be forgotten."""
    for table in _tables(collection):
        yield vectors_of(table)


def _tables(collection: Collection) -> Iterator[pa.Table]:
    for shard in collection.manifest.shards:
        if not shard.pending:
            yield open_shard(collection.folder / "shards" / shard.name)


def only_rows(passing: Iterator[FloatArray], rows: Int64Array) -> Iterator[FloatArray]:
    """Yield the vectors of some rows (rising), block by block."""
    first = 0
    for block in passing:
        low, high = np.searchsorted(rows, (first, first + len(block)))
        if low < high:
            yield block[rows[low:high] - first]
        first += len(block)
