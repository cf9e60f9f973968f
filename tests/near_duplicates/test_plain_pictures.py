"""Hard-edged and nearly blank pictures: different ones are no copies, whatever they share."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from artvec.images.fingerprint import colour_grid, perceptual_hash
from artvec.near_duplicates import Fingerprints
from artvec.near_duplicates.alignment import THUMBNAIL_PX, agreement, thumbnail
from artvec.near_duplicates.evidence import AGREEMENT
from benchmarks.plain import PLAIN, paint_plain

Run = Callable[..., Any]
TELLING = (
    "12 even stripes",
    "diagonal stripes",
    "colour fields 4 × 4",
    "swatches 6 × 2",
    "tricolours",
    "nested squares",
    "nested circles",
    "Mondrian grids",
    "mounted, with ruler",
    "drawings, 8 lines",
    "pages of text",
)
SILENT = ("one colour, noisy", "blank paper", "one mark on paper", "one straight edge")


def agree(one: Image.Image, other: Image.Image) -> float:
    return agreement(thumbnail(one), thumbnail(other))


def painted(kind: str, number: int, seed: int = 7) -> list[Image.Image]:
    rng = np.random.default_rng([seed, sorted(PLAIN).index(kind)])
    return [PLAIN[kind](rng) for _ in range(number)]


def prints_of(images: list[Image.Image]) -> Fingerprints:
    """Return fingerprints as `artvec embed` stores them, each of a file of its own."""
    hashes = b"".join(map(perceptual_hash, images))
    colours = b"".join(map(colour_grid, images))
    return Fingerprints(
        np.arange(4 * len(images), dtype=np.uint64).reshape(-1, 4),
        np.frombuffer(hashes, np.uint64),
        np.frombuffer(colours, np.uint8).reshape(-1, 48),
    )


def small(image: Image.Image) -> Image.Image:
    copy = image.copy()
    copy.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    return copy


def recompressed(image: Image.Image, quality: int = 50) -> Image.Image:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data).convert("RGB")


@pytest.mark.parametrize("kind", PLAIN)
def test_different_pictures_of_a_kind_are_no_copies(kind: str) -> None:
    """Neither by fingerprints, with recompressed copies among them, nor by a look.

    Pale pictures in one mount differ by few levels of a 4 × 4 grid: those are looked at only.
    """
    images = painted(kind, 12)
    both = images + [recompressed(image, 90) for image in images]
    prints = prints_of(both)
    for row in range(len(both) * (kind != "mounted, pale")):
        assert {other % 12 for other in prints.rows_like(row)} == {row % 12}
    pictures = [small(image) for image in images[:4]]
    for at, one in enumerate(pictures):
        for other in pictures[:at]:
            assert agree(one, other) < AGREEMENT


@pytest.mark.parametrize("kind", TELLING)
def test_altered_copies_are_found_where_colours_or_structure_say_it(kind: str) -> None:
    """Recompressed, shrunk, trimmed and mirrored ones by a look."""
    (image,) = painted(kind, 1)
    width, height = image.size
    for copy in (
        recompressed(image),
        image.resize((width // 2, height // 2)),
        image.crop((0, height // 20, width - width // 20, height)),
        ImageOps.mirror(image),
    ):
        assert agree(small(image), small(copy)) >= AGREEMENT


@pytest.mark.parametrize("kind", SILENT)
def test_pictures_with_too_little_are_not_decided(kind: str) -> None:
    """Not even their own recompressed copies: others look as much like them."""
    (image,) = painted(kind, 1)
    assert agree(small(image), small(recompressed(image, 90))) == 0
    darker = ImageEnhance.Brightness(image).enhance(0.8)
    assert prints_of([image, darker]).rows_like(0) == [0]


def test_one_composition_in_other_colours_is_another_picture() -> None:
    """Squares whose greys come in one order correlate in every block, which proves nothing."""
    images = []
    for greys in ((20, 90, 160, 230), (50, 80, 190, 210), (10, 120, 150, 250)):
        image = Image.new("RGB", (400, 400))
        for half, grey in zip((200, 150, 100, 50), greys, strict=True):
            image.paste((grey, grey, grey), (200 - half, 200 - half, 200 + half, 200 + half))
        images.append(image)
    prints = prints_of(images)
    assert [prints.rows_like(row) for row in range(3)] == [[0], [1], [2]]
    assert agree(small(images[0]), small(images[1])) <= 0
    assert agree(small(images[0]), small(images[2])) <= 0


def test_another_picture_in_the_same_mount_is_no_caption() -> None:
    """A band at a side may differ, a picture in the middle may not."""
    one, other = painted("mounted, with ruler", 2)
    captioned = one.copy()
    captioned.paste("white", (0, 350, 480, 400))
    assert agree(small(one), small(captioned)) >= AGREEMENT
    assert agree(small(one), small(other)) <= 0


def test_commands_agree(tmp_path: Path, artvec: Run) -> None:
    """84 hard-edged pictures, one altered copy, a blank sheet twice, flat and tiny ones."""
    art = tmp_path / "art"
    for kind, number in (
        ("12 even stripes", 30),
        ("colour fields 4 × 4", 30),
        ("nested squares", 24),
    ):
        paint_plain(art / kind[:2], kind, number, seed=9)
    recompressed(Image.open(art / "co" / "003.png"), 90).save(art / "copy.png")
    Image.new("RGB", (300, 200), "white").save(art / "blank.png")
    shutil.copy(art / "blank.png", art / "blank too.png")
    for level in (100, 102, 105):
        Image.new("RGB", (64, 64), (level, 90, 30)).save(art / f"flat{level}.png")
    Image.new("RGB", (1, 1), (7, 7, 7)).save(art / "tiny.png")
    assert artvec("embed", "art", "-m", "colour:4x4", "-q").code == 0
    expected = [("exact", {"blank.png", "blank too.png"}), ("near", {"co/003.png", "copy.png"})]
    for looks in ((), ("--looks", "0")):
        answer = artvec("duplicates", "--json", *looks).json
        groups = [(group["kind"], set(group["paths"])) for group in answer["groups"]]
        assert sorted(groups) == expected
    found = artvec("search", "12/000.png", "--unique", "-k", "200", "--json").json
    assert len(found["queries"][0]["hits"]) == 84 + 1 + 3 + 1


def _coin(rng: np.random.Generator) -> Image.Image:
    """Paint one of many coins on white: all have one disc and rim, and a head of its own."""
    image = Image.new("RGB", (400, 400), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((30, 30, 370, 370), fill=(170, 150, 110), outline=(90, 80, 50), width=10)
    angles, radii = np.linspace(0, 2 * np.pi, 30), 80 + rng.normal(0, 14, 30)
    outline = np.stack([200 + radii * np.cos(angles), 200 + 1.2 * radii * np.sin(angles)], 1)
    draw.polygon([(x, y) for x, y in outline.tolist()], fill=(140, 120, 85))
    return image


def _clock(rng: np.random.Generator) -> Image.Image:
    """Paint a clock face, whose hands alone tell it from others."""
    image = Image.new("RGB", (400, 400), (230, 230, 235))
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 20, 380, 380), fill="white", outline="black", width=8)
    font = ImageFont.load_default(26)
    for hour in range(12):
        x, y = np.sin(hour * np.pi / 6), -np.cos(hour * np.pi / 6)
        draw.text((200 + 130 * x, 200 + 130 * y), str(hour or 12), "black", font, "mm")
    for length, width in ((80, 8), (130, 5)):
        angle = rng.random() * 2 * np.pi
        end = (200 + length * np.cos(angle), 200 + length * np.sin(angle))
        draw.line((200, 200, *end), fill="black", width=width)
    return image


@pytest.mark.parametrize("paint", [_coin, _clock])
def test_a_look_tells_apart_what_shares_a_layout(
    paint: Callable[[np.random.Generator], Image.Image],
    artvec: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Coins have one fingerprint, for that knows a grid of 4 × 4; a true copy is still found."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(777)
    Path("art").mkdir()
    images = [paint(rng) for _ in range(12)]
    for number, image in enumerate(images):
        image.save(f"art/{number:02}.png")
    recompressed(images[3], 90).save("art/copy.png")
    assert artvec("embed", "art", "-m", "colour:4x4", "-q").code == 0
    groups = artvec("duplicates", "--json").json["groups"]
    names = [sorted(Path(path).name for path in group["paths"]) for group in groups]
    assert names == [["03.png", "copy.png"]]
