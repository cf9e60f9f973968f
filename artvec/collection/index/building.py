"""Build a collection's index, or extend it by the rows that came; under the collection's lock."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from artvec.collection.index.files import commit_index, settled
from artvec.collection.index.following import shape_of
from artvec.collection.index.reading import POSITIONS, load_index
from artvec.collection.index.record import IndexRecord, state_of
from artvec.collection.reader import Collection, blocks, open_collection
from artvec.collection.shards import FloatArray, content_keys_of, open_shard, vectors_of
from artvec.core.errors import ArtvecError, command
from artvec.core.files import naming
from artvec.core.progress import Progress, silent
from artvec.core.results import Matches
from artvec.core.types import Float32Array, Int64Array, UInt64Array
from artvec.vector_search.approximate import Approximate, approximate_search
from artvec.vector_search.exact import exact_search
from artvec.vector_search.faiss_library import UnreadableIndex, read, refusals, write
from artvec.vector_search.index_building import (
    Plan,
    build,
    extend,
    held_out_rows,
    plan_build,
    take_passing,
)
from artvec.vector_search.index_quality import (
    K,
    Latency,
    Setting,
    Truth,
    find_truth,
    latency,
    recall_at,
    tune,
)
from artvec.vector_search.recipes import Wish
from artvec.vector_search.rerank import mapped

_GONE_AT_MOST = 0.2
"""Positions without a row that an index may hold; each costs candidates in vain."""
_GROWN_AT_MOST = 2
"""Rows over rows at training; beyond it the clusters are no longer those of the data."""
_LOST_AT_MOST = 0.01
"""Recall that an index which never reached what it was tuned to may lose before it is rebuilt."""


class OutOfReach(ArtvecError):
    """No setting of an index finds as much as was asked for."""


def build_index(folder: Path, wish: Wish, progress: Progress = silent) -> IndexRecord:
    """Build the index that a user wishes for; the caller holds the lock.

    Raises:
        ArtvecError: It can't be built, doesn't fit the memory allowed, or misses the recall asked
            for; the former index stays.
    """
    collection = open_collection(folder)
    keys = _content_keys(collection)
    plan = plan_build(wish, shape_of(collection), keys)
    if plan.factory:
        try:
            return _built(collection, wish, plan, keys, progress)
        except OutOfReach as missed:
            if wish.recipe != "auto":
                raise
            plan = replace(plan, why=f"{plan.why}, but {missed.message}")
    record = _flat(collection, wish, plan, keys)
    commit_index(folder, collection.manifest, record, {})
    return record


def extend_or_build(collection: Collection, stored: IndexRecord | None, wish: Wish) -> IndexRecord:
    """Extend the stored index if it can serve, else build it; scan where that is in vain."""
    extended = None
    if stored is not None and stored.files and stored.wanted == wish:
        extended = _extended(collection, stored)
    if extended is not None:
        return extended
    try:
        return build_index(collection.folder, wish)
    except ArtvecError as failure:
        record = IndexRecord(
            wanted=wish,
            why=f"every row is scanned, because {failure.message}",
            rows=collection.rows,
            state=state_of(collection.manifest),
            tried=wish.recipe,
            trained_rows=collection.rows,
        )
        commit_index(collection.folder, collection.manifest, record, {})
        return record


def _built(
    collection: Collection, wish: Wish, plan: Plan, keys: UInt64Array, progress: Progress
) -> IndexRecord:
    started = time.perf_counter()
    again = partial(_passing, collection)
    truth = find_truth(again, held_out_rows(keys))
    vectors = mapped(tuple(blocks(collection)))
    with refusals(plan.factory):  # some that can be built can't be searched
        index = build(plan, again, collection.manifest.encoder.dim, progress)
        approximate = Approximate(index, np.arange(collection.rows), vectors)
        setting = tune(approximate, truth, wish.recall)
    required = wish.recall if wish.recipe == "auto" else wish.min_recall
    if required is not None and setting.recall < required:
        raise _out_of_reach(collection, plan, setting, required)
    record = IndexRecord(
        recipe=plan.recipe,
        factory=plan.factory,
        wanted=wish,
        why=plan.why,
        trained_rows=collection.rows,
    )
    record = _measured(record, approximate, setting, truth)
    seconds = round(time.perf_counter() - started, 3)
    return _install(collection, replace(record, build_seconds=seconds), approximate, keys)


def _extended(collection: Collection, stored: IndexRecord) -> IndexRecord | None:
    """Map the stored index to today's rows and add the new ones; None where it no longer serves."""
    try:
        opened = load_index(collection, stored)
    except (ArtvecError, FileNotFoundError):
        return None
    keys = _content_keys(collection)
    rows, added = match(opened.keys, keys)
    gone = np.count_nonzero(rows < 0) / len(rows)
    grown = collection.rows / max(1, stored.trained_rows or 0)
    if gone > _GONE_AT_MOST or grown > _GROWN_AT_MOST:
        return None
    before = opened.approximate
    if not len(added) and gone == np.count_nonzero(before.rows < 0) / len(rows):
        return _install(collection, stored, replace(before, rows=rows), opened.keys)
    index = before.index
    new = _only(_passing(collection), added)
    extend(index, new, stored.factory or "", index.ntotal + len(added), silent)
    approximate = replace(before, rows=np.concatenate([rows, added]))
    wanted = stored.wanted.recall
    if stored.recall_at_10 < wanted:
        wanted = stored.recall_at_10 - _LOST_AT_MOST
    measured = _measured_again(collection, stored, approximate, keys, wanted)
    keys = np.concatenate([opened.keys, keys[added]])
    return None if measured is None else _install(collection, measured, approximate, keys)


def _measured_again(
    collection: Collection,
    stored: IndexRecord,
    approximate: Approximate,
    keys: UInt64Array,
    wanted: float,
) -> IndexRecord | None:
    """Measure with the stored parameters, else with better ones; None where none suffice."""
    truth = find_truth(partial(_passing, collection), held_out_rows(keys))
    setting = recall_at(approximate, truth, dict(stored.parameters))
    if setting.recall < wanted:
        setting = tune(approximate, truth, wanted)
    return None if setting.recall < wanted else _measured(stored, approximate, setting, truth)


def _measured(
    record: IndexRecord, approximate: Approximate, setting: Setting, truth: Truth
) -> IndexRecord:
    search = partial(approximate_search, approximate.with_parameters(setting.parameters), k=K)
    return replace(
        record,
        parameters=setting.parameters,
        recall_at_10=round(setting.recall, 4),
        latency_ms=_milliseconds(latency(search, truth.queries)),
    )


def _install(
    collection: Collection, record: IndexRecord, approximate: Approximate, keys: UInt64Array
) -> IndexRecord:
    """Write the index and its table of positions, and make them the collection's."""
    folder = collection.folder
    place = folder / "index"
    place.mkdir(exist_ok=True)
    positions = np.empty(len(keys), dtype=POSITIONS)
    positions["content"], positions["row"] = keys, approximate.rows
    index_file, rows_file = place / ".faiss.partial", place / ".rows.partial"
    write(approximate.index, index_file)
    try:
        read(index_file, rows=approximate.index.ntotal, dim=approximate.index.d)
    except UnreadableIndex as error:
        index_file.unlink()
        raise ArtvecError(
            f"FAISS can't read back what it wrote for {record.factory!r}: {error}",
            "take another recipe: --recipe auto",
        ) from error
    with naming(rows_file), rows_file.open("wb") as handle:
        np.save(handle, positions)
    settled_files = {
        "faiss": settled(folder, index_file, ".faiss"),
        "rows": settled(folder, rows_file, ".npy"),
    }
    entries = dict(settled_files.values())
    record = replace(
        record,
        rows=collection.rows,
        state=state_of(collection.manifest),
        bytes=sum(entry.size_bytes for entry in entries.values()),
        files={role: name for role, (name, _) in settled_files.items()},
    )
    commit_index(folder, collection.manifest, record, entries)
    return record


def _flat(collection: Collection, wish: Wish, plan: Plan, keys: UInt64Array) -> IndexRecord:
    started = time.perf_counter()
    held_out = held_out_rows(keys)
    timed = None
    if len(held_out):
        queries = take_passing(_passing(collection), held_out)
        timed = latency(partial(_scan, collection), queries)
    return IndexRecord(
        wanted=wish,
        why=plan.why,
        rows=collection.rows,
        latency_ms=_milliseconds(timed),
        build_seconds=round(time.perf_counter() - started, 3),
        state=state_of(collection.manifest),
        tried=None if wish.recipe == "flat" or not plan.factory else wish.recipe,
        trained_rows=collection.rows,
    )


def _scan(collection: Collection, queries: Float32Array) -> Matches:
    return exact_search(blocks(collection), queries, K)


def _milliseconds(timed: Latency | None) -> dict[str, float] | None:
    return None if timed is None else {"p50": round(timed.p50, 3), "p95": round(timed.p95, 3)}


def _out_of_reach(
    collection: Collection, plan: Plan, setting: Setting, required: float
) -> OutOfReach:
    less = f"{math.floor(100 * setting.recall) / 100:.2f}"
    return OutOfReach(
        f"{plan.recipe} reaches a recall@10 of {setting.recall:.3f} here, not {required:g}",
        "nothing was changed; scan (--recipe flat) or ask for less: "
        + command("index", "-i", collection.folder, "--recipe", plan.recipe, "--min-recall", less),
    )


def match(stored: UInt64Array, present: UInt64Array) -> tuple[Int64Array, Int64Array]:
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


def _content_keys(collection: Collection) -> UInt64Array:
    keys = [content_keys_of(table) for table in _tables(collection)]
    return np.concatenate(keys) if keys else np.empty(0, dtype=np.uint64)


def _passing(collection: Collection) -> Iterator[FloatArray]:
    """Yield the vectors shard by shard, mapping one at a time: what was read can be forgotten."""
    for table in _tables(collection):
        yield vectors_of(table)


def _tables(collection: Collection) -> Iterator[pa.Table]:
    for shard in collection.manifest.shards:
        if not shard.pending:
            yield open_shard(collection.folder / "shards" / shard.name)


def _only(passing: Iterator[FloatArray], rows: Int64Array) -> Iterator[FloatArray]:
    """Yield the vectors of some rows (rising), block by block."""
    first = 0
    for block in passing:
        low, high = np.searchsorted(rows, (first, first + len(block)))
        if low < high:
            yield block[rows[low:high] - first]
        first += len(block)
