"""An index is never silently stale, damaged or mixed; what comes from strangers is checked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from PIL import Image

import artvec as package
from artvec.collection.index import building as index_build
from artvec.collection.index.reading import POSITIONS, nearest
from artvec.collection.manifest import file_entry, read_manifest, write_manifest
from artvec.collection.reader import open_collection
from artvec.commands.embed import EmbedOptions, EmbedReport, embed_images
from artvec.commands.index import build_index
from artvec.commands.search import SearchOptions, search_collection
from artvec.core.errors import ArtvecError
from artvec.vector_search import recipes

Run = Callable[..., Any]
RECIPES = ["hnsw", "ivf", "rabitq", "ivfpq"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def paint(folder: Path, numbers: range) -> None:
    folder.mkdir(exist_ok=True)
    for n in numbers:
        pixels = np.random.default_rng(n).integers(0, 255, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{n}.bmp")


def colours(**options: Any) -> EmbedReport:
    return embed_images(Path("art"), EmbedOptions(model="colour:4x4", **options))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with 700 pictures in ./art, embedded in ./indexes/art."""
    place = tmp_path_factory.mktemp("made")
    paint(place / "art", range(700))
    before = Path.cwd()
    os.chdir(place)
    try:
        colours()
    finally:
        os.chdir(before)
    return place


@pytest.fixture
def index(made: Path, tmp_path: Path) -> Path:
    """Return a copy of that collection, of this test's own source folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    folder = tmp_path / "indexes/art"
    manifest = replace(read_manifest(folder), source=str(tmp_path / "art"))
    write_manifest(folder, manifest, artvec_version=package.__version__)
    return folder


def record(index: Path) -> Any:
    return json.loads((index / "index/index.json").read_bytes())


def hits(index: Path, query: str, **options: Any) -> list[str]:
    return [
        hit.path
        for hit in search_collection(index, [query], SearchOptions(**options)).queries[0].hits
    ]


def replace_file(index: Path, name: str, data: bytes) -> None:
    """Put other bytes in the place of a file, and into the manifest: what a stranger can do."""
    (index / name).write_bytes(data)
    manifest = read_manifest(index)
    files = {**manifest.files, name: file_entry(data)}
    write_manifest(index, replace(manifest, files=files), artvec_version=package.__version__)


# Following embed


def test_embed_extends_the_index_and_search_uses_it(index: Path) -> None:
    assert colours().index_recipe == "flat"
    build_index(index, recipe="rabitq", min_recall=0.8)
    paint(Path("art"), range(700, 760))
    Path("art/0.bmp").unlink()
    Path("art/1.bmp").rename("art/renamed.bmp")
    report = colours()
    assert (report.index_recipe, report.notes) == ("rabitq", ())
    assert (record(index)["rows"], record(index)["trained_rows"]) == (759, 700)
    for query in ("759.bmp", "renamed.bmp", "5.bmp"):
        assert hits(index, query, k=1) == [query]
    assert "0.bmp" not in hits(index, "5.bmp", k=759)


def test_embed_builds_where_auto_wants_it_and_says_why(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes, "FLAT_UP_TO_BYTES", 1000)
    monkeypatch.setattr(recipes, "DEFAULT_RECALL", 0.9)
    paint(Path("art"), range(700, 710))
    report = colours()
    assert report.index_recipe == "ivf"
    assert any("searched by ivf: 710 × 48 vectors are" in note for note in report.notes)
    assert colours().notes == ()


def test_overwriting_keeps_what_was_asked_for(index: Path) -> None:
    build_index(index, recipe="rabitq", min_recall=0.5)
    paint(Path("art"), range(700, 705))
    report = colours(overwrite=True)
    assert report.index_recipe == "rabitq"
    assert record(index)["wanted"]["min_recall"] == 0.5
    assert len(list((index / "index").iterdir())) == 3
    assert hits(index, "5.bmp", k=1) == ["5.bmp"]
    assert not search_collection(index, ["5.bmp"]).notes


def test_killed_between_rows_and_index(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are there, the search scans and says so, the next run mends it."""

    class Killed(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Killed

    build_index(index, recipe="ivf", min_recall=0.8)
    paint(Path("art"), range(700, 720))
    for place in ("extend", "write", "commit_index"):
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(index_build, place, die)
            colours()
        report = search_collection(index, ["715.bmp"])
        assert report.queries[0].hits[0].path == "715.bmp"
        assert "the index is not of today's rows" in report.notes[0]
    assert colours().reused == 720
    assert search_collection(index, ["715.bmp"]).notes == ()
    assert len(list((index / "index").iterdir())) == 3  # nothing half-written stays


def test_exact_passes_over_the_index(index: Path) -> None:
    build_index(index, recipe="ivf", min_recall=0.8)
    for file in (index / "index").glob("*.faiss"):
        file.write_bytes(b"")
    assert hits(index, "5.bmp", k=1, exact=True) == ["5.bmp"]


# Damage and strangers


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("suffix", ["faiss", "npy"])
def test_any_flipped_bit_is_told(recipe: str, suffix: str, index: Path) -> None:
    build_index(index, recipe=recipe, min_recall=0.5)
    file = next((index / "index").glob(f"*.{suffix}"))
    data = file.read_bytes()
    rng = np.random.default_rng(0)
    for at in rng.integers(len(data), size=40):
        flipped = bytearray(data)
        flipped[at] ^= 1 << int(rng.integers(8))
        file.write_bytes(flipped)
        with pytest.raises(ArtvecError, match=r"damaged: the content of .* is not what was") as e:
            search_collection(index, ["5.bmp"])
        assert f"artvec index -i {index}" in e.value.hint
    for wrong in (b"", data[:-1], data + b"x"):
        file.write_bytes(wrong)
        with pytest.raises(ArtvecError, match=r"damaged: .* has \d+ bytes, not \d+"):
            search_collection(index, ["5.bmp"])
    file.unlink()
    with pytest.raises(ArtvecError, match="is missing"):
        search_collection(index, ["5.bmp"])
    build_index(index)
    assert hits(index, "5.bmp", k=1) == ["5.bmp"]


@pytest.mark.parametrize(
    "damage", ["{", "[]", '{"recipe": "ivf"}', '{"recipe": "ivf", "parameters": {"depth": "x"}}']
)
def test_a_record_that_is_none_is_told_and_built_anew(damage: str, index: Path) -> None:
    build_index(index, recipe="ivf", min_recall=0.5)
    replace_file(index, "index/index.json", damage.encode())
    with pytest.raises(ArtvecError, match=r"index.json says|not of today's|damaged"):
        if search_collection(index, ["5.bmp"]).notes:
            raise ArtvecError("not of today's", "")
    build_index(index, recipe="ivf", min_recall=0.5)
    assert search_collection(index, ["5.bmp"]).notes == ()


def test_a_record_that_the_manifest_doesnt_name_is_passed_over(index: Path) -> None:
    build_index(index, recipe="ivf", min_recall=0.5)
    (index / "index/index.json").write_text("{}")
    report = search_collection(index, ["5.bmp"])
    assert report.queries[0].hits[0].path == "5.bmp"
    assert "not what the manifest names" in report.notes[0]
    assert colours().index_recipe == "flat"
    assert search_collection(index, ["5.bmp"]).notes == ()


def foreign(kind: str) -> Any:
    """Return FAISS indexes that a stranger may put in the place of ours (700 × 48)."""
    vectors = np.random.default_rng(0).standard_normal((700, 48)).astype(np.float32)
    made = {
        "other width": (47, "Flat", 0), "euclidean": (48, "Flat", 1), "fewer": (48, "Flat", 0)
    }  # fmt: skip
    dim, factory, metric = made[kind]
    other = faiss.index_factory(dim, factory, metric)
    other.add(np.ascontiguousarray(vectors[: 600 if kind == "fewer" else 700, :dim]))
    return faiss.serialize_index(other).tobytes()


@pytest.mark.parametrize("kind", ["other width", "euclidean", "fewer", "no index", "huge claim"])
def test_a_foreign_index_is_refused(kind: str, index: Path) -> None:
    """Its digest is right in the manifest, so that FAISS really reads it."""
    build_index(index, recipe="Flat", min_recall=0.5)
    name = record(index)["files"]["faiss"]
    data = (index / name).read_bytes()
    if kind == "no index":
        data = b"not an index at all" * 50
    elif kind == "huge claim":  # 2^40 vectors in a file of a few bytes
        at = data.index((700 * 48).to_bytes(8, "little"))
        data = data[:at] + (1 << 45).to_bytes(8, "little") + data[at + 8 :]
    else:
        data = foreign(kind)
    replace_file(index, name, data)
    with pytest.raises(ArtvecError, match="is damaged: ") as refused:
        search_collection(index, ["5.bmp"])
    assert "\n" not in refused.value.message
    assert faiss.get_deserialization_loop_limit() == 0  # set only while reading


def test_lists_in_another_file_are_refused(index: Path, tmp_path: Path) -> None:
    build_index(index, recipe="IVF4,Flat", min_recall=0.5)
    name = record(index)["files"]["faiss"]
    other = faiss.read_index(str(index / name))
    inside = faiss.extract_index_ivf(other)
    lists = faiss.OnDiskInvertedLists(4, inside.code_size, str(tmp_path / "lists"))
    lists.merge_from_1(inside.invlists)
    inside.replace_invlists(lists)
    replace_file(index, name, faiss.serialize_index(other).tobytes())
    with pytest.raises(ArtvecError, match="lists lie in another file"):
        search_collection(index, ["5.bmp"])


def test_positions_that_dont_exist_are_refused(index: Path) -> None:
    build_index(index, recipe="ivf", min_recall=0.5)
    name = record(index)["files"]["rows"]
    good = np.load(index / name)
    for row in (700, -2, 2**62):
        bad = good.copy()
        bad["row"][3] = row
        with (index / name).open("wb") as handle:
            np.save(handle, bad)
        replace_file(index, name, (index / name).read_bytes())
        with pytest.raises(ArtvecError, match="rows that don't exist"):
            search_collection(index, ["5.bmp"])
    for other in (np.zeros(700), np.zeros(0, POSITIONS), np.array([{}], dtype=object)):
        with (index / name).open("wb") as handle:
            np.save(handle, other, allow_pickle=True)
        replace_file(index, name, (index / name).read_bytes())
        with pytest.raises(ArtvecError, match="is damaged"):
            search_collection(index, ["5.bmp"])


def test_names_that_lead_out_are_refused(index: Path) -> None:
    build_index(index, recipe="ivf", min_recall=0.5)
    fields = record(index)
    for name in ("failures.parquet", "../../outside.faiss"):
        (index / name).write_bytes((index / record(index)["files"]["rows"]).read_bytes())
        fields["files"]["faiss"] = name
        replace_file(index, "index/index.json", json.dumps(fields).encode())
        with pytest.raises(ArtvecError, match=r"names no file .* of an index"):
            search_collection(index, ["5.bmp"])
        fields["files"]["faiss"] = "index/aaaaaaaaaaaa.faiss"
        replace_file(index, "index/index.json", json.dumps(fields).encode())
    with pytest.raises(ArtvecError, match="is damaged"):
        replace_file(index, "../../outside.faiss", b"")
        search_collection(index, ["5.bmp"])


_FLIPS = """
import sys
from pathlib import Path
import numpy as np
from artvec.vector_search.faiss_library import UnreadableIndex, ask, read
file, rounds = Path(sys.argv[1]), int(sys.argv[2])
data, rng = file.read_bytes(), np.random.default_rng(0)
queries = rng.standard_normal((3, 48)).astype(np.float32)
refused = 0
for _ in range(rounds):
    flipped = bytearray(data)
    at = int(rng.integers(len(data))) if rng.random() < .5 else int(rng.integers(400))
    flipped[at] ^= 1 << int(rng.integers(8))
    file.write_bytes(flipped)
    try:
        ask(read(file, rows=700, dim=48), queries, 10)
    except (UnreadableIndex, RuntimeError):
        refused += 1
print(refused)
"""


@pytest.mark.parametrize("recipe", RECIPES)
def test_faiss_itself_survives_most_flips(recipe: str, index: Path) -> None:
    """Behind the digests: what a stranger wrote on purpose is read under FAISS's own checks."""
    build_index(index, recipe=recipe, min_recall=0.5)
    name = record(index)["files"]["faiss"]
    command = [sys.executable, "-c", _FLIPS, str(index / name), "300"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


# Readers and writers at once


def test_a_reader_that_opened_before_a_writer_finished_never_mixes(index: Path) -> None:
    build_index(index, recipe="ivf", min_recall=0.5)
    opened = open_collection(index)
    query = np.asarray(opened.tables[0].column("embedding")[5].as_py(), np.float32)[None]
    build_index(index, recipe="rabitq", min_recall=0.5)
    found = nearest(opened, query, 3)
    assert found.matches.rows[0, 0] == 5
    assert found.notes
    shutil.copy(index / "index/index.json", index / "kept.json")
    paint(Path("art"), range(700, 1400))
    colours()
    found = nearest(opened, query, 700)
    assert sorted(found.matches.rows[0].tolist()) == list(range(700))


def test_searches_during_rebuilds_are_always_right(index: Path) -> None:
    """Another process builds one index after another, of two kinds; no search fails or is wrong."""
    code = (
        "from pathlib import Path; from artvec.commands.index import build_index\n"
        "for n in range(12):\n"
        " build_index(Path('indexes/art'), recipe=['ivf', 'rabitq', 'flat'][n % 3])"
    )
    builder = subprocess.Popen([sys.executable, "-c", code])
    searches = 0
    while builder.poll() is None:
        assert hits(index, f"{searches % 700}.bmp", k=1) == [f"{searches % 700}.bmp"]
        searches += 1
    assert builder.returncode == 0
    assert searches > 20


# The command line


def test_the_command(index: Path, artvec: Run) -> None:
    done = artvec("index", "-i", "art", "--recipe", "rabitq", "--json")
    assert done.code == 0
    assert done.json.keys() >= {
        "recipe", "recall_at_10", "latency_ms", "bytes", "build_seconds", "factory", "why", "rows"
    }  # fmt: skip
    assert done.json["latency_ms"].keys() == {"p50", "p95"}
    assert done.json["recipe"] == "rabitq"
    shown = artvec("index", "-i", "art", "-v", "-q")
    assert "art: rabitq, 700 rows, recall@10" in shown.out
    assert "FAISS factory RR48,IVF" in shown.out
    missed = artvec("index", "-i", "art", "--recipe", "IVF2,PQ1x4fs", "--min-recall", "1")
    assert (missed.code, missed.out) == (1, "")
    assert missed.err.startswith("error: IVF2,PQ1x4fs reaches a recall@10 of 0.")
    assert "hint: nothing was changed; " in missed.err
    tight = artvec("index", "-i", "art", "--recipe", "ivf", "--max-memory", "1M")
    assert tight.code == 2
    assert "more than --max-memory 1M" in tight.err
    for wrong in (["--max-memory", "much"], ["--min-recall", "1.5"]):
        refused = artvec("index", "-i", "art", *wrong)
        assert (refused.code, refused.err.count("\n")) == (2, 2), refused.err
    assert artvec("search", "5.bmp", "-k", "1").err == ""
    assert artvec("index", "-i", "nope").code == 2
    assert not Path("indexes/nope").exists()


def test_flat_never_imports_faiss(index: Path) -> None:
    """Neither does embed where nothing but an exact scan is wanted."""
    code = (
        "import sys; from artvec_cli.app import run; run(sys.argv[1:]);"
        "sys.exit('faiss' in sys.modules)"
    )
    paint(Path("art"), range(700, 701))
    for command in (["embed", "art"], ["search", "5.bmp"], ["search", "5.bmp", "--exact"]):
        done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True)
        assert done.returncode == 0, done.stderr
    build_index(index, recipe="ivf", min_recall=0.5)
    done = subprocess.run([sys.executable, "-c", code, "search", "5.bmp"], capture_output=True)
    assert done.returncode == 1
