"""`export`: other tools read the same rows and the same vectors."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import duckdb
import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest

from artvec.collection.reader import blocks, open_collection
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.export import export_collection

Paint = Callable[[Path, int], Path]


@pytest.fixture(params=["float32", "float16"])
def index(
    request: pytest.FixtureRequest, tmp_path: Path, paint: Paint, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return a collection of six rows with a year for some of them."""
    monkeypatch.chdir(tmp_path)
    for n in range(6):
        paint(tmp_path / f"art/{'ab'[n % 2]}/{n}.png", n)
    facts = tmp_path / "facts.csv"
    facts.write_text("filename,year\n1.png,1650\n2.png,1700\n")
    options = EmbedOptions(model="colour:4x4", metadata=facts, dtype=request.param)
    return embed_images(tmp_path / "art", options).index


def expected(index: Path) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.concatenate(list(blocks(open_collection(index)))).astype(np.float32)


PATHS = ["a/0.png", "a/2.png", "a/4.png", "b/1.png", "b/3.png", "b/5.png"]


def test_parquet_in_duckdb_and_pyarrow(index: Path) -> None:
    report = export_collection(index, "parquet")
    assert (report.file.name, report.rows) == ("art.parquet", 6)
    table = pq.read_table(report.file)
    assert table["path"].to_pylist() == PATHS
    found = np.stack(table["embedding"].to_numpy())
    np.testing.assert_array_equal(found, expected(index))
    query = f"select path, year from '{report.file}' where label = 'a' and year is not null"
    assert duckdb.sql(query).fetchall() == [("a/2.png", 1700)]


def test_npz(index: Path, tmp_path: Path) -> None:
    arrays = np.load(export_collection(index, "npz", tmp_path / "out.npz").file)
    np.testing.assert_array_equal(arrays["embedding"], expected(index))
    assert arrays["path"].tolist() == PATHS
    assert arrays["year"].dtype == np.int64
    assert arrays["year"].tolist() == [0, 1700, 0, 1650, 0, 0]
    assert arrays["year_missing"].tolist() == [True, False, True, False, True, True]


def test_csv(index: Path) -> None:
    with export_collection(index, "csv").file.open(newline="") as handle:
        records = list(csv.DictReader(handle))
    assert [record["path"] for record in records] == PATHS
    vectors = [[float(record[f"embedding_{n}"]) for n in range(48)] for record in records]
    np.testing.assert_array_equal(np.array(vectors, dtype=np.float32), expected(index))
    assert [record["year"] for record in records] == ["", "1700", "", "1650", "", ""]


def test_hdf5(index: Path) -> None:
    with h5py.File(export_collection(index, "hdf5").file) as file:
        np.testing.assert_array_equal(file["embedding"][:], expected(index))
        assert [path.decode() for path in file["path"][:]] == PATHS


def test_shards_open_in_plain_duckdb(index: Path) -> None:
    collection = open_collection(index)
    if collection.manifest.dtype == "float16":  # documented: DuckDB can't, export widens it
        with pytest.raises(duckdb.Error):
            duckdb.from_arrow(collection.tables[0]).fetchall()
    else:
        rows = duckdb.from_arrow(collection.tables[0]).project("path, embedding").fetchall()
        np.testing.assert_array_equal([row[1] for row in rows], expected(index))
