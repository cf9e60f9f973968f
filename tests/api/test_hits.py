"""`Collection.search` takes every kind of query; hits are a sequence that shows itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import artvec

ROW = "train/baroque/0.png"
FILE = f"paintings/{ROW}"


def test_every_kind_of_query_finds_the_same_row(paintings: artvec.Collection) -> None:
    image = Image.open(FILE)
    for query in (FILE, Path(FILE), image, np.asarray(image), paintings[ROW].vector, ROW):
        hits = paintings.search(query, k=3)
        assert hits[0].score == pytest.approx(1, abs=1e-5)
        assert hits.paths == paintings.search(FILE, k=3).paths
        assert hits.scores == pytest.approx(paintings.search(FILE, k=3).scores, abs=1e-5)


def test_a_list_gives_one_result_per_query_in_order(paintings: artvec.Collection) -> None:
    image = Image.open(FILE)
    other = "train/romantic/2.png"
    one, two, three, four = paintings.search([image, other, FILE, np.asarray(image)], k=2)
    assert two[0].path == other
    assert one.paths == three.paths == four.paths
    assert (one.query, four.query) == ("query 1", "query 2")
    assert paintings.search([FILE])[0].paths == paintings.search(FILE).paths


def test_a_file_named_like_a_picture_in_memory_is_not_mixed_up(
    plain: artvec.Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = Image.open(plain["train/cubist/1.png"].file)
    file = plain["train/romantic/2.png"].file.read_bytes()
    monkeypatch.chdir(tmp_path)
    Path("query 1").write_bytes(file)
    vector = plain["test/romantic/11.png"].vector
    in_memory, on_disk, given = plain.search([image, "query 1", vector], k=1)
    assert given[0].path == "test/romantic/11.png"
    assert in_memory[0].path == "train/cubist/1.png"
    assert on_disk[0].path == "train/romantic/2.png"


def test_conditions_crops_and_exclusions(paintings: artvec.Collection) -> None:
    image = Image.open(FILE)
    hits = paintings.search(image, where="year < 1700", crop=(0.5, 0, 0.5, 0.5), unique=True)
    assert {hit.metadata["year"] < 1700 for hit in hits} == {True}
    assert hits[0].duplicates is not None
    half = image.crop((image.width // 2, 0, image.width, image.height // 2))
    cut = paintings.search(image, k=3, crop=(48, 0, 48, 40))
    assert cut.paths == paintings.search(half, k=3).paths
    assert ROW not in paintings.search(image, k=36, exclude_self=True).paths
    assert ROW not in paintings.search(ROW, k=36, exclude_self=True).paths


def test_hits_are_a_sequence(paintings: artvec.Collection) -> None:
    hits = paintings.search(ROW, k=4)
    assert len(hits) == 4 and len(hits[1:]) == 3 and hits[-1].rank == 4
    assert [hit.row for hit in hits] == hits.rows.tolist()
    assert hits.scores.dtype == np.float32 and hits.scores.shape == (4,)
    assert [paintings[int(row)].path for row in hits.rows] == [hit.path for hit in hits]
    assert hits.to_arrow().column_names == ["rank", "row", "score", "label", "year", "path"]
    assert list(hits.to_pandas()["path"]) == hits.paths
    lines = repr(hits).splitlines()
    assert len(lines) == 6 and "rank" in lines[1] and hits[0].path in lines[2]


def test_a_notebook_shows_a_contact_sheet(paintings: artvec.Collection, tmp_path: Path) -> None:
    sheet = paintings.search(Image.open(FILE), k=3)._repr_html_()
    assert sheet.count("data:image/jpeg;base64,") == 4  # the query and three hits
    assert len(sheet) < 60_000 and "<html" not in sheet and "<style" not in sheet
    odd = tmp_path / "<script>alert(1)<"
    odd.write_bytes(Path(FILE).read_bytes())
    assert "<script" not in paintings.search(odd)._repr_html_()
    by_vector = paintings.search(paintings[ROW].vector, k=1)._repr_html_()
    assert by_vector.count("data:image") == 1


def test_to_dict_is_the_json_of_the_command(
    paintings: artvec.Collection, at_home: Path, artvec: Callable[..., Any]
) -> None:
    done = artvec("search", FILE, ROW, "-k", "3", "-i", "paintings", "--json", cwd=at_home)
    found = [hits.to_dict() for hits in paintings.search([FILE, ROW], k=3)]
    assert done.json["queries"] == found
    assert json.loads(json.dumps(found)) == found
    (unique,) = paintings.search([ROW], k=2, unique=True, crop=(0.0, 0.0, 1.0, 0.5))
    command = ("search", ROW, "-k", "2", "--unique", "--crop", "0.0,0,1,0.5", "-i", "paintings")
    assert artvec(*command, "--json", cwd=at_home).json["queries"] == [unique.to_dict()]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("nowhere.jpg", "no such file"),
        (np.zeros((4, 4), np.uint8), "no image"),
        (np.zeros((4, 4, 3)), "no image"),
        (np.zeros(7, np.float32), "can't be searched by"),
        (np.full(1280, np.nan, np.float32), "can't be searched by"),
        (b"bytes", "no image"),
        (Path("paintings"), "is a folder"),
    ],
    ids=lambda value: str(getattr(value, "shape", value)),
)
def test_what_can_not_be_searched_by_is_refused(
    paintings: artvec.Collection, query: Any, message: str
) -> None:
    with pytest.raises(artvec.ArtvecError, match=message):
        paintings.search(query)


def test_after_close_a_search_is_a_clear_error(at_home: Path) -> None:
    with artvec.open("paintings") as opened:
        vectors = opened.vectors
        assert len(opened) == 36
    for use in (lambda: opened.search(ROW), lambda: len(opened), lambda: opened.vectors):
        with pytest.raises(artvec.ArtvecError, match="closed"):
            use()
    opened.close()
    assert vectors.shape == (36, 1280) and np.isfinite(vectors).all()
    assert "closed" in repr(opened)


def test_another_process_opens_a_collection_itself(
    plain: artvec.Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artvec.api.rows.os.getpid", lambda: -1)
    with pytest.raises(artvec.ArtvecError, match="another process"):
        plain.search(ROW)


def test_two_threads_search_one_collection(paintings: artvec.Collection) -> None:
    files = [row.file for row in paintings]
    expected = [paintings.search(file, k=3).paths for file in files]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda file: paintings.search(file, k=3).paths, files))
    assert found == expected


def test_a_second_process_imports_no_torch(at_home: Path) -> None:
    code = (
        "import sys, artvec; assert 'numpy' not in sys.modules; "
        f"artvec.open('paintings').search({FILE!r}); "
        "print({'torch', 'timm', 'faiss', 'scipy', 'pandas', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("set()", "")
