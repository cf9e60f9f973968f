"""The command `index`: build the index of a collection anew, measured against the exact scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from artvec.collection.index.updating import stored_index_request
from artvec.collection.lock import writing
from artvec.collection.manifest import read_manifest
from artvec.core.errors import ArtvecError
from artvec.core.progress import Progress, silent
from artvec.vector_search.recipes import IndexRequest

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@dataclass(frozen=True)
class IndexReport:
    """The index of a collection.

    Attributes:
        index: Folder of the collection.
        rows: In it.
        recipe: See `artvec.collection.index.record.IndexRecord`, as of the rest.
        factory: FAISS factory string; None for flat.
        parameters: Of a search.
        recall_at_10: Against the exact scan.
        latency_ms: Of a single query, `p50` and `p95`; None where there are too few rows.
        bytes: Of its files.
        build_seconds: Training, adding, tuning and measuring.
        why: Why it is this recipe.
    """

    index: Path
    rows: int
    recipe: str
    factory: str | None
    parameters: Mapping[str, int]
    recall_at_10: float
    latency_ms: Mapping[str, float] | None
    bytes: int
    build_seconds: float | None
    why: str


def build_index(
    folder: Path,
    *,
    recipe: str | None = None,
    min_recall: float | None = None,
    max_memory: int | None = None,
    progress: Progress = silent,
) -> IndexReport:
    """Build the index of a collection anew.

    Args:
        folder: The collection.
        recipe: `auto`, a name of the table, or a FAISS factory string. None keeps what was asked
            for last, whose recall and memory then hold where none is given.
        min_recall: Recall@10 that it must reach.
        max_memory: Bytes that building may take beside what a process takes anyway.
        progress: Called with rows done and rows to do.

    Raises:
        ArtvecError: The recipe is unknown, doesn't fit the memory or misses the recall (the
            former index stays), or another process writes.
    """
    from artvec.collection.index import building as index_build

    read_manifest(folder)  # before the lock makes a file where there is no collection
    with writing(folder):
        request = IndexRequest(recipe or "auto", min_recall, max_memory)
        if recipe is None:
            request = _with_limits(stored_index_request(folder) or request, request)
        record = index_build.build_index(folder, request, progress)
    return IndexReport(
        index=folder.resolve(),
        rows=record.rows or 0,
        recipe=record.recipe,
        factory=record.factory,
        parameters=record.parameters,
        recall_at_10=record.recall_at_10,
        latency_ms=record.latency_ms,
        bytes=record.bytes,
        build_seconds=record.build_seconds,
        why=record.why,
    )


def memory_size(text: str) -> int:
    """Read a size such as `4G`, `500M` or `1.5 GB` (powers of ten) in bytes.

    Raises:
        ArtvecError: It is no size.
    """
    compact = text.strip().upper().replace(" ", "").removesuffix("B").removesuffix("I")
    number, unit = (compact[:-1], compact[-1]) if compact[-1:].isalpha() else (compact, "")
    try:
        size = float(number) * _UNITS[unit]
        if not 0 < size < 1e18:
            raise ValueError
    except (KeyError, ValueError) as error:
        raise ArtvecError(
            f"{text!r} is no size of memory", "write it as 500M or 4G", usage=True
        ) from error
    return int(size)


def _with_limits(stored: IndexRequest, given: IndexRequest) -> IndexRequest:
    """Return the stored request, with the recall and memory that are given now."""
    return IndexRequest(
        stored.recipe,
        stored.min_recall if given.min_recall is None else given.min_recall,
        stored.max_memory if given.max_memory is None else given.max_memory,
    )
