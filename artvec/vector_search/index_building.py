"""Build an index within a given memory: choose, train on a sample, fill block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from artvec.core.errors import ArtvecError
from artvec.core.progress import Progress
from artvec.core.types import Float32Array, Int64Array, UInt64Array
from artvec.vector_search.faiss_library import Index, add, make_index, on_cpu, row_bytes, train
from artvec.vector_search.recipes import (
    IndexRequest,
    Shape,
    clusters_in,
    factory_string,
    ranked,
    training_rows_needed,
    training_rows_wanted,
)
from artvec.vector_search.vectors import unit_rows

Blocks = Callable[[], Iterable[np.ndarray[Any, Any]]]
"""Gives the (n, dim) vectors of a collection again, block by block, holding one at a time."""

_HELD_OUT = 400
_FEWEST_ROWS = 10
"""Fewer are not worth an index."""
_FIXED_BYTES = 96 << 20
"""Buffers of FAISS, its threads, and the scoring of candidates (measured: 40 to 70 MB)."""
_SAMPLE_COPIES = 3
"""The sample as it is stored, at length 1, and as FAISS transforms it."""
_GROWTH = 2
"""Lists grow by doubling: old and new stand side by side for a moment."""
_KEY_BYTES = 48
"""Content keys and row numbers of a row, while they are matched."""


@dataclass(frozen=True)
class Plan:
    """What is going to be built.

    Attributes:
        recipe: Its name in the table, or the factory string.
        factory: FAISS factory string; empty for flat.
        training: (n,) rows to train on, rising; none of them is ever held out.
        rows: To be indexed.
        peak_bytes: What building takes at most.
        why: For the user.
    """

    recipe: str
    factory: str
    training: Int64Array
    rows: int
    peak_bytes: int
    why: str


def plan_build(request: IndexRequest, shape: Shape, keys: UInt64Array) -> Plan:
    """Choose a recipe, its clusters and its sample so that they fit the memory allowed.

    Args:
        request: What the user wants.
        shape: Of the vectors.
        keys: (N,) content keys, uniformly distributed; they decide which rows are held out.

    Raises:
        ArtvecError: Nothing of what was asked for fits, or FAISS doesn't know it.
    """
    order = ranked(request, shape)
    tried: list[_Draft] = []
    for name in order.names if shape.rows >= _FEWEST_ROWS else ("flat",):
        draft = _drafted(name, shape, request.max_memory)
        if request.max_memory is None or draft.peak_bytes <= request.max_memory:
            few = "" if shape.rows >= _FEWEST_ROWS else f", but {shape.rows} rows need no index"
            return _planned(draft, keys, _why(order.why + few, draft, tried))
        tried.append(draft)
    needed = megabytes(min(draft.peak_bytes for draft in tried))
    raise ArtvecError(
        f"{tried[0].recipe} over {shape.rows:,} × {shape.dim:,} vectors needs {needed} of memory, "
        f"more than --max-memory {megabytes(request.max_memory or 0)}",
        f"allow --max-memory {needed}, or take --recipe rabitq or ivfpq (smaller) or flat (none)",
        usage=True,
    )


def held_out_rows(keys: UInt64Array) -> Int64Array:
    """Return the rows to measure with, rising: those with the smallest keys.

    So they are the same at every build on every machine, and rows that stay stay held out.
    """
    count = min(_HELD_OUT, len(keys) // 10)
    return np.sort(_smallest(keys, count))


def build(plan: Plan, blocks: Blocks, dim: int, progress: Progress) -> Index:
    """Train an index on the plan's sample and add every row, in row order.

    Raises:
        ArtvecError: FAISS can't.
    """
    made = make_index(plan.factory, dim)
    index = train(made, unit_rows(take_passing(blocks(), plan.training)), plan.factory)
    extend(index, blocks(), plan.factory, plan.rows, progress)
    return index if index is made else on_cpu(index)


def extend(
    index: Index,
    blocks: Iterable[np.ndarray[Any, Any]],
    factory: str,
    total: int,
    progress: Progress,
) -> None:
    """Add the vectors of (n, dim) blocks behind those that an index has, up to `total`."""
    for block in blocks:
        add(index, unit_rows(block), factory)
        progress(index.ntotal, total)


def take_passing(blocks: Iterable[np.ndarray[Any, Any]], rows: Int64Array) -> Float32Array:
    """Return the (n, dim) vectors of (n,) rising rows, letting go of each block after it."""
    return np.concatenate(list(_taken(blocks, rows)))


def _taken(
    blocks: Iterable[np.ndarray[Any, Any]], rows: Int64Array
) -> Iterator[np.ndarray[Any, Any]]:
    first = 0
    for block in blocks:
        low, high = np.searchsorted(rows, (first, first + len(block)))
        yield np.asarray(block[rows[low:high] - first], dtype=np.float32)
        first += len(block)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A recipe with as large a sample as the memory allows."""

    recipe: str
    factory: str = ""
    training_rows: int = 0
    peak_bytes: int = 0


def _drafted(name: str, shape: Shape, max_memory: int | None) -> _Draft:
    if name == "flat":
        return _Draft(name)
    size = min(training_rows_wanted(name, shape.rows), shape.rows - shape.rows // 5)
    fixed = _fixed_bytes(factory_string(name, shape.dim, size, shape.rows), shape)
    each = _SAMPLE_COPIES * shape.dim * 4
    if max_memory is not None:
        size = min(size, max(training_rows_needed(name), (max_memory - fixed) // each))
    factory = factory_string(name, shape.dim, size, shape.rows)
    return _Draft(name, factory, size, _fixed_bytes(factory, shape) + size * each)


def _fixed_bytes(factory: str, shape: Shape) -> int:
    """Return what building takes beside the training sample."""
    index = make_index(factory, shape.dim)
    tables = 2 * 4 * shape.dim * (clusters_in(factory) + shape.dim)  # centroids, a rotation
    rows = shape.rows * (_GROWTH * row_bytes(index) + _KEY_BYTES)
    return _FIXED_BYTES + tables + rows


def _planned(draft: _Draft, keys: UInt64Array, why: str) -> Plan:
    reserved = np.zeros(len(keys), dtype=bool)
    reserved[_smallest(keys, min(2 * _HELD_OUT, len(keys) // 5))] = True
    pool = np.flatnonzero(~reserved)
    drawn = np.random.default_rng(0).choice(pool, draft.training_rows, replace=False)
    return Plan(draft.recipe, draft.factory, np.sort(drawn), len(keys), draft.peak_bytes, why)


def _why(why: str, chosen: _Draft, tried: list[_Draft]) -> str:
    for draft in tried:
        why += f"; {draft.recipe} would need {megabytes(draft.peak_bytes)} of memory"
    return why if chosen.recipe in why else f"{why}; so {chosen.recipe}"


def _smallest(keys: UInt64Array, count: int) -> Int64Array:
    rows: Int64Array = np.argpartition(keys, count)[:count] if count else np.empty(0, np.int64)
    return rows


def megabytes(size: int) -> str:
    """Write a size as `--max-memory` takes it, rounded up."""
    return f"{-(-size // 1_000_000)}M"
