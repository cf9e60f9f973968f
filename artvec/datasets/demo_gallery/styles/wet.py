"""Paints with water: watercolour and ink-wash."""

from __future__ import annotations

import numpy as np

from artvec.datasets.demo_gallery.fields import (
    Floats,
    blur,
    borders,
    clouds,
    distance_to,
    lightness,
    median,
    mix,
    noise,
    step,
    warp,
)
from artvec.datasets.demo_gallery.picture import Picture
from artvec.datasets.demo_gallery.shapes import Rng
from artvec.datasets.demo_gallery.styles.supports import ink, margin, pale_paper


def watercolour(picture: Picture, rng: Rng) -> Floats:
    """Transparent washes with dark dried edges, blooms and granulation on pale paper."""
    sheet = pale_paper(picture, rng)
    wash = median(_wobble(picture.colours, rng, reach=rng.uniform(2, 7)), 2)
    bled = mix(wash, blur(wash, rng.uniform(4, 9)), share=_wet(picture, rng))
    density = rng.uniform(0.6, 0.95) * np.clip(1 - bled, 0, 1) ** rng.uniform(0.9, 1.3)
    density = (
        density * (1 + rng.uniform(0.15, 0.4) * clouds(rng, picture.size, scale=70))[..., None]
    )
    density = density + rng.uniform(0.5, 1.3) * _dried_edges(bled)[..., None]
    grain = noise(rng, picture.size, scale=rng.uniform(1.6, 3.0)) * rng.uniform(0.05, 0.22)
    density = density * (1 + grain)[..., None] * rng.uniform(0.75, 1.0)
    cover = _unpainted(picture, rng)
    painted = np.asarray(sheet * (1 - np.clip(density, 0, 0.97) * cover[..., None]))
    if rng.random() < 0.6:
        return painted
    line = _brush_contours(picture, rng, weight=rng.uniform(0.2, 1.0)) * cover
    return mix(painted, np.broadcast_to(ink(picture, rng), painted.shape), share=line)


def ink_wash(picture: Picture, rng: Rng) -> Floats:
    """A few diluted tones of one ink, soft pools and broken brush contours."""
    sheet, colour = pale_paper(picture, rng), ink(picture, rng)
    dark = 1 - lightness(_wobble(picture.colours, rng, reach=rng.uniform(2, 6)))
    dark = blur(dark, rng.uniform(1.0, 2.5)) + 0.08 * clouds(rng, picture.size, scale=50)
    tone = np.zeros(picture.size)
    levels = rng.integers(2, 5)
    for level in np.quantile(dark, np.linspace(0.2, 0.9, levels)):
        pool = step(dark, float(level), width=rng.uniform(0.03, 0.25))
        rim = np.clip(pool - blur(pool, 3.0), 0, 1) * rng.uniform(0.0, 0.8)
        tone += (pool + rim) * rng.uniform(0.5, 0.9) / levels
    tone = np.maximum(tone, _brush_contours(picture, rng, weight=rng.uniform(0.0, 2.2)))
    tone *= margin(picture, rng) * (1 + 0.12 * clouds(rng, picture.size, scale=16))
    tinted = colour + (picture.colours - colour) * rng.uniform(0.0, 0.4)
    return mix(sheet, tinted, share=np.clip(tone, 0, 0.97))


def _wobble(image: Floats, rng: Rng, *, reach: float) -> Floats:
    size = (image.shape[0], image.shape[1])
    scale = rng.uniform(8, 24)
    down = clouds(rng, size, scale=scale) * reach
    return warp(image, down, across=clouds(rng, size, scale=scale) * reach)


def _wet(picture: Picture, rng: Rng) -> Floats:
    return step(clouds(rng, picture.size, scale=80), rng.uniform(-0.3, 0.8), width=0.6)


def _dried_edges(wash: Floats) -> Floats:
    soft = lightness(wash)
    return np.clip(blur(soft, 2.5) - blur(soft, 0.6), 0, 0.2) * 2


def _unpainted(picture: Picture, rng: Rng) -> Floats:
    gaps = step(clouds(rng, picture.size, scale=14), rng.uniform(1.0, 2.0), width=0.3)
    return np.asarray(margin(picture, rng) * (1 - 0.8 * gaps))


def _brush_contours(picture: Picture, rng: Rng, *, weight: float) -> Floats:
    # Shapes of nearly one colour part without a line, or every cloud lobe would get one.
    strong = borders(picture.regions) & (_contrast(picture.colours) > rng.uniform(0.06, 0.16))
    breadth = weight * (1 + 0.9 * noise(rng, picture.size, scale=26))
    line = step(breadth - distance_to(strong), 0.0, width=1.2)
    dry = step(noise(rng, picture.size, scale=3) + rng.uniform(0.0, 0.9), 0.0, width=0.5)
    return np.asarray(line * dry * rng.uniform(0.6, 1.0))


def _contrast(colours: Floats) -> Floats:
    down, across = np.gradient(colours, axis=(0, 1))
    return np.asarray(np.abs(down).max(axis=-1) + np.abs(across).max(axis=-1))
