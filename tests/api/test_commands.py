"""The commands as functions and methods: each result's `to_dict` is the command's JSON."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import artvec

Run = Callable[..., Any]
Paint = Callable[[Path, int], Path]
SECONDS = ("seconds", "stages", "build_seconds", "latency_ms", "images_per_second")


def without_times(fields: Any) -> Any:
    """Leave out what differs from run to run."""
    if isinstance(fields, dict):
        return {n: without_times(v) for n, v in fields.items() if n not in SECONDS}
    return [without_times(one) for one in fields] if isinstance(fields, list) else fields


def shows_itself(result: Any) -> None:
    """Make sure that a result has tables of every kind, and JSON of plain types."""
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False)) == result.to_dict()
    assert isinstance(result.to_arrow(), pa.Table)
    assert len(result.to_pandas()) == result.to_arrow().num_rows
    assert "object at 0x" not in repr(result)
    page = result._repr_html_()
    assert "<table>" in page and "<script" not in page and len(page) < 60_000


def test_rows_as_arrays_and_tables(paintings: artvec.Collection) -> None:
    assert len(paintings) == 36
    assert paintings.vectors.shape == (36, 1280) == (len(paintings), paintings.dim)
    assert paintings.vectors.dtype == np.float32
    assert not paintings.vectors.flags.writeable and paintings.vectors.base is not None
    assert paintings.vectors is paintings.vectors
    assert paintings.table.num_rows == 36
    assert {"path", "label", "embedding", "year"} <= set(paintings.table.column_names)
    stored = np.stack(paintings.table["embedding"].to_numpy())
    assert np.array_equal(stored, paintings.vectors)
    assert paintings.paths == paintings.table["path"].to_pylist()
    assert sorted(set(paintings.labels)) == ["baroque", "cubist", "romantic"]
    row = paintings["train/cubist/1.png"]
    assert (row.label, row.split, row.metadata) == ("cubist", "train", {"year": 1610})
    assert np.array_equal(row.vector, paintings.vectors[row.number])
    assert paintings[row.number].path == row.path == paintings[row.number - 36].path
    assert [one.path for one in paintings] == paintings.paths
    assert row.path in paintings and "nowhere.png" not in paintings
    with pytest.raises(artvec.ArtvecError, match="no row"):
        paintings["nowhere.png"]
    with pytest.raises(IndexError):
        paintings[36]


def test_vectors_of_another_type_and_of_no_rows(at_home: Path, tmp_path: Path) -> None:
    narrow = artvec.embed("paintings", "colour:4x4", index=tmp_path / "narrow", dtype="float16")
    with narrow, artvec.open("plain") as wide:
        assert narrow.vectors.dtype == np.float32
        assert narrow.vectors == pytest.approx(wide.vectors, abs=1e-3)


def test_open_takes_names_and_paths(at_home: Path) -> None:
    for place in ("paintings", "indexes/paintings", Path("indexes/paintings")):
        with artvec.open(place) as opened:
            assert opened.folder == at_home / "indexes/paintings"
    with pytest.raises(artvec.ArtvecError, match="collections under"):
        artvec.open()
    with pytest.raises(artvec.ArtvecError, match="no collection"):
        artvec.open("nothing")
    with artvec.open("paintings") as opened:
        again = pickle.loads(pickle.dumps(opened))
        assert again.paths == opened.paths
        assert repr(again) == "Collection('paintings': 36 rows of 1280 dimensions by " + (
            "tf_efficientnet_lite0)"
        )


def test_embed_is_silent_and_strict_where_asked(
    at_home: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "few"
    source.mkdir()
    (source / "a.png").write_bytes((at_home / "paintings/train/baroque/0.png").read_bytes())
    (source / "bad.png").write_bytes(b"no image")
    with artvec.embed(source, "colour:4x4", index=tmp_path / "i") as few:
        assert few.paths == ["a.png"]
    assert capfd.readouterr() == ("", "")
    with pytest.raises(artvec.ArtvecError, match="1 of 2 images"):
        artvec.embed(source, "colour:4x4", index=tmp_path / "i", strict=True)
    with pytest.raises(artvec.ArtvecError):
        artvec.embed(tmp_path / "nowhere")


def test_evaluation(plain: artvec.Collection, at_home: Path, artvec: Run) -> None:
    found = plain.evaluate()
    shows_itself(found)
    assert artvec("eval", "-i", "plain", "--json", cwd=at_home).json == found.to_dict()
    assert found.to_dict()["metrics"].keys() == found.metrics.keys()
    assert found.to_arrow()["figure"].to_pylist() == list(found.metrics)
    assert "knn20_accuracy" in repr(found)


def test_clusters(plain: artvec.Collection, at_home: Path, artvec: Run) -> None:
    found = plain.cluster(method="kmeans", clusters=3, map="none")
    shows_itself(found)
    command = ("cluster", "-i", "plain", "--method", "kmeans", "--clusters", "3")
    done = artvec(*command, "--map", "none", "--json", cwd=at_home).json
    assert without_times(done) == without_times(found.to_dict())
    assert len(found) == 3 and len(found.to_arrow()) == 36
    table = found.to_arrow()
    assert sorted(set(table["cluster"].to_pylist())) == [0, 1, 2]
    assert table["path"].to_pylist() == plain.paths
    cluster_of = dict(zip(table["path"].to_pylist(), table["cluster"].to_pylist(), strict=True))
    for middle in found.shown():
        assert cluster_of[middle["medoid"]] == middle["cluster"]
        assert list(cluster_of.values()).count(middle["cluster"]) == middle["rows"]


def test_groups_keep_the_paths_of_the_rows_that_were_grouped(tmp_path: Path, paint: Paint) -> None:
    """What is embedded afterwards, before the others by name, moves no image to another group."""
    for number in range(1, 9):
        paint(tmp_path / f"art/{number}.png", number)
    with artvec.embed(tmp_path / "art", "colour:4x4", index=tmp_path / "c") as opened:
        found = opened.cluster(method="kmeans", clusters=2, map="none")
        before = (found.records(), found.shown())
        paint(tmp_path / "art/0.png", 0)
        artvec.embed(tmp_path / "art", index=tmp_path / "c").close()
        assert (found.records(), found.shown()) == before
        assert [one["path"] for one in found.records()] == [f"{n}.png" for n in range(1, 9)]


def test_a_new_index_opens_the_rows_of_now_with_their_vectors(tmp_path: Path, paint: Paint) -> None:
    for number in range(1, 4):
        paint(tmp_path / f"art/{number}.png", number)
    with artvec.embed(tmp_path / "art", "colour:4x4", index=tmp_path / "c") as opened:
        known = {path: opened[path].vector.copy() for path in opened.paths}
        assert opened.vectors.shape == (3, 48)
        (tmp_path / "art/1.png").unlink()
        paint(tmp_path / "art/0.png", 0)
        artvec.embed(tmp_path / "art", index=tmp_path / "c").close()
        assert opened.paths == list(known)  # as it was opened
        opened.index(recipe="flat")
        assert set(opened.paths) == {"0.png", "2.png", "3.png"}
        for number, path in enumerate(opened.paths):
            assert np.array_equal(opened.vectors[number], opened[path].vector)
            assert path == "0.png" or np.array_equal(opened.vectors[number], known[path])


def test_duplicates(plain: artvec.Collection, at_home: Path, artvec: Run) -> None:
    found = plain.duplicates()
    shows_itself(found)
    assert artvec("duplicates", "-i", "plain", "--json", cwd=at_home).json == found.to_dict()
    assert len(found) == len(list(found)) == len(found.to_dict()["groups"])


def test_comparison(plain: artvec.Collection, at_home: Path, artvec: Run) -> None:
    import artvec as library

    with library.embed("paintings", "colour:4x4", index="narrow", dtype="float16") as narrow:
        found = library.compare("plain", narrow, speed=False)
        assert plain.compare(narrow).to_dict()["paired"] == found.to_dict()["paired"]
    shows_itself(found)
    done = artvec("compare", "plain", "narrow", "--no-speed", "--json", cwd=at_home).json
    assert done == found.to_dict()


def test_state_index_and_export(plain: artvec.Collection, at_home: Path, artvec: Run) -> None:
    for name, found in (("status", plain.status()), ("verify", plain.verify())):
        shows_itself(found)
        assert artvec(name, "-i", "plain", "--json", cwd=at_home).json == found.to_dict()
        assert found.complete and found.damaged == ()
    index = plain.index(recipe="flat")
    shows_itself(index)
    done = artvec("index", "-i", "plain", "--recipe", "flat", "--json", cwd=at_home).json
    assert without_times(done) == without_times(index.to_dict())
    exported = plain.export("plain.parquet")
    assert (exported.rows, exported.file) == (36, at_home / "plain.parquet")
    command = ("export", "-i", "plain", "--format", "parquet", "-o", "plain.parquet", "--json")
    assert artvec(*command, cwd=at_home).json == exported.to_dict()
    assert plain.search("train/cubist/1.png", k=1)[0].path == "train/cubist/1.png"


@pytest.fixture(scope="module")
def run(gallery: Path) -> Iterator[artvec.Run]:
    """Yield a run trained on stored vectors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(gallery)
        with artvec.open("paintings") as opened:
            yield artvec.train(opened, recipe="frozen", name="styles", epochs=5)


def test_training_prediction_and_embedding_with_a_run(
    run: artvec.Run, paintings: artvec.Collection, at_home: Path
) -> None:
    shown = run.to_dict()
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
    assert shown["run"] == str(run.folder) == str(at_home / "runs/styles")
    assert Path(shown["page"]).is_file()
    assert "<table>" in run._repr_html_() and "phase" in repr(run)
    found = run.predict([paintings[0].file, np.zeros((32, 32, 3), np.uint8)])
    assert found.probabilities.shape == (2, 3)
    assert found.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert found[0].label == found.labels[0] == found.classes[found.probabilities[0].argmax()]
    assert [one.image for one in found] == [str(paintings[0].file), "image 2"]
    assert len(artvec.Run("runs/styles").predict([paintings[0].file])) == 1
    with artvec.embed("paintings", model=run, index=Path("indexes/styles")) as embedded:
        assert embedded.vectors.shape == (36, 1280)
    with pytest.raises(artvec.ArtvecError, match="no run"):
        artvec.Run("paintings")


def test_training_embeds_a_folder_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paint: Paint
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in range(20):
        paint(tmp_path / "art" / "ab"[seed % 2] / f"{seed}.png", seed)
    run = artvec.train("art", model="simple_cnn", recipe="frozen", settings=["all.epochs=1"])
    assert run.folder == tmp_path / "runs/art"
    with artvec.open("art") as paintings:
        assert len(paintings) == 20
        assert set(paintings.labels) == {"a", "b"}
    with pytest.raises(artvec.ArtvecError, match="nor a folder"):
        artvec.train("nothing")


def test_a_run_of_that_name_is_not_replaced(run: artvec.Run, paintings: artvec.Collection) -> None:
    with pytest.raises(artvec.ArtvecError):
        paintings.train(recipe="frozen", name=run.name)
