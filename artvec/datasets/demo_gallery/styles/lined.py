"""Builds tone from lines: pencil-hatching and woodcut."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from artvec.datasets.demo_gallery.fields import (
    Floats,
    Mask,
    blur,
    borders,
    distance_to,
    enlarge,
    lightness,
    median,
    mix,
    noise,
    reduce,
    step,
    to_pillow,
)
from artvec.datasets.demo_gallery.picture import Picture
from artvec.datasets.demo_gallery.shapes import Points, Rng
from artvec.datasets.demo_gallery.strokes import at_places, scatter
from artvec.datasets.demo_gallery.styles.supports import ink, margin, pale_paper


def pencil_hatching(picture: Picture, rng: Rng) -> Floats:
    """Layers of short parallel pencil lines, crossed where the picture is dark."""
    sheet, dark = pale_paper(picture, rng), _toned(picture) ** rng.uniform(1.1, 1.6)
    first, turn = rng.uniform(0, np.pi), rng.uniform(0.4, 1.6)
    spacing = rng.uniform(2.8, 5.0)
    mark = np.zeros(picture.size)
    layers = int(rng.integers(2, 5))
    for layer in range(layers):
        floor = layer / layers * 0.8
        places = scatter(rng, picture.size, spacing=spacing)
        dark_places = places[
            at_places(dark, places) > 0.12 + floor + rng.uniform(0, 0.2, len(places))
        ]
        hatch = _hatch(rng, dark_places, angle=first + layer * turn, dark=dark)
        mark = 1 - (1 - mark) * (1 - hatch * rng.uniform(0.55, 0.9))
    mark = np.maximum(mark, _sketched(picture, rng))
    tooth = 0.75 + 0.5 * noise(rng, picture.size, scale=1.7)
    coloured = rng.uniform(0.5, 0.9) if rng.random() < 0.45 else rng.uniform(0, 0.3)
    lead = ink(picture, rng)
    lead = lead + (median(picture.colours, 1) * 0.6 - lead) * coloured
    return mix(sheet, lead, share=np.clip(mark * tooth, 0, 0.95) * margin(picture, rng))


def woodcut(picture: Picture, rng: Rng) -> Floats:
    """Crisp carved lines that swell with the dark, printed over flat inks."""
    dark = enlarge(blur(_toned(picture), 1.0))
    pitch = rng.uniform(4.0, 8.5) * 2
    groove = _grooves(picture, rng, pitch=pitch)
    low, high = rng.uniform(0.1, 0.3), rng.uniform(0.65, 0.85)
    carved = (dark - low) / (high - low) > groove * 0.96 + 0.02
    outline = enlarge(distance_to(_outlines(picture))) < rng.uniform(0.6, 1.6)
    chips = enlarge(noise(rng, picture.size, scale=2.2)) > rng.uniform(0.9, 1.4)
    printed = reduce(((carved | outline) & ~chips).astype(np.float64))
    worn = 0.93 + 0.12 * noise(rng, picture.size, scale=rng.uniform(3, 8))
    colour = np.broadcast_to(ink(picture, rng), picture.colours.shape)
    share = np.clip(printed * worn, 0, 1) * margin(picture, rng)
    return mix(_flat_inks(picture, rng), colour, share=share)


def _toned(picture: Picture) -> Floats:
    dark = 1 - lightness(picture.colours)
    low, high = np.quantile(dark, [0.03, 0.97])
    return np.asarray(np.clip((dark - low) / max(high - low, 0.05), 0, 1))


def _hatch(rng: Rng, places: Points, *, angle: float, dark: Floats) -> Floats:
    canvas = Image.new("L", (dark.shape[1] * 2, dark.shape[0] * 2))
    draw = ImageDraw.Draw(canvas)
    half = rng.uniform(5, 16) * rng.uniform(0.6, 1.2, len(places))
    angles = angle + rng.normal(0, rng.uniform(0.02, 0.15), len(places))
    reach = np.stack([np.cos(angles) * half, np.sin(angles) * half], axis=1)
    ends = np.concatenate([places - reach, places + reach], axis=1) * 2
    pressure = 70 + 140 * at_places(dark, places) + rng.uniform(-25, 45, len(places))
    shades = pressure.astype(np.int64).tolist()
    width = int(rng.integers(1, 4))
    for line, shade in zip(ends.tolist(), shades, strict=True):
        draw.line(line, fill=shade, width=width)
    return reduce(np.asarray(canvas, dtype=np.float64) / 255)


def _sketched(picture: Picture, rng: Rng) -> Floats:
    away = distance_to(_outlines(picture)) + noise(rng, picture.size, scale=12)
    line = step(-away, -rng.uniform(0.4, 1.2), width=1.2)
    return np.asarray(line * (0.75 + 0.4 * noise(rng, picture.size, scale=20)))


def _outlines(picture: Picture) -> Mask:
    grey = lightness(picture.colours)
    down, across = np.gradient(grey)
    return np.asarray(borders(picture.regions) & (np.hypot(down, across) > 0.035))


def _grooves(picture: Picture, rng: Rng, *, pitch: float) -> Floats:
    size = (picture.size[0] * 2, picture.size[1] * 2)
    sway = noise(rng, size, scale=rng.uniform(60, 160)) * pitch * rng.uniform(0.3, 1.5)
    phase = _ruling(picture, rng, swell=pitch * rng.uniform(1, 4))
    return np.asarray(np.abs(((phase + sway) / pitch) % 1 * 2 - 1))


def _ruling(picture: Picture, rng: Rng, *, swell: float) -> Floats:
    """Number the lines: one way per shape, in rings, or bulging where it is light."""
    rows, columns = np.indices((picture.size[0] * 2, picture.size[1] * 2))
    choice = rng.random()
    if choice < 0.3:
        x, y = rng.uniform(0, columns.max()), rng.uniform(0, rows.max())
        return np.asarray(np.hypot(columns - x, rows - y))
    angle = np.full(rows.shape, rng.uniform(0, np.pi))
    if choice < 0.75:
        turns = rng.normal(rng.uniform(0, np.pi), rng.uniform(0.2, 1.2), 400)
        angle = turns[np.repeat(np.repeat(picture.regions, 2, axis=0), 2, axis=1) % 400]
        swell = 0.0
    bulge = enlarge(blur(lightness(picture.colours), 4.0)) * swell
    return np.asarray(columns * np.sin(angle) + rows * np.cos(angle) + bulge)


def _flat_inks(picture: Picture, rng: Rng) -> Floats:
    sheet = pale_paper(picture, rng)
    if rng.random() < 0.35:
        return sheet
    flat, count = to_pillow(median(picture.colours, 2)), int(rng.integers(2, 6))
    few = flat.quantize(count, method=Image.Quantize.MEDIANCUT).convert("RGB")
    shift = tuple(int(move) for move in rng.integers(-2, 3, 2))
    blocks = np.roll(np.asarray(few, dtype=np.float64) / 255, shift, axis=(0, 1))
    return sheet * (1 - rng.uniform(0.4, 0.9) * (1 - np.clip(blocks + 0.2, 0, 1)))
