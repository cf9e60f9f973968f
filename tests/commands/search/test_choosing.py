"""`--where` pushed down, `--unique`, `--combine` and `--show`: the right k hits come back."""

from __future__ import annotations

import csv
import html
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artvec.collection.reader import blocks, open_collection
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.search import SearchOptions, search_collection
from artvec.core.errors import ArtvecError

Paint = Callable[[Path, int], Path]
Run = Callable[..., Any]
ART = Path("indexes/art")
NAMES = [f"{style}/{n}.png" for style in ("old", "new") for n in range(15)]


def grid(file: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the unit vector that colour:4x4 makes of a picture."""
    small = Image.open(file).convert("RGB").resize((4, 4), Image.Resampling.BOX)
    vector = (np.asarray(small, dtype=float).reshape(-1) - 127.5) / 127.5
    return vector / np.linalg.norm(vector)


def paths(report: Any) -> list[str]:
    return [hit.path for hit in report.queries[0].hits]


def facts(gallery: Path, rows: dict[str, list[str]], header: list[str]) -> None:
    """Embed the gallery again with a metadata file beside it."""
    with (gallery.parent / "facts.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerows([["filename", *header], *([name, *row] for name, row in rows.items())])
    embed_images(gallery, EmbedOptions(metadata=gallery.parent / "facts.csv"))


def test_k_hits_come_back_where_k_rows_meet_the_condition(gallery: Path) -> None:
    """The nearest of the chosen rows, wherever they rank among all; scores as without."""
    query = gallery / "old/3.png"
    near = {name: float(grid(gallery / name) @ grid(query)) for name in NAMES if "new" in name}
    found = search_collection(ART, [str(query)], SearchOptions(k=10, where="label == 'new'"))
    expected = sorted(near.values())[::-1][:10]
    assert [hit.score for hit in found.queries[0].hits] == pytest.approx(expected, abs=1e-6)
    for hit in found.queries[0].hits:
        assert hit.score == pytest.approx(near[hit.path], abs=1e-6)
    assert found.searched == 15
    assert found.notes[-1] == "15 of 30 rows meet the condition"
    few = search_collection(ART, ["old/3.png"], SearchOptions(k=10, where="path in ('old/1.png',)"))
    assert paths(few) == ["old/1.png"]


def test_no_row_to_find_is_no_failure(gallery: Path, artvec: Run) -> None:
    done = artvec("search", "old/3.png", "--where", "label == 'nothing'", "--json")
    assert done.code == 0
    assert done.json["queries"][0]["hits"] == []
    assert done.json["searched"] == 0
    assert "note: 0 of 30 rows meet the condition: there is nothing to find" in done.err


def test_shards_without_a_chosen_row_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,030 pictures are two shards; vectors of the first are NaN here, and nobody notices."""
    monkeypatch.chdir(tmp_path)
    Path("many").mkdir()
    for n in range(1030):
        colour = (n % 256, n // 256 * 60, 90)
        Image.new("RGB", (5, 5), colour).save(f"many/{n}.bmp")
    embed_images(Path("many"), EmbedOptions(model="colour:4x4", index="art"))
    collection = open_collection(ART)
    assert [table.num_rows for table in collection.tables] == [1024, 6]
    chosen = np.zeros(1030, dtype=np.bool_)
    chosen[[1025, 1027]] = True
    (block,) = blocks(collection, chosen)
    assert block.shape == (2, 48)
    shard = sorted((ART / "shards").iterdir())[0]
    first = next(blocks(collection)).tobytes()
    shard.write_bytes(shard.read_bytes().replace(first, b"\xff" * len(first)))
    found = search_collection(
        ART, ["1025.bmp"], SearchOptions(where="path in ('1025.bmp', '1027.bmp')")
    )
    assert paths(found) == ["1025.bmp", "1027.bmp"]
    assert found.queries[0].hits[0].score == pytest.approx(1)


def test_exclude_self_and_a_condition_together(gallery: Path) -> None:
    wanted = SearchOptions(k=20, exclude_self=True, where="label == 'old'")
    found = paths(search_collection(ART, ["old/3.png"], wanted))
    assert set(found) == {f"old/{n}.png" for n in range(15) if n != 3}


@pytest.fixture
def copied(gallery: Path) -> Path:
    """Add ten copies of old/3, three altered ones, and five flat pictures of other colours."""
    picture = Image.open(gallery / "old/3.png")
    for n in range(10):
        shutil.copy(gallery / "old/3.png", gallery / f"old/copy{n}.png")
    picture.save(gallery / "old/again.jpg", quality=60)
    picture.resize((48, 40), Image.Resampling.BICUBIC).save(gallery / "new/small.png")
    picture.convert("L").save(gallery / "new/grey.png")
    for n in range(5):
        Image.new("RGB", (60, 60), (50 * n, 255 - 50 * n, 99)).save(gallery / f"new/flat{n}.png")
    embed_images(gallery)
    return gallery


SAME = {"old/3.png", *(f"old/copy{n}.png" for n in range(10))}
SAME |= {"old/again.jpg", "new/small.png", "new/grey.png"}


def test_a_picture_comes_once_and_k_hits_still_come_back(copied: Path) -> None:
    """14 rows show one picture: the first 5 hits without folding, 1 of 5 with it."""
    assert set(paths(search_collection(ART, ["old/3.png"]))) <= SAME
    found = search_collection(ART, ["old/3.png"], SearchOptions(unique=True)).queries[0].hits
    assert [hit.rank for hit in found] == [1, 2, 3, 4, 5]
    assert len(SAME & {hit.path for hit in found}) == 1
    assert {found[0].path, *(found[0].duplicates or ())} == SAME
    assert all(hit.duplicates == () for hit in found[1:])
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_all_pictures_come_once(copied: Path) -> None:
    """30 + 18 rows, 13 of them folded; flat pictures of other colours are other pictures."""
    hits = search_collection(ART, ["old/3.png"], SearchOptions(k=100, unique=True)).queries[0].hits
    assert len(hits) == 35
    assert {f"new/flat{n}.png" for n in range(5)} <= {hit.path for hit in hits}
    shown = [path for hit in hits for path in (hit.path, *(hit.duplicates or ()))]
    assert len(shown) == len(set(shown)) == 48


def test_only_chosen_rows_are_folded(copied: Path) -> None:
    where = "startswith(path, 'new/') or endswith(path, '0.png')"
    hits = (
        search_collection(ART, ["old/3.png"], SearchOptions(unique=True, where=where))
        .queries[0]
        .hits
    )
    assert {hits[0].path, *(hits[0].duplicates or ())} == {
        "old/copy0.png",
        "new/small.png",
        "new/grey.png",
    }
    own = SearchOptions(unique=True, exclude_self=True, k=1)
    (hit,) = search_collection(ART, ["old/3.png"], own).queries[0].hits
    assert {hit.path, *(hit.duplicates or ())} == SAME - {"old/3.png"}


def test_many_queries_at_once_are_folded_alike(copied: Path) -> None:
    options = SearchOptions(unique=True, k=4)
    together = search_collection(ART, ["old/3.png", "new/1.png", "old/copy1.png"], options).queries
    for one in together:
        alone = search_collection(ART, [one.query], options).queries[0]
        assert [hit.path for hit in alone.hits] == [hit.path for hit in one.hits]


def test_duplicates_in_json_only_where_asked_for(copied: Path, artvec: Run) -> None:
    plain = artvec("search", "old/3.png", "--json").json["queries"][0]["hits"][0]
    assert "duplicates" not in plain
    done = artvec("search", "old/3.png", "--unique", "--json", "--html", "hits.html")
    assert len(done.json["queries"][0]["hits"][0]["duplicates"]) == 13
    assert "13 more of this picture" in (copied.parent / "hits.html").read_text()
    table = artvec("search", "old/3.png", "--unique").out.splitlines()
    assert "copies" in table[0]
    assert "  13  " in table[1]


def test_combined_queries_are_the_mean_of_unit_vectors(gallery: Path) -> None:
    """One list; each query counts the same, whatever its vector's length."""
    names = ["old/1.png", "new/2.png", "new/9.png"]
    mean = np.mean([grid(gallery / name) for name in names], axis=0)
    expected = {name: float(grid(gallery / name) @ mean / np.linalg.norm(mean)) for name in NAMES}
    report = search_collection(ART, names, SearchOptions(k=30, combine=True))
    (query,) = report.queries
    assert [picture.query for picture in query.pictures] == names
    assert query.query == "old/1.png + new/2.png + new/9.png"
    for hit in query.hits:
        assert hit.score == pytest.approx(expected[hit.path], abs=1e-6)
    assert [h.score for h in query.hits] == pytest.approx(sorted(expected.values())[::-1], abs=1e-6)
    others = search_collection(ART, names, SearchOptions(k=30, combine=True, exclude_self=True))
    assert set(paths(others)) == set(NAMES) - set(names)


def test_combining_goes_on_without_a_query_that_fails(gallery: Path, artvec: Run) -> None:
    done = artvec("search", "old/1.png", "nowhere.png", "new/2.png", "--combine", "--json")
    assert done.code == 0
    (query,) = done.json["queries"]
    assert [picture["query"] for picture in query["pictures"]] == ["old/1.png", "new/2.png"]
    assert [failure["query"] for failure in done.json["errors"]] == ["nowhere.png"]
    assert artvec("search", "nowhere.png", "--combine").code == 1
    folder = artvec("search", gallery / "old", "--combine", "--json").json["queries"]
    assert len(folder) == 1 and len(folder[0]["pictures"]) == 15


def test_columns_to_show(gallery: Path, artvec: Run) -> None:
    artist, title = "<b>Judith</b>", 'Sea, with "boat"'
    facts(
        gallery, {"old/3.png": [artist, "1630", title, "1.5"]}, ["artist", "year", "a,b", "height"]
    )
    done = artvec("search", "old/3.png", "--show", 'year, artist,width,"a,b"', "-k", "2")
    header, first, second = done.out.splitlines()
    assert header.split() == ["rank", "score", "label", "year", "artist", "width", "a,b", "path"]
    assert f"1630  {artist}  96     {title}" in first
    assert "None" not in second
    hit = artvec("search", "old/3.png", "--show", "year", "--json").json["queries"][0]["hits"][0]
    assert hit["metadata"] == {"artist": artist, "year": 1630, "a,b": title, "meta_height": 1.5}
    assert (hit["width"], hit["height"]) == (96, 80)
    assert hit["split"] in ("train", "val", "test")
    artvec("search", "old/3.png", "--show", "artist", "--html", "one.html")
    artvec("search", "old/3.png", "--html", "all.html")
    one, every = ((gallery.parent / name).read_text() for name in ("one.html", "all.html"))
    assert html.escape(artist) in one and artist not in one + every
    assert "1630" not in one and "1630" in every


def test_a_mistyped_column_to_show(gallery: Path, artvec: Run) -> None:
    done = artvec("search", "old/3.png", "--show", "lable")
    assert done.code == 2
    assert done.err.splitlines() == [
        "error: there is no column 'lable'",
        "hint: did you mean: artvec search old/3.png --show label",
    ]


def test_a_value_that_is_no_number_is_absent(gallery: Path, artvec: Run) -> None:
    """Another writer than artvec may leave NaN in a column: none may reach JSON."""
    facts(gallery, {"old/3.png": ["0.12345", "x"]}, ["weight", "note"])
    shard = next((gallery.parent / ART / "shards").iterdir())
    data = shard.read_bytes()
    assert data.count(struct.pack("<d", 0.12345)) == 1
    shard.write_bytes(data.replace(struct.pack("<d", 0.12345), struct.pack("<d", float("nan"))))
    hit = artvec("search", "old/3.png", "--json").json["queries"][0]["hits"][0]
    assert hit["metadata"] == {"note": "x"}
    missing = artvec(
        "search", "old/3.png", "--where", "weight is None", "--json", "--show", "weight"
    )
    assert missing.json["searched"] == 30


def test_a_condition_that_is_wrong_is_told_before_anything_is_encoded(gallery: Path) -> None:
    with pytest.raises(ArtvecError, match="no column 'lable'"):
        search_collection(ART, ["nowhere.png"], SearchOptions(where="lable == 'old'"))
