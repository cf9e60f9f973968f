"""A collection or a run from a stranger: it can't lead outside, run code, hang or fill memory."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from artvec.collection import failures
from artvec.collection.failures import known_failures
from artvec.collection.manifest import read_manifest
from artvec.collection.reader import open_collection
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.search import search_collection
from artvec.core.errors import ArtvecError
from artvec.core.types import BackboneRequest
from artvec.encoding import backbones
from artvec.images.find import file_of

Paint = Callable[[Path, int], Path]


@pytest.fixture
def index(tmp_path: Path, paint: Paint, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for n in range(3):
        paint(tmp_path / f"art/{n}.png", n)
    return embed_images(tmp_path / "art", EmbedOptions(model="colour:4x4")).index


def sign(index: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a manifest as a stranger would: with a checksum that fits."""
    file = index / "collection.json"
    fields = json.loads(file.read_bytes())
    change(fields)
    rest = {name: value for name, value in fields.items() if name != "sha256"}
    fields["sha256"] = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    file.write_text(json.dumps(fields, indent=1))


def replace_shard(index: Path, data: bytes) -> None:
    """Put other bytes under a shard's name, with a manifest that fits."""
    shard = next((index / "shards").iterdir())
    shard.write_bytes(data)

    def fit(fields: dict[str, Any]) -> None:
        digest = hashlib.sha256(data).hexdigest()
        fields["shards"][0] |= {"size_bytes": len(data), "sha256": digest}

    sign(index, fit)


def stored(index: Path) -> pa.Table:
    with pa.memory_map(str(next((index / "shards").iterdir()))) as source:
        return pa.ipc.open_file(source).read_all()


def laid_out(table: pa.Table, compression: str | None = None) -> bytes:
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_compressed_batches_are_never_unpacked(index: Path, compression: str) -> None:
    table = stored(index)
    bomb = pa.array(["x" * 10_000_000] * table.num_rows)
    table = table.set_column(1, table.schema.field("label"), bomb)
    data = laid_out(table, compression)
    assert len(data) < 1_000_000
    replace_shard(index, data)
    before = pa.total_allocated_bytes()
    with pytest.raises(ArtvecError, match="its batches are compressed"):
        open_collection(index)
    assert pa.total_allocated_bytes() - before < 1_000_000


def test_offsets_that_lead_outside_are_refused(index: Path) -> None:
    table = stored(index).combine_chunks()
    path = table.column("path").chunk(0)
    valid, offsets, text = path.buffers()
    wild = bytearray(offsets.to_pybytes())
    wild[4:8] = (1 << 30).to_bytes(4, "little")
    broken = pa.Array.from_buffers(pa.string(), len(path), [valid, pa.py_buffer(wild), text])
    replace_shard(index, laid_out(table.set_column(0, table.schema.field("path"), broken)))
    with pytest.raises(ArtvecError, match="can't be read"):
        open_collection(index)


def test_a_shard_with_other_columns_is_refused(index: Path) -> None:
    replace_shard(index, laid_out(stored(index).drop_columns(["phash"])))
    with pytest.raises(ArtvecError, match="columns are not those of a shard"):
        open_collection(index)


def test_a_shard_of_another_dimension_is_refused(index: Path) -> None:
    sign(index, lambda fields: fields["encoder"].update(dim=64))
    with pytest.raises(ArtvecError, match="another encoder"):
        open_collection(index)


@pytest.mark.parametrize(
    ("field", "value"),
    [("size_px", 10**9), ("resize_px", 0), ("fit", "stretch"), ("mean", [0, float("inf"), 0])],
)
def test_a_preprocessing_that_no_backbone_has_is_refused(
    index: Path, field: str, value: object
) -> None:
    sign(index, lambda fields: fields["encoder"]["preprocessing"].update({field: value}))
    with pytest.raises(ArtvecError, match="is damaged"):
        read_manifest(index)


@pytest.mark.parametrize("name", ["../../.bashrc", "/etc/passwd", "", "index/../../x"])
def test_other_files_lie_inside_the_collection(index: Path, name: str) -> None:
    sign(index, lambda fields: fields["files"].update({name: {"sha256": "", "size_bytes": 1}}))
    with pytest.raises(ArtvecError, match="a file is called"):
        read_manifest(index)


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "a/../../b", ".."])
def test_paths_of_rows_stay_below_the_source(tmp_path: Path, path: str) -> None:
    assert file_of(tmp_path, path).parent == tmp_path


def test_a_row_that_points_outside_shows_nothing_of_it(
    index: Path, tmp_path: Path, paint: Paint, artvec: Callable[..., Any]
) -> None:
    secret = paint(tmp_path / "secret.png", 99)
    table = stored(index)
    paths = pa.array(["../secret.png", *table.column("path").to_pylist()[1:]])
    replace_shard(index, laid_out(table.set_column(0, table.schema.field("path"), paths)))
    hit = search_collection(index, [str(tmp_path / "art/0.png")]).queries[0].hits[0]
    assert hit.path == "../secret.png"
    assert hit.file != secret and not hit.file.exists()
    done = artvec("search", "../secret.png", "-i", index, cwd=tmp_path / "art", stdin="")
    assert done.code == 0  # the file of that name in the user's own folder was asked for


def test_nothing_waits_for_a_fifo(index: Path) -> None:
    shard = next((index / "shards").iterdir())
    shard.unlink()
    os.mkfifo(shard)
    sign(index, lambda fields: fields["shards"][0].update(size_bytes=0))
    with pytest.raises(ArtvecError, match="no such file"):
        open_collection(index)
    (index / "collection.json").unlink()
    os.mkfifo(index / "collection.json")
    with pytest.raises(ArtvecError, match="not a regular file"):
        read_manifest(index)


def test_a_list_of_failures_is_no_bomb(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "_MAX_BYTES", 1 << 26)  # a quarter, for the sake of time
    names = ("path", "stage", "reason", "message", "artvec_version")
    text = pa.array(["y" * 80_000_000])
    columns = {name: text if name == "message" else pa.array(["x"]) for name in names}
    table = pa.table({**columns, "size_bytes": [1], "mtime_ns": [1]})
    pq.write_table(table, index / "failures.parquet", compression="zstd", use_dictionary=False)
    del text, columns, table
    assert (index / "failures.parquet").stat().st_size < 4_000_000
    before = pa.total_allocated_bytes()
    assert known_failures(index, artvec_version=None) == {}
    assert pa.total_allocated_bytes() - before < 40_000_000


@pytest.mark.parametrize("name", ["../other", ".", "/etc", "./run"])
def test_a_run_names_no_other_folder(tmp_path: Path, name: str) -> None:
    run = tmp_path / "run"
    run.mkdir()
    preprocessing = {"fit": "crop"}
    record = {"backbone": {"name": name, "preprocessing": preprocessing}, "splits": {}}
    (run / "run.json").write_text(json.dumps(record))
    (run / "model.safetensors").write_bytes(b"")
    with pytest.raises(ArtvecError, match=r"names another folder|no backbone"):
        backbones.load(BackboneRequest(str(run)))
