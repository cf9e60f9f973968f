"""`search`: right neighbours, honest scores, clear errors."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.search import SearchOptions, search_collection
from artvec.core.errors import ArtvecError

Paint = Callable[[Path, int], Path]
NAMES = [f"{style}/{n}.png" for style in ("old", "new") for n in range(15)]


def grid(file: Path) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    small = Image.open(file).convert("RGB").resize((4, 4), Image.Resampling.BOX)
    vector = (np.asarray(small, dtype=float).reshape(-1) - 127.5) / 127.5
    return vector / np.linalg.norm(vector)


def test_scores_and_order_equal_numpy(gallery: Path) -> None:
    query = gallery / "old/3.png"
    hits = search_collection(Path("indexes/art"), [str(query)], SearchOptions(k=30)).queries[0].hits
    expected = {name: float(grid(gallery / name) @ grid(query)) for name in NAMES}
    assert [hit.score for hit in hits] == pytest.approx(sorted(expected.values())[::-1], abs=1e-6)
    for hit in hits:  # ties are compared by score, not by name
        assert hit.score == pytest.approx(expected[hit.path], abs=1e-6)
    assert hits[0].path == "old/3.png"
    assert hits[0].file == gallery.resolve() / "old/3.png"
    assert [hit.rank for hit in hits] == list(range(1, 31))
    assert hits[0].label == "old"


def test_a_row_is_a_query_and_a_file_comes_first(gallery: Path, paint: Paint) -> None:
    by_row = search_collection(Path("indexes/art"), ["new/2.png"])
    by_file = search_collection(Path("indexes/art"), [str(gallery / "new/2.png")])
    assert by_row.queries[0].hits == by_file.queries[0].hits
    paint(Path("new/2.png"), 3)  # now a file of that name exists here: the picture of old/3.png
    assert (
        search_collection(Path("indexes/art"), ["new/2.png"]).queries[0].hits[0].path == "old/3.png"
    )


def test_exclude_self_goes_by_row_not_by_rank(gallery: Path, tmp_path: Path) -> None:
    shutil.copy(gallery / "old/3.png", gallery / "old/twin.png")
    shutil.copy(gallery / "old/3.png", tmp_path / "elsewhere.png")
    embed_images(gallery)
    alone = SearchOptions(k=3, exclude_self=True)
    # The twin ties at 1.0 and may rank before the query's own row; it is a find, not the query.
    own = (
        search_collection(Path("indexes/art"), [str(gallery / "old/3.png")], alone).queries[0].hits
    )
    assert own[0].path == "old/twin.png"
    assert len(own) == 3
    assert "old/3.png" not in [hit.path for hit in own]
    # A picture from elsewhere is 'itself' in every row with the same bytes.
    copied = search_collection(Path("indexes/art"), ["elsewhere.png"], alone).queries[0].hits
    assert not {"old/3.png", "old/twin.png"} & {hit.path for hit in copied}


def test_k_larger_than_the_collection_returns_all(gallery: Path) -> None:
    report = search_collection(
        Path("indexes/art"), ["old/0.png"], SearchOptions(k=1000, exclude_self=True)
    )
    assert len(report.queries[0].hits) == 29


def test_bad_queries_among_good_ones(gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("no picture")
    (tmp_path / "empty").mkdir()
    report = search_collection(
        Path("indexes/art"), ["bad.jpg", "old/1.png", "nowhere.png", "empty", str(gallery)]
    )
    assert len(report.queries) == 31
    assert {error.query: error.reason for error in report.errors} == {
        "bad.jpg": "not_an_image",
        "nowhere.png": "vanished",
        "empty": "vanished",
    }


def test_the_same_query_twice_is_answered_twice(gallery: Path) -> None:
    report = search_collection(Path("indexes/art"), [str(gallery / "old/1.png")] * 2)
    assert report.queries[0] == report.queries[1]


def test_metadata_comes_back_with_every_hit(gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("filename,artist,year\nold/1.png,Judith Leyster,1630\n")
    embed_images(gallery, EmbedOptions(metadata=tmp_path / "facts.csv"))
    hit = search_collection(Path("indexes/art"), ["old/1.png"]).queries[0].hits[0]
    assert hit.metadata == {"artist": "Judith Leyster", "year": 1630}


def test_many_queries_give_the_same_hits_as_one(gallery: Path) -> None:
    # From 256 queries on another exact kernel is used.
    many = search_collection(Path("indexes/art"), NAMES * 10, SearchOptions(k=5)).queries
    assert len(many) == 10 * len(NAMES)
    for name, together in zip(NAMES, many[: len(NAMES)], strict=True):
        alone = search_collection(Path("indexes/art"), [name], SearchOptions(k=5)).queries[0]
        assert len(alone.hits) == 5
        assert [h.score for h in together.hits] == pytest.approx(
            [h.score for h in alone.hits], abs=1e-6
        )


def test_empty_collections_and_impossible_k(gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk/a.png").write_text("no picture")
    assert embed_images(tmp_path / "junk", EmbedOptions(model="colour:4x4")).rows == 0
    with pytest.raises(ArtvecError, match="is empty"):
        search_collection(Path("indexes/junk"), ["old/1.png"])
    with pytest.raises(ArtvecError, match="no hits"):
        search_collection(Path("indexes/art"), ["old/1.png"], SearchOptions(k=0))


def test_vectors_of_another_encoder_are_refused(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights replaced under the same name: dimensions agree, the search must not."""
    import torch
    from safetensors.torch import save_file

    from artvec.encoding.backbones.simple_cnn import SimpleCnn

    weights = tmp_path / "weights.safetensors"
    save_file(SimpleCnn().state_dict(), weights)
    embed_images(gallery, EmbedOptions(model="simple_cnn", index="cnn", weights=weights))
    monkeypatch.setenv("ARTVEC_CACHE", str(tmp_path / "cache"))  # nothing is compiled in it
    torch.manual_seed(1)
    save_file(SimpleCnn().state_dict(), weights)
    with pytest.raises(ArtvecError, match="was made with simple_cnn"):
        search_collection(Path("indexes/cnn"), [str(gallery / "old/1.png")])
