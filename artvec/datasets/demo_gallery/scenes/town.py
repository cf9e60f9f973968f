"""Composes towns: rows of houses, towers, streets, canals and lamps."""

from __future__ import annotations

import numpy as np

from artvec.datasets.demo_gallery.scenes.landscape import sky, tree
from artvec.datasets.demo_gallery.shapes import (
    Paint,
    Rng,
    Role,
    Shape,
    box,
    ellipse,
    flat,
    graded,
    polygon,
)

_WALLS: tuple[Role, ...] = ("light", "second", "accent", "horizon", "middle", "far")


def compose_town(rng: Rng, width: float) -> list[Shape]:
    """Compose rows of houses behind a street or a canal."""
    ground = rng.uniform(0.72, 0.86)
    shapes = [*sky(rng, width), *_row(rng, width, ground=ground - 0.08, far=True)]
    for _ in range(rng.integers(0, 3)):
        shapes += _tower(rng, rng.uniform(0.1, 0.9) * width, ground=ground)
    shapes += _row(rng, width, ground=ground, far=False)
    shapes += (
        _canal(rng, width, ground=ground)
        if rng.random() < 0.4
        else _street(rng, width, ground=ground)
    )
    if rng.random() < 0.5:
        for x in rng.uniform(0, width, rng.integers(1, 4)):
            shapes += tree(rng, (float(x), ground + 0.06), height=rng.uniform(0.2, 0.4))
    return shapes + _people(rng, width, ground=ground)


def _row(rng: Rng, width: float, *, ground: float, far: bool) -> list[Shape]:
    shapes: list[Shape] = []
    left, floor = -0.1, rng.uniform(0.2, 0.34)
    while left < width + 0.1:
        wide = rng.uniform(0.1, 0.24) * (0.7 if far else 1.0)
        tall = floor * rng.uniform(0.7, 1.5) + (0.12 if far else 0)
        shapes += _house(rng, (left, ground - tall), wide=wide, tall=tall, far=far)
        left += wide
    return shapes


def _house(
    rng: Rng, corner: tuple[float, float], *, wide: float, tall: float, far: bool
) -> list[Shape]:
    left, top = corner
    role: Role = "far" if far else _WALLS[rng.integers(len(_WALLS))]
    wall = box(left, top, right=left + wide, bottom=top + tall)
    shade = rng.uniform(-0.25, 0.25)
    shapes = [graded(wall, Paint(role, shade), bottom=Paint(role, shade - 0.15), side=-0.15)]
    shapes = _roof(rng, corner, wide=wide, role="far" if far else "accent") + shapes
    if far:
        return shapes
    return shapes + _windows(rng, corner, wide=wide, tall=tall)


def _roof(rng: Rng, corner: tuple[float, float], *, wide: float, role: Role) -> list[Shape]:
    left, top = corner
    rise, over, right = rng.uniform(0.04, 0.13), 0.012, left + wide
    chimney_at = left + wide * rng.uniform(0.2, 0.7)
    chimney = box(chimney_at, top - rise * 1.15, right=chimney_at + 0.025, bottom=top)
    outlines = (
        polygon((left - over, top), (left + wide / 2, top - rise), (right + over, top)),
        polygon(
            (left - over, top),
            (left + wide * 0.2, top - rise),
            (right - wide * 0.2, top - rise),
            (right + over, top),
        ),
        box(left - over, top - 0.02, right=right + over, bottom=top + 0.01),
        polygon(
            (left, top),
            (left, top - rise * 0.5),
            (left + wide * 0.3, top - rise * 0.5),
            (left + wide * 0.3, top - rise),
            (right - wide * 0.3, top - rise),
            (right - wide * 0.3, top - rise * 0.5),
            (right, top - rise * 0.5),
            (right, top),
        ),
    )
    roof = outlines[rng.integers(len(outlines))]
    return [
        flat(chimney, "dark", shade=0.25),
        flat(roof, role, shade=rng.uniform(-0.45, 0.05), side=-0.2),
    ]


def _windows(rng: Rng, corner: tuple[float, float], *, wide: float, tall: float) -> list[Shape]:
    left, top = corner
    columns, rows = max(int(wide / 0.06), 1), max(int(tall / 0.1), 1)
    pane, high = wide / columns * 0.45, tall / rows * rng.uniform(0.4, 0.6)
    lit, door = rng.uniform(0.1, 0.6), rng.integers(columns)
    shapes = []
    for row in range(rows):
        for column in range(columns):
            x = left + wide * (column + 0.5) / columns - pane / 2
            y = top + tall * (row + 0.25) / rows
            if row == rows - 1 and column == door:
                shapes.append(flat(box(x, y, right=x + pane, bottom=top + tall), "dark", shade=0.2))
                continue
            role: Role = "light" if rng.random() < lit else "dark"
            shapes.append(
                flat(
                    box(x - 0.005, y - 0.005, right=x + pane + 0.005, bottom=y + high + 0.005),
                    "horizon",
                    shade=0.3,
                )
            )
            shapes.append(flat(box(x, y, right=x + pane, bottom=y + high), role, shade=0.12))
    return shapes


def _tower(rng: Rng, x: float, *, ground: float) -> list[Shape]:
    half, top = rng.uniform(0.035, 0.07), rng.uniform(0.16, 0.32)
    shapes = [
        flat(box(x - half, top, right=x + half, bottom=ground), "horizon", shade=-0.15, side=-0.35)
    ]
    if rng.random() < 0.5:
        shapes.append(flat(ellipse(x, top, across=half, down=half * 1.1), "accent", side=-0.4))
        shapes.append(flat(box(x - 0.004, top - half * 1.8, right=x + 0.004, bottom=top), "dark"))
    else:
        spire = polygon(
            (x - half * 1.15, top), (x, top - rng.uniform(0.1, 0.2)), (x + half * 1.15, top)
        )
        shapes.append(flat(spire, "accent", shade=-0.2, side=-0.4))
    shapes.append(flat(ellipse(x, top + half * 1.2, across=half * 0.5), "light", shade=0.3))
    slit = box(x - half * 0.25, top + half * 2.2, right=x + half * 0.25, bottom=top + half * 3.4)
    return [*shapes, flat(slit, "dark")]


def _street(rng: Rng, width: float, *, ground: float) -> list[Shape]:
    vanish = rng.uniform(0.3, 0.7) * width
    shapes = [
        graded(
            box(-0.2, ground, right=width + 0.2, bottom=1.2),
            Paint("horizon", -0.3),
            bottom=Paint("near", -0.2),
        ),
        flat(
            polygon(
                (vanish - 0.06, ground),
                (vanish + 0.06, ground),
                (vanish + 0.5, 1.1),
                (vanish - 0.5, 1.1),
            ),
            "far",
            shade=0.15,
        ),
    ]
    for x in np.arange(rng.uniform(0.05, 0.2), width, rng.uniform(0.25, 0.5)):
        shapes.append(
            flat(box(x - 0.006, ground - 0.16, right=x + 0.006, bottom=ground + 0.05), "dark")
        )
        shapes.append(flat(ellipse(float(x), ground - 0.17, across=0.018), "light", shade=0.4))
    return shapes


def _canal(rng: Rng, width: float, *, ground: float) -> list[Shape]:
    shapes = [
        flat(box(-0.2, ground, right=width + 0.2, bottom=ground + 0.025), "dark", shade=0.3),
        graded(
            box(-0.2, ground + 0.025, right=width + 0.2, bottom=1.2),
            Paint("sky", 0.1),
            bottom=Paint("near", -0.1),
        ),
    ]
    roles: tuple[Role, ...] = ("light", "accent", "second", "dark", "sky")
    for y in np.sort(rng.uniform(ground + 0.04, 1.0, 45)):
        ripple = ellipse(
            rng.uniform(0, width),
            float(y),
            across=rng.uniform(0.03, 0.13),
            down=rng.uniform(0.003, 0.009),
        )
        shapes.append(flat(ripple, roles[rng.integers(5)], shade=rng.uniform(-0.1, 0.3)))
    return shapes


def _people(rng: Rng, width: float, *, ground: float) -> list[Shape]:
    shapes = []
    for y in np.sort(rng.uniform(ground + 0.03, 0.97, rng.integers(0, 6))):
        x, tall = rng.uniform(0.05, 0.95) * width, 0.06 + 0.4 * (y - ground)
        coat = polygon(
            (x - tall * 0.1, y - tall * 0.75),
            (x + tall * 0.1, y - tall * 0.75),
            (x + tall * 0.2, y),
            (x - tall * 0.2, y),
        )
        role: Role = ("accent", "dark", "second")[rng.integers(3)]
        shapes.append(flat(coat, role, shade=rng.uniform(-0.2, 0.2)))
        shapes.append(flat(ellipse(x, float(y - tall * 0.85), across=float(tall * 0.1)), "skin"))
    return shapes
