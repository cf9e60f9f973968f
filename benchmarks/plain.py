"""Paint pictures with hard edges or almost nothing on them, kind after kind, seeded.

All pictures of a kind are different ones, many of the same composition.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Paint = Callable[[np.random.Generator], Image.Image]
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
PRIMARIES: tuple[Colour, ...] = (
    (215, 30, 35),
    (30, 60, 160),
    (245, 215, 40),
    WHITE,
    BLACK,
    (0, 130, 70),
)
SIZE = (480, 400)


def _colour(rng: np.random.Generator) -> Colour:
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def _paper(rng: np.random.Generator) -> Colour:
    light = int(rng.integers(243, 256))
    return light, light, light - int(rng.integers(0, 8))


def _stripes(number: int, *, down: bool = False, even: bool = True) -> Paint:
    def paint(rng: np.random.Generator) -> Image.Image:
        length = SIZE[down]
        ends = np.arange(1, number) / number if even else np.sort(rng.random(number - 1))
        edges = [0, *np.round(ends * length).astype(int).tolist(), length]
        image = Image.new("RGB", SIZE)
        draw = ImageDraw.Draw(image)
        for low, high in pairwise(edges):
            box = (0, low, SIZE[0], high) if down else (low, 0, high, SIZE[1])
            draw.rectangle(box, fill=_colour(rng))
        return image

    return paint


def _diagonal(rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", SIZE)
    draw = ImageDraw.Draw(image)
    width = int(rng.integers(50, 120))
    for start in range(-SIZE[1], SIZE[0], width):
        foot = start + SIZE[1]
        corners = [(start, 0), (start + width, 0), (foot + width, SIZE[1]), (foot, SIZE[1])]
        draw.polygon(corners, fill=_colour(rng))
    return image


def _fields(across: int, down: int) -> Paint:
    def paint(rng: np.random.Generator) -> Image.Image:
        cells = rng.integers(0, 256, (down, across, 3), dtype=np.uint8)
        return Image.fromarray(cells).resize((400, 400), Image.Resampling.NEAREST)

    return paint


def _checkerboard(rng: np.random.Generator) -> Image.Image:
    number = int(rng.choice([4, 6, 8]))
    odd = np.add.outer(np.arange(number), np.arange(number)) % 2
    colours = np.array([_colour(rng), _colour(rng)], dtype=np.uint8)
    return Image.fromarray(colours[odd]).resize((384, 384), Image.Resampling.NEAREST)


def _flag(rng: np.random.Generator) -> Image.Image:
    chosen = rng.choice(len(PRIMARIES), 3, replace=False)
    shades = np.array([PRIMARIES[at] for at in chosen]) + rng.integers(-25, 26, (3, 3))
    cells = np.clip(shades, 0, 255).astype(np.uint8)
    row = cells[None] if rng.integers(2) else cells[:, None]
    return Image.fromarray(row).resize((480, 320), Image.Resampling.NEAREST)


def _nested(*, round_: bool = False, grey: bool = False) -> Paint:
    """Paint Albers' Homage to the Square: four squares in a fixed layout, or rings."""

    def paint(rng: np.random.Generator) -> Image.Image:
        image = Image.new("RGB", (400, 400))
        draw = ImageDraw.Draw(image)
        for half, centre in ((200, 200), (160, 210), (120, 220), (80, 230)):
            box = (200 - half, centre - half, 200 + half, centre + half)
            fill = (int(rng.integers(256)),) * 3 if grey else _colour(rng)
            (draw.ellipse if round_ else draw.rectangle)(box, fill=fill)
        return image

    return paint


def _gradient(rng: np.random.Generator) -> Image.Image:
    angle = rng.choice([0, np.pi / 2, rng.random() * np.pi])
    y, x = np.mgrid[-1:1:400j, -1:1:480j]
    share = (x * np.cos(angle) + y * np.sin(angle)) / 2.9 + 0.5
    first, last = np.array(_colour(rng)), np.array(_colour(rng))
    pixels = first + share[..., None] * (last - first)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _glow(rng: np.random.Generator) -> Image.Image:
    y, x = np.mgrid[-1:1:400j, -1:1:400j]
    share = np.exp(-(x**2 + y**2) / rng.uniform(0.3, 1))
    first, last = np.array(_colour(rng)), np.array(_colour(rng))
    pixels = first + share[..., None] * (last - first)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _single(*, paper: bool = False) -> Paint:
    def paint(rng: np.random.Generator) -> Image.Image:
        colour = _paper(rng) if paper else _colour(rng)
        noisy = np.array(colour) + rng.normal(0, 2, (400, 320, 3))
        return Image.fromarray(np.clip(np.round(noisy), 0, 255).astype(np.uint8))

    return paint


def _edge(rng: np.random.Generator) -> Image.Image:
    """Paint black on white up to one straight edge."""
    image = Image.new("RGB", SIZE, WHITE)
    box = (0, int(rng.integers(40, SIZE[1] - 40)), *SIZE)
    ImageDraw.Draw(image).rectangle(box, fill=BLACK)
    return image


def _drawing(lines: int) -> Paint:
    def paint(rng: np.random.Generator) -> Image.Image:
        image = Image.new("RGB", SIZE, WHITE)
        draw = ImageDraw.Draw(image)
        for _ in range(lines):
            ends = [tuple(point) for point in (rng.random((2, 2)) * SIZE).tolist()]
            draw.line(ends, fill=(30, 30, 30), width=int(rng.integers(2, 5)))
        return image

    return paint


def _blank(rng: np.random.Generator) -> Image.Image:
    """Paint an empty sheet of paper with one small mark."""
    image = Image.new("RGB", (360, 480), _paper(rng))
    x, y = int(rng.integers(30, 310)), int(rng.integers(30, 430))
    ImageDraw.Draw(image).ellipse((x, y, x + 14, y + 14), fill=(40, 40, 60))
    return image


def _words(rng: np.random.Generator, letters: int) -> str:
    text = "".join(rng.choice(list("etaoinshrdlu    "), letters))
    return " ".join(text.split())


def _text(rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", (420, 560), WHITE)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(15)
    for line in range(22):
        draw.text((40, 40 + 22 * line), _words(rng, 52)[:46], fill=(20, 20, 20), font=font)
    return image


def _mounted(*, pale: bool = False) -> Paint:
    """Paint pictures in one mount, with a ruler at its side."""

    def paint(rng: np.random.Generator) -> Image.Image:
        image = Image.new("RGB", SIZE, (225, 218, 205))
        draw = ImageDraw.Draw(image)
        draw.rectangle((6, 6, 473, 393), outline=(60, 40, 20), width=8)
        for tick in range(40, 360, 10):
            draw.line((20, tick, 44 if tick % 50 else 56, tick), fill=BLACK, width=2)
            draw.rectangle((24 + tick, 370, 28 + tick, 380), fill=BLACK)
        for at, shade in enumerate(range(0, 256, 32)):
            draw.rectangle((420, 40 + 40 * at, 455, 80 + 40 * at), fill=(shade, shade, shade))
        size = (10, 8, 3)
        cells = rng.integers(170, 236, size) if pale else rng.integers(0, 256, size)
        inner = Image.fromarray(cells.astype(np.uint8))
        image.paste(inner.resize((280, 260), Image.Resampling.BICUBIC), (100, 70))
        return image

    return paint


def _icon(rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", (256, 256), WHITE)
    draw = ImageDraw.Draw(image)
    fill = BLACK if rng.integers(2) else _colour(rng)
    shape = int(rng.integers(4))
    half = int(rng.integers(60, 100))
    box = (128 - half, 128 - half, 128 + half, 128 + half)
    if shape == 0:
        draw.ellipse(box, fill=fill)
    elif shape == 1:
        draw.rounded_rectangle(box, int(rng.integers(5, 40)), fill=fill)
    else:
        sides = int(rng.integers(3, 8))
        draw.regular_polygon((128, 128, half), sides, int(rng.integers(90)), fill=fill)
    letter = "ABCDEFGHKMNPRSTXYZ"[int(rng.integers(18))]
    font = ImageFont.load_default(half)
    draw.text((128, 128), letter, fill=WHITE, font=font, anchor="mm")
    return image


def _mondrian(rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", (400, 400), WHITE)
    draw = ImageDraw.Draw(image)
    xs = [0, *np.sort(rng.integers(40, 360, 3)).tolist(), 400]
    ys = [0, *np.sort(rng.integers(40, 360, 3)).tolist(), 400]
    for left, right in pairwise(xs):
        for top, foot in pairwise(ys):
            shade = PRIMARIES[int(rng.choice([0, 1, 2, 3, 3, 3, 3]))]
            draw.rectangle((left, top, right, foot), fill=shade, outline=BLACK, width=5)
    return image


HARD_EDGED: dict[str, Paint] = {
    "12 even stripes": _stripes(12),
    "5 uneven stripes": _stripes(5, down=True, even=False),
    "diagonal stripes": _diagonal,
    "colour fields 4 × 4": _fields(4, 4),
    "swatches 6 × 2": _fields(6, 2),
    "checkerboards": _checkerboard,
    "tricolours": _flag,
    "nested squares": _nested(),
    "nested squares, grey": _nested(grey=True),
    "nested circles": _nested(round_=True),
    "Mondrian grids": _mondrian,
    "signs on white": _icon,
    "mounted, with ruler": _mounted(),
    "mounted, pale": _mounted(pale=True),
}
NEARLY_BLANK: dict[str, Paint] = {
    "linear gradients": _gradient,
    "round gradients": _glow,
    "one colour, noisy": _single(),
    "blank paper": _single(paper=True),
    "one mark on paper": _blank,
    "one straight edge": _edge,
    "drawings, 2 lines": _drawing(2),
    "drawings, 8 lines": _drawing(8),
    "pages of text": _text,
}
PLAIN = HARD_EDGED | NEARLY_BLANK


def paint_plain(folder: Path, kind: str, number: int, *, seed: int) -> list[Path]:
    """Paint different pictures of one kind as PNG; return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, sorted(PLAIN).index(kind)])
    files = [folder / f"{at:03d}.png" for at in range(number)]
    for file in files:
        PLAIN[kind](rng).save(file)
    return files
