"""Parquet: one row an image, shard by shard, under the collection's own column names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from artvec.collection.plain_columns import HEXADECIMAL, values, wide_vectors
from artvec.collection.reader import Collection
from artvec.collection.shards import shard_schema


def write_parquet(collection: Collection, file: Path) -> Mapping[str, str]:
    """Write a collection; no column needs another name."""
    schema = _schema(collection)
    with pq.ParquetWriter(file, schema) as writer:
        for table in collection.tables:
            writer.write_table(_readable(table, schema))
    return {}


def _schema(collection: Collection) -> pa.Schema:
    """Return the shards' schema with types that every reader knows."""
    manifest = collection.manifest
    stored = shard_schema(manifest.encoder, manifest.dtype, manifest.columns)
    kinds: dict[str, pa.DataType] = {
        **{name: pa.string() for name in HEXADECIMAL},
        "colour": pa.list_(pa.uint8(), 48),
        "embedding": pa.list_(pa.float32(), manifest.encoder.dim),
    }
    return pa.schema([pa.field(f.name, kinds.get(f.name, f.type)) for f in stored], stored.metadata)


def _readable(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = []
    for wanted in schema:
        column = table.column(wanted.name)
        if wanted.name in HEXADECIMAL:
            column = pa.array(values(table, wanted.name), pa.string())
        elif wanted.name == "embedding":
            flat = pa.array(wide_vectors(table).reshape(-1))
            column = pa.FixedSizeListArray.from_arrays(flat, type=wanted.type)
        columns.append(column.cast(wanted.type))
    return pa.Table.from_arrays(columns, schema=schema)
