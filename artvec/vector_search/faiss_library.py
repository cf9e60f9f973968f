"""FAISS indexes as artvec uses them: made, trained, filled, asked, written and read with care."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faiss

from artvec.core.errors import ArtvecError
from artvec.core.types import Float32Array, Int64Array

Index = Any
"""A FAISS index; the library has no types."""

_LOOPS = 1 << 20
"""More clusters or stages than any index of ours has; FAISS reads no file that claims more."""


_TABLE_BYTES = 256 << 20
"""What product quantizers may precompute while an index is read, beside what the file holds."""


class UnreadableIndex(Exception):
    """A file that is not the index it should be; its message says why."""


def make_index(factory: str, dim: int) -> Index:
    """Make an empty index of the inner product (vectors get length 1 before they come here).

    Raises:
        ArtvecError: FAISS doesn't know the factory string, or not for this width.
    """
    with refusals(factory):
        index = faiss.index_factory(dim, factory, faiss.METRIC_INNER_PRODUCT)
        row_bytes(index)  # a graph without links can't tell, nor be searched
        return index


def row_bytes(index: Index) -> int:
    """Return the memory of one row in an index: its code, its id or its links."""
    inner = _inner(index)
    graph = getattr(inner, "hnsw", None)
    linked: int = 8 * graph.nb_neighbors(1) + 16 if graph else 8  # int32, twice as many on level 0
    coded = faiss.downcast_index(inner.storage) if graph else index
    try:
        code: int = coded.sa_code_size()
    except RuntimeError:  # kinds that don't tell keep vectors in full
        code = 4 * index.d
    return code + linked


def train(index: Index, units: Float32Array, factory: str) -> Index:
    """Train an index on (n, dim) unit vectors; return it, on the GPUs where they can take it.

    Raises:
        ArtvecError: FAISS refuses, e.g. because there are fewer rows than clusters.
    """
    with refusals(factory):
        _hush(index)
        index = _on_gpus(index)
        index.train(units)
        return index


def add(index: Index, units: Float32Array, factory: str) -> None:
    """Add (n, dim) unit vectors behind those that are there.

    Raises:
        ArtvecError: FAISS can't add to an index of this kind.
    """
    with refusals(factory):
        index.add(units)


def on_cpu(index: Index) -> Index:
    """Bring an index back from the GPUs; of one that never left this would make a second one."""
    return faiss.index_gpu_to_cpu(index)


def search_effort(index: Index) -> tuple[str, tuple[int, ...]]:
    """Return the name of what makes a search more thorough, and its values to try, rising.

    Nothing of the kind: an empty name and no values.
    """
    space = faiss.ParameterSpace()
    space.initialize(index)
    ranges = (space.parameter_ranges.at(at) for at in range(space.parameter_ranges.size()))
    names = {each.name for each in ranges}
    if "nprobe" in names:
        clusters = faiss.extract_index_ivf(index).nlist
        return "nprobe", (
            *(2**n for n in range(clusters.bit_length()) if 2**n < clusters),
            clusters,
        )
    if "efSearch" in names:
        return "efSearch", tuple(32 * 2**n for n in range(7))
    return "", ()


def set_effort(index: Index, name: str, value: int) -> None:
    """Set how thorough the searches of an index are."""
    if name:
        faiss.ParameterSpace().set_index_parameter(index, name, value)


def ask(index: Index, units: Float32Array, count: int) -> Int64Array:
    """Return (Q, count) positions near each of (Q, dim) unit queries, -1 where there are fewer."""
    with _threads_for(len(units)):
        _, found = index.search(units, count)
    positions: Int64Array = found
    positions[(positions < 0) | (positions >= index.ntotal)] = -1  # a file may claim any id
    return positions


@contextmanager
def _threads_for(queries: int) -> Iterator[None]:
    """Search for a single query in one thread: to start and join others takes longer."""
    before = faiss.omp_get_max_threads()
    if queries > 1 or before == 1:
        yield
        return
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def write(index: Index, file: Path) -> None:
    """Write an index to a file.

    Raises:
        OSError: There is no room, or no permission.
    """
    try:
        faiss.write_index(index, str(file))
    except RuntimeError as error:
        raise OSError(None, _reason(error), str(file)) from error


def read(file: Path, *, rows: int, dim: int) -> Index:
    """Read an index that may come from a stranger; the caller has checked the file's size.

    FAISS is told to allocate nothing much longer than the file at once, and never to write.

    Raises:
        UnreadableIndex: It isn't an index of so many rows of this width.
    """
    before = faiss.get_deserialization_vector_byte_limit(), faiss.get_deserialization_loop_limit()
    faiss.set_deserialization_vector_byte_limit(file.stat().st_size + _TABLE_BYTES)
    faiss.set_deserialization_loop_limit(_LOOPS)
    try:
        index = faiss.read_index(str(file), faiss.IO_FLAG_READ_ONLY)
    except (RuntimeError, MemoryError) as error:
        raise UnreadableIndex(_reason(error)) from error
    finally:
        faiss.set_deserialization_vector_byte_limit(before[0])
        faiss.set_deserialization_loop_limit(before[1])
    if (index.ntotal, index.d) != (rows, dim):
        raise UnreadableIndex(f"it holds {index.ntotal} × {index.d} numbers, not {rows} × {dim}")
    if index.metric_type != faiss.METRIC_INNER_PRODUCT or not index.is_trained:
        raise UnreadableIndex("it is no trained index of the inner product")
    if not _in_memory(index):
        raise UnreadableIndex("its lists lie in another file")
    return index


def _in_memory(index: Index) -> bool:
    """Refuse lists that FAISS would map from any path that the file names."""
    inner = _inner(index)
    if not isinstance(inner, faiss.IndexIVF) or inner.invlists is None:
        return True
    lists = faiss.downcast_InvertedLists(inner.invlists)
    return type(lists).__name__ in ("ArrayInvertedLists", "BlockInvertedLists")


def _inner(index: Index) -> Index:
    """Return the index within transforms, refinements and id maps."""
    index = faiss.downcast_index(index)
    while True:
        inside = getattr(index, "base_index", None) or (
            index.index if isinstance(index, (faiss.IndexPreTransform, faiss.IndexIDMap)) else None
        )
        if inside is None:
            return index
        index = faiss.downcast_index(inside)


def _hush(index: Index) -> None:
    """Keep FAISS from printing that it would like more training rows; recall is measured."""
    inner = _inner(index)
    for part in (inner, getattr(inner, "pq", None)):
        if part is not None and hasattr(part, "cp"):
            part.cp.min_points_per_centroid = 1


def _on_gpus(index: Index) -> Index:
    if not _gpus():
        return index
    try:
        return faiss.index_cpu_to_all_gpus(index)
    except RuntimeError:  # FAISS has no twin of this kind of index there
        return index


def _gpus() -> int:
    return int(getattr(faiss, "get_num_gpus", lambda: 0)())


@contextmanager
def refusals(factory: str) -> Iterator[None]:
    """Turn what FAISS raises over a factory string into a refusal of it."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        raise ArtvecError(
            f"FAISS can't build {factory!r}: {_reason(error)}",
            "take a recipe: --recipe auto, flat, hnsw, ivf, rabitq or ivfpq; "
            "or another FAISS factory string",
            usage=True,
        ) from error


def _reason(error: BaseException) -> str:
    """Return what FAISS says, without its source files and signatures."""
    return " ".join(str(error).split()).rpartition(": ")[2] or type(error).__name__
