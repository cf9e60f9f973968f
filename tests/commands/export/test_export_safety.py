"""An export is faithful, harmless in a spreadsheet, and whole or not there."""

from __future__ import annotations

import csv
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import h5py
import numpy as np
import pytest

from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.export import export_collection
from artvec.core.choices import ExportFormat
from artvec.core.errors import ArtvecError

Paint = Callable[[Path, int], Path]
Run = Callable[..., Any]
FORMATS: tuple[ExportFormat, ...] = ("parquet", "npz", "csv", "hdf5")
FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "'quoted", "＝1", "=cmd|' /C calc'!A0"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def collection(paint: Paint, names: list[str], facts: list[list[str]] | None = None) -> Path:
    """Embed pictures of these names; `facts` is a metadata table with its header."""
    for seed, name in enumerate(names):
        paint(Path("art") / name, seed)
    if facts:
        with Path("facts.csv").open("w", newline="") as handle:
            csv.writer(handle).writerows(facts)
    metadata = Path("facts.csv") if facts else None
    return embed_images(Path("art"), EmbedOptions(model="colour:4x4", metadata=metadata)).index


def test_no_cell_of_a_csv_is_a_formula_and_all_come_back(paint: Paint) -> None:
    names = [f"{formula.replace('/', '∕')}.png" for formula in FORMULAS]
    rows = [[name, formula, "-5"] for name, formula in zip(names, FORMULAS, strict=True)]
    index = collection(paint, names, [["filename", "=title", "balance"], *rows])
    with export_collection(index, "csv").file.open(newline="", encoding="utf-8") as handle:
        header, *records = csv.reader(handle)
    texts = [header.index(name) for name in ("path", "label", "split", "'=title")]
    for record in records:
        assert not any(record[at].startswith(("=", "+", "-", "@", "＝")) for at in texts)
    assert {record[header.index("balance")] for record in records} == {"-5"}  # numbers stay
    assert float(records[0][header.index("embedding_0")]) <= 1
    # Documented: without its leading apostrophe, a cell is what it was.
    path, title = header.index("path"), header.index("'=title")
    recovered = {
        record[path].removeprefix("'"): record[title].removeprefix("'") for record in records
    }
    assert recovered == dict(zip(names, FORMULAS, strict=True))


def test_columns_never_hide_one_another(paint: Paint) -> None:
    header = [
        "filename",
        "a/b",
        "a_b",
        "a\\b",
        "embedding_0",
        "embedding_1_2",
        "..",
        "year_missing",
    ]
    values = ["0.png", "slash", "underscore", "backslash", "zero", "one", "dots", "mine"]
    index = collection(paint, ["0.png", "1.png"], [header, values])
    flat = {
        "a_b": "underscore", "a_b_2": "slash", "a_b_3": "backslash", "embedding_0": "zero",
        "embedding_1_2": "one", "_": "dots", "year_missing": "mine",
    }  # fmt: skip
    report = export_collection(index, "npz")
    assert report.renamed == {"a/b": "a_b_2", "a\\b": "a_b_3", "..": "_"}
    arrays = np.load(report.file)
    assert {name: arrays[name][0] for name in flat} == flat
    assert arrays["embedding"].shape == (2, 48)
    with h5py.File(export_collection(index, "hdf5").file) as file:
        assert {name: file[name][0].decode() for name in flat} == flat
    report = export_collection(index, "csv")
    assert report.renamed == {"embedding_0": "embedding_0_2"}
    with report.file.open(newline="") as handle:
        first = next(csv.DictReader(handle))
    assert first["embedding_0_2"] == "zero"
    assert -1 <= float(first["embedding_0"]) <= 1
    table = duckdb.sql(f"select * from '{export_collection(index, 'parquet').file}'")
    assert table.columns[-7:] == header[1:]  # Parquet names what it likes


def test_missing_numbers_and_texts_keep_their_types(paint: Paint) -> None:
    big = str(2**53 + 1)  # no float64 can hold it
    facts = [
        ["filename", "year", "weight", "note"],
        ["0.png", big, "1.5", "here"],
        ["1.png", "", "", ""],
        ["2.png", "-3", "2", ""],
    ]
    index = collection(paint, ["0.png", "1.png", "2.png"], facts)
    arrays = dict(np.load(export_collection(index, "npz").file))
    with h5py.File(export_collection(index, "hdf5").file) as file:
        datasets = {name: dataset[:] for name, dataset in file.items()}
    assert datasets.keys() == arrays.keys()
    for found in (arrays, datasets):
        assert found["year"].dtype == np.int64
        assert found["year"].tolist() == [2**53 + 1, 0, -3]
        assert found["year_missing"].tolist() == [False, True, False]
        np.testing.assert_array_equal(found["weight"], [1.5, np.nan, 2])
        assert "width_missing" not in found and "weight_missing" not in found
    assert arrays["note"].tolist() == ["here", "", ""]
    query = (
        f"select year, weight, note from '{export_collection(index, 'parquet').file}' order by path"
    )
    assert duckdb.sql(query).fetchall() == [
        (2**53 + 1, 1.5, "here"), (None, None, None), (-3, 2.0, None)
    ]  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_collection_keeps_its_columns(form: ExportFormat, paint: Paint) -> None:
    index = collection(paint, ["a.png"])
    Path("art/a.png").write_text("no picture")
    embed_images(Path("art"))
    report = export_collection(index, form)
    assert report.rows == 0
    if form == "parquet":
        assert "embedding" in duckdb.sql(f"select * from '{report.file}'").columns


@pytest.mark.parametrize("form", FORMATS)
def test_a_full_disk_is_one_line_and_leaves_the_old_file(form: ExportFormat, paint: Paint) -> None:
    """A limit on file sizes stands for the disk; the kernel refuses the same writes."""
    index = collection(paint, [f"{n}.png" for n in range(40)])
    target = Path("out.file")
    target.write_text("older")
    code = "import sys; from artvec_cli.app import run; sys.exit(run(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "export", "--format", form, "-o", target, "-i", index],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
    )
    assert done.returncode == 1, done.stderr
    error, hint = done.stderr.splitlines()
    assert error == "error: out.file can't be written: File too large"
    assert hint.startswith("hint: make room or choose another place")
    assert target.read_text() == "older"
    assert not list(Path.cwd().glob(".*.partial"))


def test_killed_in_the_middle_and_run_again(tmp_path: Path, paint: Paint) -> None:
    index = collection(paint, [f"{n}.png" for n in range(30)])
    target, partial = Path("out.csv"), Path(".out.csv.partial")
    target.write_text("older")
    # The writer waits after its first bytes, so that the signal always comes in the middle.
    code = (
        "import time, pathlib; from artvec.commands.export import export_collection, export_file\n"
        "def slow(collection, file): file.write_text('half'); time.sleep(60)\n"
        "export_file._WRITERS['csv'] = slow; "
        f"export_collection(pathlib.Path({str(index)!r}), 'csv', pathlib.Path('out.csv'))"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while not partial.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert target.read_text() == "older" and partial.exists()
    assert export_collection(index, "csv", target).rows == 30
    assert not partial.exists()
    with target.open(newline="") as handle:
        assert len(list(csv.DictReader(handle))) == 30


def test_places_that_hold_no_file(tmp_path: Path, paint: Paint) -> None:
    index = collection(paint, ["a.png"])
    with pytest.raises(ArtvecError, match="there is no folder nowhere") as missing:
        export_collection(index, "csv", Path("nowhere/out.csv"))
    assert missing.value.hint == "make it: mkdir -p nowhere"
    os.mkfifo("pipe")
    with pytest.raises(ArtvecError, match="pipe is no regular file"):
        export_collection(index, "csv", Path("pipe"))  # replaced, it would be a pipe no more
    Path("real.csv").write_text("older")
    Path("link.csv").symlink_to("real.csv")
    export_collection(index, "csv", Path("link.csv"))
    assert Path("link.csv").is_symlink()
    assert Path("real.csv").read_text().startswith("path,label")


@pytest.mark.parametrize("form", FORMATS)
def test_verify_compares_an_exported_file(paint: Paint, artvec: Run, form: str) -> None:
    index = collection(paint, ["a.png", "b.png"], [["filename", "year"], ["a.png", "1642"]])
    done = artvec("export", "-i", index, "--format", form, "--json").json
    file = Path(done["file"])
    time.sleep(2.1)  # a time of writing in the file would show
    good = artvec("verify", "-i", index, "--export", file, "--json")
    assert (good.code, good.json["export_matches"]) == (0, True), good.err
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    flipped = artvec("verify", "-i", index, "--export", file)
    assert flipped.code == 1
    assert "is not what" in flipped.err and "artvec export -i" in flipped.err
