"""Read a collection: rows and vectors straight from its memory-mapped shards."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from artvec.collection.manifest import Manifest, ShardEntry, read_manifest
from artvec.collection.shards import open_shard, shard_schema, vectors_of
from artvec.core.errors import ArtvecError, command
from artvec.core.types import BoolArray, FloatArray


@dataclass(frozen=True)
class Collection:
    """An opened collection: its folder, its manifest and its mapped shards."""

    folder: Path
    manifest: Manifest
    tables: tuple[pa.Table, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.manifest.rows

    @property
    def source(self) -> Path:
        """Folder of the images."""
        return source_of(self.folder, self.manifest)


def open_collection(folder: Path) -> Collection:
    """Open a collection for reading; vectors stay on disk until they are used.

    Raises:
        ArtvecError: It is damaged, or no run of `artvec embed` has ever finished it.
    """
    try:
        return _open_once(folder)
    except ArtvecError:
        # A writer may have replaced shards after we read the manifest: look a second time.
        return _open_once(folder)


def _open_once(folder: Path) -> Collection:
    manifest = read_manifest(folder)
    shards = [shard for shard in manifest.shards if not shard.pending]
    if not manifest.complete and not shards:
        raise ArtvecError(
            f"{folder} is not complete: the run that makes it has not finished",
            "finish it (nothing done is lost): "
            + command("embed", source_of(folder, manifest), "-i", folder),
        )
    return Collection(folder, manifest, tuple(_tables(folder, manifest, shards)))


def source_of(folder: Path, manifest: Manifest) -> Path:
    """Return the source folder, which may be kept inside the collection."""
    return (folder / manifest.source).resolve()


def blocks(collection: Collection, chosen: BoolArray | None = None) -> Iterator[FloatArray]:
    """Yield the (n, dim) vectors of one shard after another, in row order.

    Args:
        collection: Its vectors come zero-copy.
        chosen: (N,), the rows wanted: their vectors are copied, of shards without one nothing is
            read.
    """
    first = 0
    for table in collection.tables:
        wanted = None if chosen is None else chosen[first : first + table.num_rows]
        first += table.num_rows
        if wanted is None or wanted.all():
            yield vectors_of(table)
        elif wanted.any():
            yield vectors_of(table)[wanted]


def columns(collection: Collection, names: Sequence[str]) -> pa.Table:
    """Return columns of all rows as one table, zero-copy."""
    parts = [table.select(names) for table in collection.tables]
    if not parts:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return pa.concat_tables(parts)


def rows_where(collection: Collection, name: str, value: object) -> set[int]:
    """Return the numbers of the rows whose column holds a value."""
    import pyarrow.compute as pc

    found: set[int] = set()
    first = 0
    for table in collection.tables:
        column = table.column(name)
        scalar = pa.scalar(value, column.type)
        found |= {first + at for at in pc.indices_nonzero(pc.equal(column, scalar)).to_pylist()}
        first += table.num_rows
    return found


def rows_spelled_alike(collection: Collection, name: str, text: str) -> set[int]:
    """Return the numbers of the rows whose column holds a text in any Unicode form."""
    import pyarrow.compute as pc

    spelled = pc.utf8_normalize(columns(collection, [name]).column(name), form="NFC")
    wanted = pa.scalar(unicodedata.normalize("NFC", text))
    return set(pc.indices_nonzero(pc.equal(spelled, wanted)).to_pylist())


def row(collection: Collection, number: int) -> dict[str, Any]:
    """Return one row's columns but its embedding.

    Raises:
        IndexError: There is no such row.
    """
    for table in collection.tables:
        if number < table.num_rows:
            names = [name for name in table.column_names if name != "embedding"]
            record: dict[str, Any] = table.select(names).slice(number, 1).to_pylist()[0]
            return record
        number -= table.num_rows
    raise IndexError(number)


def vector(collection: Collection, number: int) -> FloatArray:
    """Return the (dim,) vector of one row."""
    for block in blocks(collection):
        if number < len(block):
            found: FloatArray = np.asarray(block[number])
            return found
        number -= len(block)
    raise IndexError(number)


def _tables(folder: Path, manifest: Manifest, shards: Sequence[ShardEntry]) -> Iterator[pa.Table]:
    try:
        expected = shard_schema(manifest.encoder, manifest.dtype, manifest.columns)
    except KeyError as error:
        raise _damaged(folder, f"its manifest names an unknown type: {error}") from error
    for shard in shards:
        table = _checked(folder, shard)
        if not table.schema.equals(expected, check_metadata=True):
            raise _damaged(folder, f"shard {shard.name} is of another encoder or has other columns")
        yield table


def _checked(folder: Path, shard: ShardEntry) -> pa.Table:
    file = folder / "shards" / shard.name
    try:
        size_bytes = file.stat().st_size
    except OSError as error:
        raise _damaged(folder, f"shard {shard.name} is missing") from error
    if size_bytes != shard.size_bytes:
        raise _damaged(
            folder, f"shard {shard.name} has {size_bytes} bytes instead of {shard.size_bytes}"
        )
    table = open_shard(file)
    if table.num_rows != shard.rows:
        raise _damaged(folder, f"shard {shard.name} has {table.num_rows} rows, not {shard.rows}")
    return table


def _damaged(folder: Path, why: str) -> ArtvecError:
    return ArtvecError(
        f"{folder} is damaged: {why}",
        f"see what is damaged, and mend it: {command('verify', '--repair', '-i', folder)}",
    )
