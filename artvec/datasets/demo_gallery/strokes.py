"""Lays thousands of separate marks over a picture and tells which mark covers each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from artvec.datasets.demo_gallery.fields import Floats, Ints, Size
from artvec.datasets.demo_gallery.shapes import Points, Rng


@dataclass(frozen=True)
class Marks:
    """Marks in painting order; positions and sizes in pixels of the finished picture."""

    centres: Points
    angles: Floats
    lengths: Floats
    widths: Floats


@dataclass(frozen=True)
class Coverage:
    """At twice the size: each pixel's mark (-1 for none) and its place within that mark."""

    marks: Ints
    along: Floats
    across: Floats


def scatter(rng: Rng, size: Size, *, spacing: float) -> Points:
    """Spread places evenly but not regularly, in random order."""
    rows = np.arange(spacing / 2, size[0] + spacing, spacing)
    columns = np.arange(spacing / 2, size[1] + spacing, spacing)
    x, y = np.meshgrid(columns, rows)
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    places += rng.uniform(-0.5, 0.5, places.shape) * spacing
    return np.asarray(rng.permutation(places))


def at_places(field: Floats, places: Points) -> Floats:
    """Read a picture or a field at the places."""
    rows = np.clip(places[:, 1], 0, field.shape[0] - 1).astype(np.int64)
    columns = np.clip(places[:, 0], 0, field.shape[1] - 1).astype(np.int64)
    return np.asarray(field[rows, columns])


def lay_marks(
    rng: Rng, marks: Marks, *, size: Size, bend: float = 0.0, corners: int = 10
) -> Coverage:
    """Draw the marks one over another, each a rounded and perhaps bent bar."""
    outlines = _outlines(rng, marks, bend=bend, corners=corners) * 2
    canvas = Image.new("I", (size[1] * 2, size[0] * 2), -1)
    draw = ImageDraw.Draw(canvas)
    for number, outline in enumerate(outlines.reshape(len(outlines), -1).tolist()):
        draw.polygon(outline, fill=number)
    covering = np.asarray(canvas, dtype=np.int64)
    return _place_within(marks, covering)


def _outlines(rng: Rng, marks: Marks, *, bend: float, corners: int) -> Floats:
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False) + np.pi / corners
    # A squared circle: blunter at the ends than an ellipse, as a loaded brush leaves it.
    along = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.6
    across = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.6
    count = len(marks.centres)
    ragged = 1 + rng.normal(0, 0.08, (count, corners))
    long = marks.lengths[:, None] / 2 * along * ragged
    wide = marks.widths[:, None] / 2 * across * ragged
    wide = wide + bend * rng.normal(0, 1, (count, 1)) * marks.lengths[:, None] * (along**2 - 0.4)
    cosine, sine = np.cos(marks.angles)[:, None], np.sin(marks.angles)[:, None]
    x = marks.centres[:, :1] + long * cosine - wide * sine
    y = marks.centres[:, 1:] + long * sine + wide * cosine
    return np.stack([x, y], axis=-1)


def _place_within(marks: Marks, covering: Ints) -> Coverage:
    rows, columns = np.indices(covering.shape)
    x = columns / 2 - marks.centres[covering, 0]
    y = rows / 2 - marks.centres[covering, 1]
    cosine, sine = np.cos(marks.angles)[covering], np.sin(marks.angles)[covering]
    along = (x * cosine + y * sine) / (marks.lengths[covering] / 2)
    across = (y * cosine - x * sine) / (marks.widths[covering] / 2)
    return Coverage(covering, along, across)
