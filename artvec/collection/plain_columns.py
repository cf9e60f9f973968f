"""The plain columns of a collection (all but colour and vectors), and their names in a file."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from artvec.collection.reader import Collection
from artvec.collection.shards import vectors_of
from artvec.core.types import FloatArray

HEXADECIMAL = ("content_hash", "phash")
_OWN = {
    **dict.fromkeys(("path", "label", "split"), "string"),
    **dict.fromkeys(("width", "height", "size_bytes", "mtime_ns"), "int64"),
    **dict.fromkeys(HEXADECIMAL, "string"),
}


def names_in_file(
    collection: Collection, taken: Iterable[str], spelling: Callable[[str], str] = str
) -> dict[str, str]:
    """Return the name that each plain column gets in a file, in their order.

    Args:
        collection: Whose columns.
        taken: Names that the format itself needs.
        spelling: Replaces what the format can't have in a name.

    Returns:
        Column → its name in the file; one whose name is taken gets `_2`, `_3`, … appended, and
        names that need no respelling come first.
    """
    user = sorted(collection.manifest.columns, key=lambda name: spelling(name) != name)
    used = {*_OWN, *taken}
    names = {name: name for name in _OWN}
    for name in user:
        names[name] = free_name(spelling(name), used)
        used.add(names[name])
    return {name: names[name] for name in (*_OWN, *collection.manifest.columns)}


def renamed(names: Mapping[str, str]) -> dict[str, str]:
    """Return the columns whose name in the file is another."""
    return {name: shown for name, shown in names.items() if name != shown}


def values(table: pa.Table, name: str) -> list[Any]:
    """Return a column's values, hashes as hexadecimal text."""
    found: list[Any] = table.column(name).to_pylist()
    return [value.hex() for value in found] if name in HEXADECIMAL else found


def arrays(
    collection: Collection, names: Mapping[str, str]
) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Yield name and array of each plain column.

    Integers stay int64: where some are missing they are 0, and a second array `NAME_missing` is
    True there. Missing other numbers are NaN, missing text is empty.
    """
    used = {*names.values(), "embedding"}
    kinds = {**_OWN, **collection.manifest.columns}
    for name, shown in names.items():
        column = [value for table in collection.tables for value in values(table, name)]
        missing = np.array([value is None for value in column], dtype=bool)
        if kinds[name] == "string":
            yield shown, np.array([value or "" for value in column], dtype=np.str_)
        elif kinds[name] == "double":
            numbers = [np.nan if value is None else value for value in column]
            yield shown, np.array(numbers, dtype=np.float64)
        else:
            yield shown, np.array([value or 0 for value in column], dtype=np.int64)
            if missing.any():
                mask = free_name(f"{shown}_missing", used)
                used.add(mask)
                yield mask, missing


def flat_name(name: str) -> str:
    """Spell a name without folders: archives and HDF5 files would lead somewhere else by them."""
    flat = name.replace("/", "_").replace("\\", "_")
    return flat if flat.strip(".") else "_"


def all_vectors(collection: Collection) -> Iterator[FloatArray]:
    """Yield the (n, dim) float32 vectors of one shard after another."""
    for table in collection.tables:
        yield wide_vectors(table)


def wide_vectors(table: pa.Table) -> FloatArray:
    """Return the (n, dim) vectors of a shard as float32, whatever they are stored as."""
    return vectors_of(table).astype(np.float32, copy=False)


def free_name(wanted: str, used: Container[str]) -> str:
    """Return a name, with `_2`, `_3`, … appended where it is taken."""
    name, number = wanted, 1
    while name in used:
        number += 1
        name = f"{wanted}_{number}"
    return name
