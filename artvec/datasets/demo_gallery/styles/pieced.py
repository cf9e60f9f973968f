"""Puts pictures together from flat pieces: stained-glass, mosaic and poster."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter
from scipy.spatial import cKDTree

from artvec.datasets.demo_gallery.fields import (
    Floats,
    Ints,
    Size,
    blur,
    borders,
    clouds,
    distance_to,
    enlarge,
    lightness,
    median,
    mix,
    noise,
    reduce,
    region_means,
    step,
    to_pillow,
)
from artvec.datasets.demo_gallery.picture import Picture
from artvec.datasets.demo_gallery.shapes import Rng
from artvec.datasets.demo_gallery.strokes import at_places, scatter
from artvec.datasets.demo_gallery.styles.supports import ink, paper


def stained_glass(picture: Picture, rng: Rng) -> Floats:
    """Glowing panes, streaked and uneven, held by dark leads."""
    panes = _panes(picture, rng, spacing=rng.uniform(11, 34))
    colours = region_means(picture.colours, panes)
    grey = colours.mean(axis=1, keepdims=True)
    colours = grey + (colours - grey) * rng.uniform(1.1, 1.7) + rng.normal(0, 0.05, (len(grey), 1))
    glass = np.clip(colours, 0.04, 1)[panes]
    streaks = 0.12 * clouds(rng, picture.size, scale=30) + 0.06 * noise(rng, picture.size, scale=4)
    away = distance_to(borders(panes))
    glow = 0.8 + 0.35 * step(away, 4.0, width=9.0) + streaks * rng.uniform(0.5, 1.4)
    lead_width = rng.uniform(0.5, 2.4)
    lead = 1 - step(blur(away, 0.7), lead_width, width=1.2)
    metal = _metal(picture, rng, away=away / lead_width)
    return mix(np.clip(glass * glow[..., None], 0, 1), metal, share=lead)


def mosaic(picture: Picture, rng: Rng) -> Floats:
    """Small set stones in bending rows, with grout between them."""
    size = (picture.size[0] * 2, picture.size[1] * 2)
    stone = rng.uniform(4.2, 9.0) * 2
    down, across = _rows(rng, size, stone=stone)
    row = np.floor(down / stone)
    across = across + (row * 0.37 % 1) * stone * (rng.random() < 0.6)
    column = np.floor(across / (stone * rng.uniform(0.85, 1.5)))
    stones = _numbered(row, column)
    colours = region_means(enlarge(picture.colours), stones)
    colours = colours + rng.normal(0, rng.uniform(0.02, 0.07), (len(colours), 1))
    colours = colours + rng.normal(0, 0.02, colours.shape)
    away = distance_to(borders(stones))
    gap = 1 - step(away, rng.uniform(0.8, 2.2), width=1.2)
    bevel = rng.uniform(0.0, 0.12) * _sheen(away, rng)
    set_stones = np.clip(colours[stones] + bevel[..., None], 0, 1)
    return reduce(mix(set_stones, enlarge(paper(picture, rng)), share=gap))


def poster(picture: Picture, rng: Rng) -> Floats:
    """A few flat colours with hard edges, most of them outlined."""
    whole = region_means(picture.colours, picture.regions)[picture.regions]
    plain = whole + (blur(picture.colours, 4.0) - whole) * rng.uniform(0.0, 0.4)
    grey = lightness(plain)[..., None]
    vivid = np.clip(grey + (plain - grey) * rng.uniform(1.0, 1.5), 0, 1)
    few = to_pillow(vivid).quantize(int(rng.integers(5, 13)), method=Image.Quantize.MEDIANCUT)
    zones = _cleaned(np.asarray(few, dtype=np.int64))
    table = np.array(few.getpalette() or [], dtype=np.float64).reshape(-1, 3) / 255
    flat = table[zones]
    breadth = rng.uniform(1.0, 4.5) if rng.random() < 0.85 else 0.0
    line = step(breadth - distance_to(borders(zones)), 0.0, width=1.5) * (breadth > 0)
    outline = ink(picture, rng) if rng.random() < 0.75 else np.array([0.97, 0.95, 0.9])
    printed = mix(flat, np.broadcast_to(outline, flat.shape), share=line)
    return reduce(printed + 0.01 * noise(rng, zones.shape[:2], scale=3)[..., None])


def _panes(picture: Picture, rng: Rng, *, spacing: float) -> Ints:
    seeds = scatter(rng, picture.size, spacing=spacing)
    # Colour counts as distance too, so that leads run along the forms.
    weight = spacing * rng.uniform(2.0, 5.0)
    smooth = blur(median(picture.colours, 2), 1.0)
    rows, columns = np.indices(picture.size)
    spots = np.concatenate([np.stack([columns, rows], axis=-1), smooth * weight], axis=-1).reshape(
        -1, 5
    )
    anchors = np.concatenate([seeds, at_places(smooth, seeds) * weight], axis=1)
    nearest = np.asarray(cKDTree(anchors).query(spots)[1], dtype=np.int64)
    return nearest.reshape(picture.size)


def _metal(picture: Picture, rng: Rng, *, away: Floats) -> Floats:
    tone = rng.uniform(0.03, 0.2) + 0.12 * np.clip(1 - away, 0, 1)
    tint = 1 + rng.normal(0, 0.1, 3)
    return np.asarray((tone + 0.02 * noise(rng, picture.size, scale=3))[..., None] * tint)


def _rows(rng: Rng, size: Size, *, stone: float) -> tuple[Floats, Floats]:
    rows, columns = (grid.astype(np.float64) for grid in np.indices(size))
    bend = stone * rng.uniform(0.3, 2.0)
    rows += noise(rng, size, scale=rng.uniform(70, 200)) * bend + 2000
    columns += noise(rng, size, scale=rng.uniform(70, 200)) * bend + 2000
    if rng.random() < 0.35:
        centre_y, centre_x = rng.uniform(0, size[0]) + 2000, rng.uniform(0, size[1]) + 2000
        radius = np.hypot(rows - centre_y, columns - centre_x)
        ring = np.maximum(np.floor(radius / stone), 1) * stone
        return radius, np.arctan2(rows - centre_y, columns - centre_x) * ring + 9000
    turn = rng.uniform(-0.8, 0.8)
    down = rows * np.cos(turn) + columns * np.sin(turn)
    return down, columns * np.cos(turn) - rows * np.sin(turn)


def _numbered(row: Floats, column: Floats) -> Ints:
    lines, places = (row - row.min()).astype(np.int64), (column - column.min()).astype(np.int64)
    return np.asarray(lines * (places.max() + 1) + places)


def _sheen(away: Floats, rng: Rng) -> Floats:
    down, across = np.gradient(np.minimum(away, 4.0))
    angle = rng.uniform(0, 2 * np.pi)
    return np.asarray(down * np.sin(angle) + across * np.cos(angle))


def _cleaned(zones: Ints) -> Ints:
    """Round off the specks that quantising leaves, at twice the size."""
    soften, size = ImageFilter.GaussianBlur(1.5), (zones.shape[1] * 2, zones.shape[0] * 2)
    votes = []
    for zone in range(int(zones.max()) + 1):
        mask = Image.fromarray((zones == zone).astype(np.uint8) * 255).filter(soften)
        votes.append(np.asarray(mask.resize(size, Image.Resampling.BICUBIC)))
    return np.asarray(np.stack(votes).argmax(axis=0), dtype=np.int64)
