"""The verb `export`: a collection as one file for other tools, shard by shard."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from artvec.collection.reader import Collection, open_collection
from artvec.errors import ArtvecError
from artvec.shards import FloatArray, vectors_of

Format = Literal["parquet", "npz", "csv", "hdf5"]
SUFFIXES: dict[Format, str] = {"parquet": "parquet", "npz": "npz", "csv": "csv", "hdf5": "h5"}
_BYTES = ("content_hash", "phash")


@dataclass(frozen=True, slots=True)
class ExportReport:
    """Where a collection was exported to, and how many rows it holds."""

    file: Path
    rows: int


def export(folder: Path, form: Format, file: Path | None = None) -> ExportReport:
    """Write a collection as one file, vectors as float32, hashes as hexadecimal text.

    Args:
        folder: The collection.
        form: `parquet` and `csv` hold one row an image; `npz` and `hdf5` one array a column, the
            vectors as `embedding` of shape (rows, dim).
        file: Default `./<collection>.<suffix>`.

    Raises:
        ArtvecError: The collection can't be read, or the file can't be written.
    """
    collection = open_collection(folder)
    file = file or Path(f"{folder.resolve().name}.{SUFFIXES[form]}")
    if not file.name or file.is_dir():
        raise ArtvecError(f"{file} is a folder", "name a file: -o FILE", usage=True)
    beside = file.with_name(f".{file.name}.partial")
    writers: dict[Format, Callable[[Collection, Path], None]] = {
        "parquet": _write_parquet,
        "npz": _write_npz,
        "csv": _write_csv,
        "hdf5": _write_hdf5,
    }
    try:
        writers[form](collection, beside)
        beside.replace(file)
    except OSError as error:
        raise ArtvecError(
            f"{file} can't be written: {error.strerror or error}", "choose another place: -o FILE"
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    return ExportReport(file.resolve(), collection.rows)


def _write_parquet(collection: Collection, file: Path) -> None:
    schema = _readable_schema(collection)
    with pq.ParquetWriter(file, schema) as writer:
        for table in collection.tables:
            writer.write_table(_readable(table, schema))


def _write_csv(collection: Collection, file: Path) -> None:
    names = _plain_columns(collection)
    dim = collection.manifest.encoder.dim
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow([*names, *(f"embedding_{n}" for n in range(dim))])
        for table in collection.tables:
            columns = [_texts(table, name) for name in names]
            vectors = _wide(table)
            for *facts, vector in zip(*columns, vectors, strict=True):
                writer.writerow([*facts, *vector])


def _write_npz(collection: Collection, file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name in _plain_columns(collection):
            member = name.replace("/", "_").replace("\\", "_")  # an archive's path stays inside
            buffer = io.BytesIO()
            values = [value for table in collection.tables for value in _texts(table, name)]
            np.lib.format.write_array(buffer, _as_array(values), allow_pickle=False)
            archive.writestr(f"{member}.npy", buffer.getvalue())
        with archive.open("embedding.npy", "w", force_zip64=True) as handle:
            shape = (collection.rows, collection.manifest.encoder.dim)
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(handle, header)
            for vectors in _all_vectors(collection):
                handle.write(np.ascontiguousarray(vectors).tobytes())


def _write_hdf5(collection: Collection, file: Path) -> None:
    import h5py

    with h5py.File(file, "w") as out:
        out.attrs["backbone"] = collection.manifest.encoder.backbone
        for name in _plain_columns(collection):
            values = [value for table in collection.tables for value in _texts(table, name)]
            array = _as_array(values)
            if array.dtype.kind == "U":
                out.create_dataset(name, data=list(array), dtype=h5py.string_dtype())
            else:
                out.create_dataset(name, data=array)
        shape = (collection.rows, collection.manifest.encoder.dim)
        embedding = out.create_dataset("embedding", shape=shape, dtype="f4")
        first = 0
        for vectors in _all_vectors(collection):
            embedding[first : first + len(vectors)] = vectors
            first += len(vectors)


def _readable_schema(collection: Collection) -> pa.Schema:
    dim = collection.manifest.encoder.dim
    kinds: dict[str, pa.DataType] = {
        **{name: pa.string() for name in _BYTES},
        "colour": pa.list_(pa.uint8(), 48),
        "embedding": pa.list_(pa.float32(), dim),
    }
    if not collection.tables:
        return pa.schema([])
    stored = collection.tables[0].schema
    return pa.schema([pa.field(f.name, kinds.get(f.name, f.type)) for f in stored], stored.metadata)


def _readable(table: pa.Table, schema: pa.Schema) -> pa.Table:
    arrays = []
    for wanted in schema:
        column = table.column(wanted.name)
        if wanted.name in _BYTES:
            column = pa.array(_texts(table, wanted.name), pa.string())
        elif wanted.name == "embedding":
            flat = pa.array(_wide(table).reshape(-1))
            column = pa.FixedSizeListArray.from_arrays(flat, type=wanted.type)
        arrays.append(column.cast(wanted.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def _plain_columns(collection: Collection) -> list[str]:
    own = ["path", "label", "split", "width", "height", "size_bytes", "mtime_ns", *_BYTES]
    return [*own, *collection.manifest.columns]


def _texts(table: pa.Table, name: str) -> list[Any]:
    values = table.column(name).to_pylist()
    return [value.hex() for value in values] if name in _BYTES else values


def _as_array(values: list[Any]) -> np.ndarray[Any, Any]:
    """Return numbers as numbers (missing ones NaN), anything else as text (missing ones empty)."""
    if values and all(isinstance(value, int) for value in values):
        return np.array(values, dtype=np.int64)
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, (int, float)) for value in present):
        return np.array([np.nan if value is None else value for value in values])
    return np.array(["" if value is None else value for value in values], dtype=np.str_)


def _all_vectors(collection: Collection) -> Iterator[FloatArray]:
    for table in collection.tables:
        yield _wide(table)


def _wide(table: pa.Table) -> FloatArray:
    return vectors_of(table).astype(np.float32, copy=False)
