"""Build a collection's index, or extend it by the rows that came; under the collection's lock."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from artvec.collection.index.files import commit_index, publish_by_content
from artvec.collection.index.positions import (
    POSITIONS,
    content_keys,
    match_positions,
    only_rows,
    passing_vectors,
)
from artvec.collection.index.reading import load_index
from artvec.collection.index.record import IndexRecord, shape_of, state_of
from artvec.collection.reader import Collection, blocks, open_collection
from artvec.core.errors import ArtvecError, command
from artvec.core.files import naming
from artvec.core.progress import Progress, silent
from artvec.core.results import Matches
from artvec.core.types import Float32Array, UInt64Array
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
from artvec.vector_search.recipes import IndexRequest
from artvec.vector_search.rerank import mapped

_GONE_AT_MOST = 0.2
"""Positions without a row that an index may hold; each costs candidates in vain."""
_GROWN_AT_MOST = 2
"""Rows over rows at training; beyond it the clusters are no longer those of the data."""
_LOST_AT_MOST = 0.01
"""Recall that an index which never reached what it was tuned to may lose before it is rebuilt."""


class RecallOutOfReach(ArtvecError):
    """No setting of an index finds as much as was asked for."""


def build_index(folder: Path, request: IndexRequest, progress: Progress = silent) -> IndexRecord:
    """Build the index that a user wishes for; the caller holds the lock.

    Raises:
        ArtvecError: It can't be built, doesn't fit the memory allowed, or misses the recall asked
            for; the former index stays.
    """
    collection = open_collection(folder)
    keys = content_keys(collection)
    plan = plan_build(request, shape_of(collection), keys)
    if plan.factory:
        try:
            return _built(collection, request, plan, keys, progress)
        except RecallOutOfReach as missed:
            if request.recipe != "auto":
                raise
            plan = replace(plan, why=f"{plan.why}, but {missed.message}")
    record = _flat(collection, request, plan, keys)
    commit_index(folder, collection.manifest, record, {})
    return record


def extend_or_build(
    collection: Collection, stored: IndexRecord | None, request: IndexRequest
) -> IndexRecord:
    """Extend the stored index if it can serve, else build it; scan where that is in vain."""
    extended = None
    if stored is not None and stored.files and stored.wanted == request:
        extended = _extended(collection, stored)
    if extended is not None:
        return extended
    try:
        return build_index(collection.folder, request)
    except ArtvecError as failure:
        record = IndexRecord(
            wanted=request,
            why=f"every row is scanned, because {failure.message}",
            rows=collection.rows,
            state=state_of(collection.manifest),
            tried=request.recipe,
            trained_rows=collection.rows,
        )
        commit_index(collection.folder, collection.manifest, record, {})
        return record


def _built(
    collection: Collection, request: IndexRequest, plan: Plan, keys: UInt64Array, progress: Progress
) -> IndexRecord:
    started = time.perf_counter()
    again = partial(passing_vectors, collection)
    truth = find_truth(again, held_out_rows(keys))
    vectors = mapped(tuple(blocks(collection)))
    with refusals(plan.factory):  # some that can be built can't be searched
        index = build(plan, again, collection.manifest.encoder.dim, progress)
        approximate = Approximate(index, np.arange(collection.rows), vectors)
        setting = tune(approximate, truth, request.recall)
    required = request.recall if request.recipe == "auto" else request.min_recall
    if required is not None and setting.recall < required:
        raise _out_of_reach(collection, plan, setting, required)
    record = IndexRecord(
        recipe=plan.recipe,
        factory=plan.factory,
        wanted=request,
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
    keys = content_keys(collection)
    rows, added = match_positions(opened.keys, keys)
    gone = np.count_nonzero(rows < 0) / len(rows)
    grown = collection.rows / max(1, stored.trained_rows or 0)
    if gone > _GONE_AT_MOST or grown > _GROWN_AT_MOST:
        return None
    before = opened.approximate
    if not len(added) and gone == np.count_nonzero(before.rows < 0) / len(rows):
        return _install(collection, stored, replace(before, rows=rows), opened.keys)
    index = before.index
    new = only_rows(passing_vectors(collection), added)
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
    truth = find_truth(partial(passing_vectors, collection), held_out_rows(keys))
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
    published = {
        "faiss": publish_by_content(folder, index_file, ".faiss"),
        "rows": publish_by_content(folder, rows_file, ".npy"),
    }
    entries = dict(published.values())
    record = replace(
        record,
        rows=collection.rows,
        state=state_of(collection.manifest),
        bytes=sum(entry.size_bytes for entry in entries.values()),
        files={role: name for role, (name, _) in published.items()},
    )
    commit_index(folder, collection.manifest, record, entries)
    return record


def _flat(
    collection: Collection, request: IndexRequest, plan: Plan, keys: UInt64Array
) -> IndexRecord:
    started = time.perf_counter()
    held_out = held_out_rows(keys)
    timed = None
    if len(held_out):
        queries = take_passing(passing_vectors(collection), held_out)
        timed = latency(partial(_scan, collection), queries)
    return IndexRecord(
        wanted=request,
        why=plan.why,
        rows=collection.rows,
        latency_ms=_milliseconds(timed),
        build_seconds=round(time.perf_counter() - started, 3),
        state=state_of(collection.manifest),
        tried=None if request.recipe == "flat" or not plan.factory else request.recipe,
        trained_rows=collection.rows,
    )


def _scan(collection: Collection, queries: Float32Array) -> Matches:
    return exact_search(blocks(collection), queries, K)


def _milliseconds(timed: Latency | None) -> dict[str, float] | None:
    return None if timed is None else {"p50": round(timed.p50, 3), "p95": round(timed.p95, 3)}


def _out_of_reach(
    collection: Collection, plan: Plan, setting: Setting, required: float
) -> RecallOutOfReach:
    less = f"{math.floor(100 * setting.recall) / 100:.2f}"
    return RecallOutOfReach(
        f"{plan.recipe} reaches a recall@10 of {setting.recall:.3f} here, not {required:g}",
        "nothing was changed; scan (--recipe flat) or ask for less: "
        + command("index", "-i", collection.folder, "--recipe", plan.recipe, "--min-recall", less),
    )
