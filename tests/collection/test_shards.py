"""Checks shards, the identity in them and whole writes: by round trip and by other readers."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artvec.collection.shards import (
    ROWS_PER_SHARD,
    Row,
    WrittenShard,
    open_shard,
    rows_to_table,
    shard_schema,
    vectors_of,
    write_shard,
)
from artvec.core.errors import ArtvecError
from artvec.core.files import write_whole
from artvec.core.types import EncoderIdentity, Preprocessing
from artvec.encoding.identity import identity_from, identity_json

DIM = 3
SEEN = Preprocessing(224, 256, "crop", "bicubic", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
IDENTITY = EncoderIdentity("tf_efficientnet_lite0", "ab" * 32, SEEN, "penultimate", DIM)
COLUMNS = {"artist": "string", "year": "int64", "lat": "double"}
CONTRACT = [  # section Collections, in its order
    ("path", "string"),
    ("label", "string"),
    ("split", "string"),
    ("width", "int32"),
    ("height", "int32"),
    ("size_bytes", "int64"),
    ("mtime_ns", "int64"),
    ("content_hash", "fixed_size_binary[32]"),
    ("phash", "fixed_size_binary[8]"),
    ("colour", "fixed_size_list<item: uint8 not null>[48]"),
    ("embedding", "fixed_size_list<item: float not null>[3]"),
    ("artist", "string"),
    ("year", "int64"),
    ("lat", "double"),
]
ROW = Row(
    path="barok/Frans Hals – Zigeunermeisje.jpg",
    label="baroque",
    split=None,
    width=640,
    height=480,
    size_bytes=5_000_000_000,
    mtime_ns=1_700_000_000_123_456_789,
    content_hash=bytes(range(32)),
    phash=bytes(range(8)),
    colour=bytes(range(48)),
    metadata={"artist": "Hals", "year": 1628, "lat": None},
)

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
int64 = st.integers(-(2**63), 2**63 - 1)
rows_of_any_kind = st.builds(
    Row,
    path=text,
    label=st.none() | text,
    split=st.none() | st.sampled_from(["train", "val", "test", "query"]),
    width=st.integers(1, 2**31 - 1),
    height=st.integers(1, 2**31 - 1),
    size_bytes=st.integers(0, 2**63 - 1),
    mtime_ns=int64,
    content_hash=st.binary(min_size=32, max_size=32),
    phash=st.binary(min_size=8, max_size=8),
    colour=st.binary(min_size=48, max_size=48),
    metadata=st.fixed_dictionaries(
        {
            "artist": st.none() | text,
            "year": st.none() | int64,
            "lat": st.none() | st.floats(allow_nan=False),
        }
    ),
)


def _vectors(count: int) -> np.ndarray:
    return np.random.default_rng(count).normal(0, 30, (count, DIM)).astype(np.float32)


def _write(
    folder: Path, rows: list[Row], vectors: np.ndarray, dtype: str = "float32"
) -> WrittenShard:
    schema = shard_schema(IDENTITY, dtype, COLUMNS)
    return write_shard(folder, 7, rows_to_table(rows, vectors, schema))


def _read_rows(table: pa.Table) -> list[Row]:
    own = [name for name, _ in CONTRACT[:9]]
    return [
        Row(
            **{name: record[name] for name in own},
            colour=bytes(record["colour"]),
            metadata={name: record[name] for name in COLUMNS},
        )
        for record in table.to_pylist()
    ]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows_of_any_kind, max_size=5))
def test_rows_and_vectors_come_back(tmp_path: Path, rows: list[Row]) -> None:
    vectors = _vectors(len(rows))
    written = _write(tmp_path, rows, vectors)
    table = open_shard(tmp_path / written.name)
    assert _read_rows(table) == rows
    assert np.array_equal(vectors_of(table), vectors)
    assert vectors_of(table).shape == (len(rows), DIM)
    assert written.rows == len(rows)


def test_columns_are_the_contracts() -> None:
    schema = shard_schema(IDENTITY, "float32", COLUMNS)
    assert [(field.name, str(field.type)) for field in schema] == CONTRACT
    assert [field.name for field in schema if field.nullable] == [
        *("label", "split", "colour", "embedding"),
        *COLUMNS,
    ]
    half = shard_schema(IDENTITY, "float16", {}).field("embedding").type
    assert half == pa.list_(pa.field("item", pa.float16(), nullable=False), DIM)


def test_metadata_repeats_the_identity(tmp_path: Path) -> None:
    """A single shard, found without its collection, says which encoder made it."""
    written = _write(tmp_path, [ROW], _vectors(1))
    metadata = open_shard(tmp_path / written.name).schema.metadata
    assert identity_from(json.loads(metadata[b"artvec.encoder"])) == IDENTITY
    assert metadata[b"artvec.format_version"] == b"1"


def test_the_name_carries_number_and_digest(tmp_path: Path) -> None:
    written = _write(tmp_path, [ROW], _vectors(1))
    data = (tmp_path / written.name).read_bytes()
    assert written.sha256 == hashlib.sha256(data).hexdigest()
    assert written.name == f"000007-{written.sha256[:12]}.arrow"
    assert (written.size_bytes, written.rows) == (len(data), 1)
    assert os.listdir(tmp_path) == [written.name]  # noqa: PTH208 - hidden files count here


def test_the_same_rows_make_the_same_file(tmp_path: Path) -> None:
    first = _write(tmp_path, [ROW], _vectors(1))
    assert _write(tmp_path, [ROW], _vectors(1)) == first
    assert _write(tmp_path, [ROW], _vectors(1) + 1).name != first.name


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_vectors_are_the_mapped_file_itself(tmp_path: Path, dtype: str) -> None:
    """Not a copy: the array's memory lies in the map, and arrow allocates nothing for it."""
    rows = [ROW] * ROWS_PER_SHARD
    written = _write(tmp_path, rows, _vectors(len(rows)), dtype)
    table = open_shard(tmp_path / written.name)
    before = pa.total_allocated_bytes()
    vectors = vectors_of(table)
    assert not vectors.flags.owndata
    assert vectors.base is not None
    assert pa.total_allocated_bytes() == before
    mapped = table.column("embedding").chunk(0).values.buffers()[1]
    assert vectors.__array_interface__["data"][0] == mapped.address


def test_vectors_of_a_part_are_those_of_its_rows(tmp_path: Path) -> None:
    vectors = _vectors(10)
    table = open_shard(tmp_path / _write(tmp_path, [ROW] * 10, vectors).name)
    assert np.array_equal(vectors_of(table.slice(3, 4)), vectors[3:7])


def test_float16_is_rounded_once(tmp_path: Path) -> None:
    vectors = np.array([[1.0, 0.1, -2049.0]], dtype=np.float32)
    table = open_shard(tmp_path / _write(tmp_path, [ROW], vectors, "float16").name)
    assert vectors_of(table).dtype == np.float16
    assert np.array_equal(vectors_of(table), vectors.astype(np.float16))


def test_writing_leaves_the_callers_vectors_alone(tmp_path: Path) -> None:
    """Also where they are a view with gaps, which has to be copied."""
    wide = np.arange(24, dtype=np.float32).reshape(4, 6)
    table = open_shard(tmp_path / _write(tmp_path, [ROW] * 4, wide[:, ::2]).name)
    assert np.array_equal(vectors_of(table), [[0, 2, 4], [6, 8, 10], [12, 14, 16], [18, 20, 22]])
    assert np.array_equal(wide, np.arange(24).reshape(4, 6))


def test_plain_pyarrow_reads_it(tmp_path: Path) -> None:
    vectors = _vectors(2)
    written = _write(tmp_path, [ROW, ROW], vectors)
    with pa.OSFile(str(tmp_path / written.name)) as file:
        table = pa.ipc.open_file(file).read_all()
    assert table.column("embedding").to_pylist() == vectors.tolist()
    assert table.column("colour").to_pylist()[0] == list(range(48))


def test_duckdb_reads_it(tmp_path: Path) -> None:
    vectors = _vectors(5)
    shard = open_shard(tmp_path / _write(tmp_path, [ROW] * 5, vectors).name)
    relation = duckdb.from_arrow(shard)
    assert str(relation.select("embedding").types[0]) == "FLOAT[3]"
    record = relation.select("path, year, lat, embedding").fetchall()[4]
    assert record == (ROW.path, 1628, None, tuple(vectors[4].tolist()))
    squares = relation.aggregate("sum(array_inner_product(embedding, embedding))").fetchall()
    assert squares == [(pytest.approx(float((vectors.astype(float) ** 2).sum()), rel=1e-5),)]


def test_a_users_column_may_have_any_name(tmp_path: Path) -> None:
    """Even that of a field of ours which is no column."""
    columns = {"metadata": "string", "café": "int64"}
    row = Row(**{**_fields(ROW), "metadata": {"metadata": "mine", "café": 3}})
    schema = shard_schema(IDENTITY, "float32", columns)
    table = rows_to_table([row], _vectors(1), schema)
    assert table.select(["metadata", "café"]).to_pylist() == [{"metadata": "mine", "café": 3}]


def _fields(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Row.__dataclass_fields__}


def test_a_damaged_or_missing_shard_says_so(tmp_path: Path) -> None:
    """Half a file, a file of something else, an empty one, none: never half a table."""
    data = (tmp_path / _write(tmp_path, [ROW] * 9, _vectors(9)).name).read_bytes()
    for name, content in {
        "half": data[: len(data) // 2],
        "text": b"no arrow",
        "empty": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
    for name in ("half", "text", "empty", "missing"):
        with pytest.raises(ArtvecError, match=name):
            open_shard(tmp_path / name)


floats = st.floats(0, 1)
triples = st.tuples(floats, floats, floats)
fits = st.sampled_from(["crop", "pad", "squash"])
filters = st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos", "box"])
side = st.integers(1, 2048)


@given(
    st.builds(
        EncoderIdentity,
        text,
        text,
        st.builds(Preprocessing, side, side, fits, filters, triples, triples),
        text,
        side,
    )
)
def test_identity_survives_json(identity: EncoderIdentity) -> None:
    written = identity_json(identity)
    assert identity_from(json.loads(written)) == identity
    assert identity_json(identity_from(json.loads(written))) == written


def test_identity_of_missing_fields_is_an_error() -> None:
    fields = json.loads(identity_json(IDENTITY))
    del fields["layer"]
    with pytest.raises(KeyError):
        identity_from(fields)


def test_write_whole_writes_and_replaces(tmp_path: Path) -> None:
    file = tmp_path / "a.arrow"
    for data in (b"first", memoryview(b"second"), b""):
        write_whole(file, data)
        assert file.read_bytes() == bytes(data)
        assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("there", [False, True], ids=["new", "over an old one"])
def test_a_write_that_fails_leaves_the_old_file_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    """The disk is full when the bytes are to be settled; no part of a file looks whole."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "a.arrow"
    if there:
        file.write_bytes(b"old")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_whole(file, b"new")
    assert [found.read_bytes() for found in tmp_path.glob("*.arrow")] == [b"old"] * there
    write_whole(file, b"new")
    assert list(tmp_path.iterdir()) == [file]
