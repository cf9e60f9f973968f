"""Turns a scene and a palette into the plain picture that every style starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from artvec.datasets.demo_gallery.fields import Floats, Ints, Size, clouds, noise, reduce
from artvec.datasets.demo_gallery.palettes import Palette, colour_of
from artvec.datasets.demo_gallery.shapes import Points, Rng, Scene, Shape


@dataclass(frozen=True)
class Picture:
    """A plain picture: colours from 0 to 1, the shape under each pixel, and the palette."""

    colours: Floats
    regions: Ints
    palette: Palette

    @property
    def size(self) -> Size:
        """Rows and columns."""
        return self.colours.shape[0], self.colours.shape[1]


@dataclass(frozen=True)
class _View:
    zoom: float
    shift: tuple[float, float]
    mirrored: bool


def draw_picture(scene: Scene, palette: Palette, *, rng: Rng) -> Picture:
    """Draw a scene plainly, seen from a slightly different place each time."""
    short = int(rng.integers(100, 190)) * 2
    scale = short / min(scene.width, 1.0)
    size = (round(scale / 2) * 2, round(scale * scene.width / 2) * 2)
    view = _view(scene, rng)
    outlines = [_projected(shape.outline, scene, view=view) * scale * 2 for shape in scene.shapes]
    regions = _region_map(outlines, size)
    colours = _shade(scene.shapes, palette, outlines=outlines, regions=regions)
    unevenness = 0.035 * clouds(rng, size, scale=40) + 0.015 * noise(rng, size, scale=3)
    plain = np.clip(reduce(colours) + unevenness[..., None], 0, 1)
    return Picture(plain, regions[::2, ::2], palette)


def _view(scene: Scene, rng: Rng) -> _View:
    zoom = float(rng.uniform(1.0, 1.25))
    spare = 1 - 1 / zoom
    shift = (float(rng.uniform(0, spare) * scene.width), float(rng.uniform(0, spare)))
    return _View(zoom, shift, mirrored=bool(rng.random() < 0.5))


def _projected(outline: Points, scene: Scene, *, view: _View) -> Points:
    points = outline * (-1, 1) + (scene.width, 0) if view.mirrored else outline
    return (points - view.shift) * view.zoom


def _region_map(outlines: list[Points], size: Size) -> Ints:
    canvas = Image.new("I", (size[1] * 2, size[0] * 2))
    draw = ImageDraw.Draw(canvas)
    for number, outline in enumerate(outlines):
        draw.polygon(outline.ravel().tolist(), fill=number)
    return np.asarray(canvas, dtype=np.int64)


def _shade(
    shapes: tuple[Shape, ...], palette: Palette, *, outlines: list[Points], regions: Ints
) -> Floats:
    tops = np.array([colour_of(shape.top, palette) for shape in shapes])
    bottoms = np.array([colour_of(shape.bottom, palette) for shape in shapes])
    sides = np.array([shape.side for shape in shapes])
    start = np.array([outline.min(axis=0) for outline in outlines])
    reach = np.maximum([np.ptp(outline, axis=0) for outline in outlines], 1.0)
    y, x = np.indices(regions.shape)
    fall = np.clip((y - start[regions, 1]) / reach[regions, 1], 0, 1)
    across = np.clip((x - start[regions, 0]) / reach[regions, 0], 0, 1) - 0.5
    colours = tops[regions] + (bottoms - tops)[regions] * fall[..., None]
    return np.asarray(colours * (1 + (sides[regions] * across)[..., None]))
