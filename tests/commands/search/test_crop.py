"""`--crop`: a search by a part of the query equals a search by that part saved as a picture."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artvec.collection.reader import open_collection
from artvec.commands.search import SearchOptions, search_collection
from artvec.core.errors import ArtvecError
from artvec.core.types import AUTO, BackboneRequest
from artvec.encoding.extraction import Clock, Embedded, ExtractOptions, extract
from artvec.encoding.setup import ready_encoder
from artvec.images.detail import Detail, parse_detail
from artvec.images.find import sample_of

Run = Callable[..., Any]
ART = Path("indexes/art")


def vector(file: Path, detail: Detail | None, model: str) -> np.ndarray[Any, Any]:
    """Embed one file, or a part of it."""
    encoder = ready_encoder(BackboneRequest(model), AUTO).encoder
    (outcome,) = extract([sample_of(file)], encoder, ExtractOptions(detail=detail), Clock())
    assert isinstance(outcome, Embedded)
    return outcome.vectors[0] / np.linalg.norm(outcome.vectors[0])


def large_jpeg(file: Path, orientation: int = 1) -> Image.Image:
    """Write a photo-sized JPEG with a corner that differs; return it as displayed."""
    rng = np.random.default_rng(7)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    picture = coarse.resize((1600, 1200), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(file, quality=92, exif=exif)
    turned = {1: None, 6: Image.Transpose.ROTATE_270, 2: Image.Transpose.FLIP_LEFT_RIGHT}
    stored = Image.open(file).convert("RGB")
    how = turned[orientation]
    return stored if how is None else stored.transpose(how)


@pytest.mark.parametrize(
    ("model", "orientation"),
    [("colour:4x4", 1), ("colour:4x4", 2), ("colour:4x4", 6), ("tf_efficientnet_lite0", 6)],
)
def test_a_part_is_what_the_cut_picture_would_be(
    tmp_path: Path, model: str, orientation: int
) -> None:
    """Cut from the upright picture at full scale, though fast decoding would reduce the JPEG."""
    shown = large_jpeg(tmp_path / "photo.jpg", orientation)
    shown.crop((300, 200, 900, 1000)).save(tmp_path / "part.png")
    detail = Detail(300, 200, 600, 800, "pixels")
    of_part = vector(tmp_path / "photo.jpg", detail, model)
    saved = vector(tmp_path / "part.png", None, model)
    assert float(of_part @ saved) >= 0.99999
    whole = vector(tmp_path / "photo.jpg", None, model)
    assert float(of_part @ whole) < 0.999


def test_search_by_a_part_pixels_and_shares(gallery: Path, artvec: Run) -> None:
    picture = Image.open(gallery / "old/3.png")  # 96 × 80
    picture.crop((24, 40, 72, 80)).save("part.png")
    expected = search_collection(ART, ["part.png"], SearchOptions(k=30)).queries[0].hits
    for crop in ("24,40,48,40", "0.25, 0.5, .5, 0.5"):
        for query in ("art/old/3.png", "old/3.png"):  # a file, and a row that is decoded for it
            done = artvec("search", query, "--crop", crop, "-k", "30", "--json")
            (answer,) = done.json["queries"]
            assert [h["path"] for h in answer["hits"]] == [h.path for h in expected]
            scores = [h["score"] for h in answer["hits"]]
            assert scores == pytest.approx([h.score for h in expected], abs=1e-6)
            assert answer["pictures"][0]["crop"] == [24, 40, 48, 40]
            assert answer["pictures"][0]["size"] == [96, 80]


def test_the_whole_as_a_part_is_the_whole(gallery: Path) -> None:
    whole = SearchOptions(crop=parse_detail("0,0,1.0,1.0"))
    assert [h.path for h in search_collection(ART, ["old/3.png"], whole).queries[0].hits] == [
        h.path for h in search_collection(ART, ["old/3.png"]).queries[0].hits
    ]


def test_excluding_self_means_the_whole_picture(gallery: Path) -> None:
    (gallery.parent / "copy.png").write_bytes((gallery / "old/3.png").read_bytes())
    options = SearchOptions(k=30, crop=parse_detail("0,0,20,20"), exclude_self=True)
    for query in ("old/3.png", "copy.png"):
        hits = search_collection(ART, [query], options).queries[0].hits
        assert len(hits) == 29
        assert "old/3.png" not in [hit.path for hit in hits]


def test_a_part_that_leaves_the_picture(gallery: Path, artvec: Run) -> None:
    """That query fails and says how large the picture is; larger ones are answered."""
    Image.new("RGB", (500, 400), (200, 100, 0)).save("large.png")
    done = artvec("search", "old/3.png", "large.png", "--crop", "50,50,100,100", "--json")
    assert done.code == 0
    assert [query["query"] for query in done.json["queries"]] == ["large.png"]
    (failure,) = done.json["errors"]
    assert failure["reason"] == "outside"
    assert failure["message"] == "the crop reaches to 150, 150; the picture has 96 × 80 pixels"
    assert "hint: give a smaller --crop" in done.err
    assert artvec("search", "old/3.png", "--crop", "96,0,1,1").code == 1
    assert artvec("search", "old/3.png", "--crop", "95,79,1,1").code == 0


def test_a_row_whose_file_is_gone_can_not_be_cut(gallery: Path, artvec: Run) -> None:
    (gallery / "old/3.png").unlink()
    assert artvec("search", "old/3.png").code == 0  # its stored vector serves
    done = artvec("search", "old/3.png", "--crop", "0,0,20,20")
    assert done.code == 1
    assert f"the row's picture {gallery.resolve() / 'old/3.png'} is gone" in done.err


@pytest.mark.parametrize(
    "text",
    ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "-1,0,5,5", "0,0,0,5", "0,0,.0,.5", "0.5,0,0.6,1",
     "1e3,0,1,1", "nan,0,1,1", "0;0;1;1", "٣,0,5,5", "9999999999,0,1,1", "0,0,2,1.0"],
)  # fmt: skip
def test_what_is_no_rectangle_is_refused(text: str) -> None:
    with pytest.raises(ArtvecError) as refused:
        parse_detail(text)
    assert refused.value.usage
    assert "0.5,0,0.5,0.5" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("0,0,1,1", (0, 0, 1, 1)),  # whole numbers: one pixel
        ("0,0,1.0,1", (0, 0, 7, 3)),  # a decimal point in any: the whole
        ("0.9,0.1,0.1,0.9", (6, 0, 7, 3)),
        ("0.999,0.999,0.001,0.001", (6, 2, 7, 3)),  # never less than a pixel
        ("1.0,0,0.000000001,1", (6, 0, 7, 3)),
    ],
)
def test_where_a_part_lies_in_seven_by_three_pixels(
    text: str, box: tuple[int, int, int, int]
) -> None:
    assert parse_detail(text).box(7, 3) == box


def test_the_sheet_shows_what_was_searched_by(gallery: Path, artvec: Run) -> None:
    """The rest of the query is darkened, and the caption names the part."""
    Image.new("RGB", (100, 100), (200, 200, 200)).save("grey.png")
    artvec("search", "grey.png", "--crop", "50,0,50,100", "--html", "hits.html")
    page = Path("hits.html").read_text()
    assert "part 50 × 100 at 50, 0" in page
    first = re.search(r"data:image/jpeg;base64,([^\"]+)", page)
    assert first is not None
    shown = Image.open(io.BytesIO(base64.b64decode(first[1])))
    assert np.asarray(shown)[50, 20].max() < 120
    assert np.asarray(shown)[50, 75].min() > 180


def test_the_collection_is_left_as_it_was(gallery: Path) -> None:
    before = [file.read_bytes() for file in sorted(ART.rglob("*")) if file.is_file()]
    search_collection(
        ART, ["old/3.png"], SearchOptions(crop=parse_detail("0,0,20,20"), unique=True)
    )
    assert before == [file.read_bytes() for file in sorted(ART.rglob("*")) if file.is_file()]
    assert open_collection(ART).rows == 30
