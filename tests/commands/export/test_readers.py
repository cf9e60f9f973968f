"""Other people's readers open shards and exports, and see the rows and vectors that artvec sees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import h5py
import numpy as np
import polars
import pyarrow as pa
import pytest

from artvec.collection.reader import blocks, columns, open_collection
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.export import export_collection

Paint = Callable[[Path, int], Path]
Vectors = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@pytest.fixture(autouse=True)
def index(tmp_path: Path, paint: Paint, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a collection of thirty rows, some with a year."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    for n in range(30):
        paint(tmp_path / f"art/{'ab'[n % 2]}/{n}.png", n)
    (tmp_path / "facts.csv").write_text("filename,year\n1.png,1650\n2.png,1700\n")
    options = EmbedOptions(model="colour:4x4", metadata=Path("facts.csv"))
    return embed_images(tmp_path / "art", options).index


@pytest.fixture
def shard(index: Path) -> Path:
    (file,) = (index / "shards").glob("*.arrow")
    return file


@pytest.fixture
def expected(index: Path) -> Vectors:
    return np.concatenate(list(blocks(open_collection(index))))


@pytest.fixture
def paths(index: Path) -> list[str]:
    found: list[str] = columns(open_collection(index), ["path"])["path"].to_pylist()
    return found


def test_pyarrow_maps_a_shard_without_a_copy(
    shard: Path, expected: Vectors, paths: list[str]
) -> None:
    before = pa.total_allocated_bytes()
    table = pa.ipc.open_file(pa.memory_map(str(shard))).read_all()
    vectors = table["embedding"].chunk(0).values.to_numpy(zero_copy_only=True).reshape(30, 48)
    assert pa.total_allocated_bytes() == before  # nothing was copied into memory
    np.testing.assert_array_equal(vectors, expected)
    assert table["path"].to_pylist() == paths


def test_polars_reads_a_shard(shard: Path, expected: Vectors, paths: list[str]) -> None:
    frame = polars.read_ipc(shard)
    assert frame.schema["embedding"] == polars.Array(polars.Float32, 48)
    np.testing.assert_array_equal(frame["embedding"].to_numpy(), expected)
    lazy = polars.scan_ipc(shard).filter(polars.col("year") < 1700).select("path").collect()
    assert lazy["path"].to_list() == ["b/1.png"]
    assert frame["path"].to_list() == paths


def test_datasets_reads_shards(
    shard: Path, expected: Vectors, paths: list[str], tmp_path: Path
) -> None:
    datasets = pytest.importorskip("datasets")
    mapped = datasets.Dataset(pa.ipc.open_file(pa.memory_map(str(shard))).read_all())
    assert mapped["path"][:] == paths
    np.testing.assert_array_equal(mapped.with_format("numpy")[:]["embedding"], expected)
    loaded = datasets.load_dataset(
        "arrow", data_files=[str(shard)], split="train", cache_dir=str(tmp_path / "hub")
    )
    np.testing.assert_array_equal(loaded.with_format("numpy")[:]["embedding"], expected)


def test_duckdb_finds_neighbours_in_a_shard(shard: Path, expected: Vectors) -> None:
    rows = pa.ipc.open_file(pa.memory_map(str(shard))).read_all()  # noqa: F841 - named in the SQL
    query = (
        "select b.path, array_cosine_similarity(a.embedding, b.embedding) as score "
        "from rows a, rows b where a.path = 'a/0.png' order by score desc limit 2"
    )
    (own, score), (_, second) = duckdb.sql(query).fetchall()
    unit = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    assert own == "a/0.png"
    assert score == pytest.approx(1, abs=1e-6)
    assert second == pytest.approx(np.sort(unit @ unit[0])[-2], abs=1e-5)


def test_parquet_in_all_readers(
    index: Path, expected: Vectors, paths: list[str], tmp_path: Path
) -> None:
    file = export_collection(index, "parquet").file
    frame = polars.read_parquet(file)
    assert frame["path"].to_list() == paths
    np.testing.assert_array_equal(np.stack(frame["embedding"].to_list()), expected)
    found = duckdb.sql(f"select embedding from '{file}'").fetchall()
    np.testing.assert_array_equal(np.array([row[0] for row in found], np.float32), expected)
    years = duckdb.sql(f"select path, year from '{file}' where year is not null order by year")
    assert years.fetchall() == [("b/1.png", 1650), ("a/2.png", 1700)]
    pandas = pytest.importorskip("pandas")
    np.testing.assert_array_equal(np.stack(pandas.read_parquet(file)["embedding"]), expected)
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(
        "parquet", data_files=str(file), split="train", cache_dir=str(tmp_path / "hub")
    )
    np.testing.assert_array_equal(loaded.with_format("numpy")[:]["embedding"], expected)


def test_csv_in_all_readers(index: Path, expected: Vectors, paths: list[str]) -> None:
    file = export_collection(index, "csv").file
    names = [f"embedding_{n}" for n in range(48)]
    frame = polars.read_csv(file)
    assert frame["path"].to_list() == paths
    np.testing.assert_array_equal(frame.select(names).to_numpy().astype(np.float32), expected)
    table = duckdb.sql(f"select {', '.join(names)} from '{file}'").fetchnumpy()
    found = np.stack([table[name] for name in names], axis=1).astype(np.float32)
    np.testing.assert_array_equal(found, expected)


def test_arrays_in_numpy_and_h5py(index: Path, expected: Vectors, paths: list[str]) -> None:
    arrays = np.load(export_collection(index, "npz").file)
    with h5py.File(export_collection(index, "hdf5").file) as file:
        for found, text in ((arrays, str), (file, bytes.decode)):
            np.testing.assert_array_equal(found["embedding"][:], expected)
            assert [text(path) for path in found["path"][:]] == paths
            assert found["year"][~found["year_missing"][:]].tolist() == [1700, 1650]
