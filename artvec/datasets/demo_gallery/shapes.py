"""Holds what a scene is made of: coloured shapes in a frame one unit high."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Rng = np.random.Generator
Points = NDArray[np.float64]
Role = Literal[
    "sky", "horizon", "light", "far", "middle", "near", "accent", "second", "dark", "skin"
]


@dataclass(frozen=True)
class Paint:
    """A palette role, made lighter (shade above 0) or darker (below 0)."""

    role: Role
    shade: float = 0.0


@dataclass(frozen=True)
class Shape:
    """One closed outline, its colour running from top to bottom and changing sideways."""

    outline: Points
    top: Paint
    bottom: Paint
    side: float = 0.0


@dataclass(frozen=True)
class Scene:
    """A composition without colours: x runs from 0 to width, y from 0 (top) to 1."""

    kind: str
    width: float
    shapes: tuple[Shape, ...]


def flat(outline: Points, role: Role, *, shade: float = 0.0, side: float = 0.0) -> Shape:
    """Fill an outline with one colour."""
    paint = Paint(role, shade)
    return Shape(outline, paint, paint, side)


def graded(outline: Points, top: Paint, *, bottom: Paint, side: float = 0.0) -> Shape:
    """Fill an outline with a colour that changes from its top to its bottom."""
    return Shape(outline, top, bottom, side)


def rounded(outline: Points, role: Role, *, shade: float = 0.0, depth: float = 0.3) -> Shape:
    """Fill an outline as a lit body: bright above and left, dark below and right."""
    return Shape(outline, Paint(role, shade + depth), Paint(role, shade - depth), -depth)


def box(left: float, top: float, *, right: float, bottom: float) -> Points:
    """Outline an upright rectangle."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def polygon(*corners: tuple[float, float]) -> Points:
    """Outline the polygon through the corners."""
    return np.array(corners, dtype=np.float64)


def ellipse(
    x: float, y: float, *, across: float, down: float | None = None, turn: float = 0.0
) -> Points:
    """Outline an ellipse from its centre and its two radii."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.stack([np.cos(angle) * across, np.sin(angle) * (down or across)], axis=1)
    return np.asarray(rotated(ring, turn) + np.array([x, y]))


def blob(
    rng: Rng, centre: tuple[float, float], *, across: float, down: float, rough: float = 0.15
) -> Points:
    """Outline an irregular round body."""
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = np.ones_like(angle)
    for wave in range(2, 8):
        radius += rough / wave * 2 * rng.normal() * np.sin(wave * angle + rng.uniform(0, 7))
    radius = np.maximum(radius, 0.3)
    ring = np.stack([np.cos(angle) * across, np.sin(angle) * down], axis=1)
    return ring * radius[:, None] + centre


def skyline(rng: Rng, width: float, *, level: float, rise: float, jagged: bool) -> Points:
    """Outline land that fills everything below an uneven horizon."""
    x = np.linspace(-0.3, width + 0.3, 160)
    y = np.full_like(x, level)
    for octave in range(6):
        wave = (np.sin if not jagged else _zigzag)(
            x * rng.uniform(2.0, 4.0) * 1.9**octave + rng.uniform(0, 7)
        )
        y += rise * rng.uniform(0.4, 1.0) * 0.5**octave * wave
    return np.concatenate([np.stack([x, y], axis=1), [[width + 0.3, 1.3], [-0.3, 1.3]]])


def ribbon(spine: Points, start: float, *, end: float) -> Points:
    """Outline a band along a spine whose width runs from start to end."""
    step = np.gradient(spine, axis=0)
    step /= np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-9)
    side = np.stack([-step[:, 1], step[:, 0]], axis=1)
    half = np.linspace(start, end, len(spine))[:, None] / 2
    return np.concatenate([spine + side * half, (spine - side * half)[::-1]])


def curve(start: tuple[float, float], end: tuple[float, float], *, bow: float = 0.0) -> Points:
    """Trace a line between two points, bowed sideways by a share of its length."""
    along = np.linspace(0, 1, 24)[:, None]
    first, last = np.array(start), np.array(end)
    reach = last - first
    normal = np.array([-reach[1], reach[0]])
    return np.asarray(first + along * reach + 4 * along * (1 - along) * bow * normal)


def rotated(points: Points, turn: float) -> Points:
    """Turn points about the origin by an angle in radians."""
    cosine, sine = np.cos(turn), np.sin(turn)
    x, y = points[:, 0], points[:, 1]
    return np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=1)


def _zigzag(phase: Points) -> Points:
    return np.asarray(2 * np.abs((phase / np.pi) % 2 - 1) - 1)
