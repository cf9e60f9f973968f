"""One shard: an Arrow IPC file of rows, written whole or not at all, read by memory map."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from artvec.errors import ArtvecError
from artvec.types import EncoderIdentity, Float32Array, Preprocessing

FORMAT_VERSION = 1
ROWS_PER_SHARD = 1024

Column = Mapping[str, str]
"""User metadata columns: name → `int64`, `double` or `string`."""

_TYPES = {"int64": pa.int64(), "double": pa.float64(), "string": pa.string()}
_FLOATS = {"float32": pa.float32(), "float16": pa.float16()}


@dataclass(frozen=True, slots=True)
class Row:
    """Everything a collection knows about one image, but its embedding.

    Attributes:
        path: See `Sample`.
        label: Class of the image, where known.
        split: `train`, `val`, `test` or any other value given by metadata.
        width: As displayed.
        height: As displayed.
        size_bytes: See `Sample`.
        mtime_ns: See `Sample`.
        content_hash: sha256 of the file.
        phash: 8 bytes.
        colour: 48 bytes.
        metadata: Values of the user's columns.
    """

    path: str
    label: str | None
    split: str | None
    width: int
    height: int
    size_bytes: int
    mtime_ns: int
    content_hash: bytes
    phash: bytes
    colour: bytes
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WrittenShard:
    """A shard on disk: its file name, sha256, size and number of rows."""

    name: str
    sha256: str
    size_bytes: int
    rows: int


def shard_schema(identity: EncoderIdentity, dtype: str, columns: Column) -> pa.Schema:
    """Return the Arrow schema of a collection's shards; its metadata repeats the identity."""
    fields = [
        pa.field("path", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("split", pa.string()),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("mtime_ns", pa.int64(), nullable=False),
        pa.field("content_hash", pa.binary(32), nullable=False),
        pa.field("phash", pa.binary(8), nullable=False),
        pa.field("colour", pa.list_(pa.field("item", pa.uint8(), nullable=False), 48)),
        pa.field(
            "embedding",
            pa.list_(pa.field("item", _FLOATS[dtype], nullable=False), identity.dim),
        ),
        *(pa.field(name, _TYPES[kind]) for name, kind in columns.items()),
    ]
    return pa.schema(
        fields,
        metadata={
            b"artvec.format_version": str(FORMAT_VERSION).encode(),
            b"artvec.encoder": identity_json(identity).encode(),
        },
    )


def rows_to_table(rows: Sequence[Row], vectors: Float32Array, schema: pa.Schema) -> pa.Table:
    """Lay rows and their (N, dim) vectors out as a table of one shard."""
    arrays = [
        _column(field, rows, vectors)
        for field in schema  # same order as the contract's
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def write_shard(folder: Path, number: int, table: pa.Table) -> WrittenShard:
    """Write a shard under a name that holds its number and digest; whole or not at all."""
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks(), max_chunksize=ROWS_PER_SHARD)
    data = sink.getbuffer()
    digest = hashlib.sha256(data).hexdigest()
    name = f"{number:06d}-{digest[:12]}.arrow"
    write_whole(folder / name, data)
    return WrittenShard(name, digest, len(data), table.num_rows)


def write_whole(file: Path, data: bytes | memoryview) -> None:
    """Write a file so that a crash leaves the old one, the new one, or none; never a part."""
    temporary = file.with_name(f".{file.name}.partial")
    with temporary.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(file)
    descriptor = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_shard(file: Path) -> pa.Table:
    """Memory-map a shard; nothing is read before it is used.

    Raises:
        ArtvecError: The file is missing or is no shard.
    """
    try:
        return pa.ipc.open_file(pa.memory_map(str(file))).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise ArtvecError(
            f"shard {file} can't be read: {error}",
            "see what is damaged: artvec status; rebuild it: artvec embed SOURCE --overwrite",
        ) from error


def vectors_of(table: pa.Table) -> FloatArray:
    """Return the (N, dim) embeddings of a shard's table, zero-copy."""
    column = table.column("embedding").combine_chunks()
    dim = column.type.list_size
    values = column.values.to_numpy(zero_copy_only=True)
    vectors: FloatArray = values[column.offset * dim : (column.offset + len(column)) * dim]
    return vectors.reshape(-1, dim)


def identity_json(identity: EncoderIdentity) -> str:
    """Write an identity as canonical JSON."""
    return json.dumps(asdict(identity), sort_keys=True)


def identity_from(fields: Mapping[str, Any]) -> EncoderIdentity:
    """Read an identity back from its JSON fields.

    Raises:
        KeyError, TypeError, ValueError: Fields are missing or of another type.
    """
    return EncoderIdentity(
        str(fields["backbone"]),
        str(fields["weights_sha256"]),
        preprocessing_from(fields["preprocessing"]),
        str(fields["layer"]),
        int(fields["dim"]),
    )


def preprocessing_from(fields: Mapping[str, Any]) -> Preprocessing:
    """Read a preprocessing back from its JSON fields.

    Raises:
        KeyError, TypeError, ValueError: Fields are missing or of another type.
    """
    return Preprocessing(
        int(fields["size_px"]),
        int(fields["resize_px"]),
        fields["fit"],
        fields["interpolation"],
        _three(fields["mean"]),
        _three(fields["std"]),
    )


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _column(field: pa.Field, rows: Sequence[Row], vectors: Float32Array) -> pa.Array:
    if field.name == "embedding":
        item = field.type.value_type.to_pandas_dtype()
        flat = np.ascontiguousarray(vectors, dtype=item).reshape(-1)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), type=field.type)
    if field.name == "colour":
        flat = np.frombuffer(b"".join(row.colour for row in rows), dtype=np.uint8)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), type=field.type)
    if field.name in Row.__dataclass_fields__:
        return pa.array([getattr(row, field.name) for row in rows], type=field.type)
    return pa.array([row.metadata.get(field.name) for row in rows], type=field.type)


FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.floating[Any]]]
