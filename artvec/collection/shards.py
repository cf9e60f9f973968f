"""One shard: an Arrow IPC file of rows, written whole or not at all, read by memory map."""

from __future__ import annotations

import hashlib
import io
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from artvec.core.errors import ArtvecError, command
from artvec.core.files import write_whole
from artvec.core.types import EncoderIdentity, Float32Array, FloatArray, UInt64Array
from artvec.encoding.identity import identity_json

FORMAT_VERSION = 1
_FILE_MAGIC_BYTES = 8
_NAME = re.compile(r"[0-9]{6,}-[0-9a-f]{12}\.arrow")
ROWS_PER_SHARD = 1024

Column = Mapping[str, str]
"""User metadata columns: name → `int64`, `double` or `string`."""

_TYPES = {"int64": pa.int64(), "double": pa.float64(), "string": pa.string()}
_FLOATS = {"float32": pa.float32(), "float16": pa.float16()}


_OWN_FIELDS = (
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
)
OWN_COLUMNS = (*(field.name for field in _OWN_FIELDS), "embedding")
"""In the order of the schema; the user's columns come after them."""


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
        *_OWN_FIELDS,
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


def is_shard_name(name: str) -> bool:
    """Say whether a file name is one that `write_shard` gives."""
    return _NAME.fullmatch(name) is not None


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


def open_shard(file: Path) -> pa.Table:
    """Memory-map a shard; vectors stay on disk until they are used.

    Whatever the file holds, using the table reads no byte outside the mapping, and opening it
    takes no memory for vectors: compressed batches are refused, offsets are checked.

    Raises:
        ArtvecError: The file is missing or is no shard.
    """
    try:
        if not file.is_file():
            raise FileNotFoundError("there is no such file")
        mapped = pa.memory_map(str(file)).read_buffer()
        messages = mapped.slice(_FILE_MAGIC_BYTES)  # an IPC file is a stream behind its magic
        _check_uncompressed(messages)
        table = pa.ipc.open_stream(messages).read_all()
        _check_columns(table.schema)
        table.validate(full=True)
    except (OSError, pa.ArrowException, struct.error, ValueError, IndexError) as error:
        raise ArtvecError(
            f"shard {file} can't be read: {error}",
            f"mend its collection: {command('verify', '--repair', '-i', file.parent.parent)}",
        ) from error
    return table


def _check_uncompressed(messages: pa.Buffer) -> None:
    """Refuse compressed batches, which could grow without bounds when they are read.

    Source: Arrow's Message.fbs; `compression` is field 3 of the table RecordBatch, the message's
    header, which is field 2 of the table Message.
    """
    for message in pa.ipc.MessageReader.open_stream(messages):
        if message.type != "record batch":
            continue
        flat = message.metadata.to_pybytes()
        root = struct.unpack_from("<I", flat)[0]
        at = root + _flat_field(flat, root, 2)
        batch = at + struct.unpack_from("<I", flat, at)[0]
        if _flat_field(flat, batch, 3):
            raise pa.ArrowInvalid("its batches are compressed")


def _check_columns(schema: pa.Schema) -> None:
    own = [schema.field(at) for at in range(min(len(OWN_COLUMNS), len(schema)))]
    is_list = bool(own) and pa.types.is_fixed_size_list(own[-1].type)
    holds_vectors = is_list and own[-1].type.value_type in _FLOATS.values()
    if own[:-1] != list(_OWN_FIELDS) or own[-1].name != "embedding" or not holds_vectors:
        raise pa.ArrowInvalid("its columns are not those of a shard")


def _flat_field(flat: bytes, table: int, number: int) -> int:
    """Return where a flatbuffer table keeps a field, relative to the table; 0 if it has none."""
    layout = table - struct.unpack_from("<i", flat, table)[0]
    slot = 4 + 2 * number
    if slot >= struct.unpack_from("<H", flat, layout)[0]:
        return 0
    offset: int = struct.unpack_from("<H", flat, layout + slot)[0]
    return offset


def vectors_of(table: pa.Table) -> FloatArray:
    """Return the (N, dim) embeddings of a shard's table, zero-copy."""
    chunked = table.column("embedding")
    # combine_chunks would copy even a single chunk
    column = chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()
    dim, values = column.type.list_size, column.values
    # to_numpy would import pandas, where it is installed, for the first array
    numbers = np.frombuffer(values.buffers()[1], column.type.value_type.to_pandas_dtype())
    first = values.offset + column.offset * dim
    vectors: FloatArray = numbers[first : first + len(column) * dim].reshape(-1, dim)
    return vectors


def content_keys_of(table: pa.Table) -> UInt64Array:
    """Return the first 8 bytes of each row's content hash as (N,) little-endian numbers."""
    column = table.column("content_hash").combine_chunks()
    data = np.frombuffer(column.buffers()[1], dtype="<u8", offset=0)
    width = column.type.byte_width // 8  # in numbers
    keys: UInt64Array = data[column.offset * width : (column.offset + len(column)) * width : width]
    return keys.copy()


def _column(field: pa.Field, rows: Sequence[Row], vectors: Float32Array) -> pa.Array:
    if field.name == "embedding":
        item = field.type.value_type.to_pandas_dtype()
        flat = np.ascontiguousarray(vectors, dtype=item).reshape(-1)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), type=field.type)
    if field.name == "colour":
        flat = np.frombuffer(b"".join(row.colour for row in rows), dtype=np.uint8)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), type=field.type)
    if field.name in Row.__dataclass_fields__ and field.name != "metadata":
        return pa.array([getattr(row, field.name) for row in rows], type=field.type)
    return pa.array([row.metadata.get(field.name) for row in rows], type=field.type)
