"""Composes landscapes: sky, hills, water, paths, trees and cottages."""

from __future__ import annotations

import numpy as np

from artvec.datasets.demo_gallery.shapes import (
    Paint,
    Points,
    Rng,
    Role,
    Shape,
    blob,
    box,
    curve,
    ellipse,
    flat,
    graded,
    polygon,
    ribbon,
    rounded,
    skyline,
)


def compose_landscape(rng: Rng, width: float) -> list[Shape]:
    """Compose hills under a sky, with trees before them."""
    horizon = rng.uniform(0.3, 0.6)
    shapes = [*sky(rng, width), *_hills(rng, width, horizon=horizon)]
    if rng.random() < 0.5:
        shapes += _winding(rng, width, horizon=horizon)
    if rng.random() < 0.5:
        shapes += cottage(rng, rng.uniform(0.2, 0.8) * width, ground=rng.uniform(0.72, 0.85))
    shapes += _wood(rng, width, horizon=horizon)
    return shapes + _flowers(rng, width)


def sky(rng: Rng, width: float) -> list[Shape]:
    """Compose a sky: a gradient, a sun or moon, clouds and birds."""
    air = box(-1, -0.05, right=3, bottom=rng.uniform(0.6, 1.1))
    shapes = [
        flat(box(-1, -1, right=3, bottom=2), "horizon"),
        graded(air, Paint("sky"), bottom=Paint("horizon", 0.1)),
    ]
    if rng.random() < 0.65:
        shapes += _sun(rng, width)
    for _ in range(rng.integers(0, 6)):
        shapes += cloud(rng, rng.uniform(0, width), y=rng.uniform(0.05, 0.32))
    for _ in range(rng.integers(0, 5) if rng.random() < 0.4 else 0):
        shapes.append(bird(rng, width))
    return shapes


def cloud(rng: Rng, x: float, *, y: float) -> list[Shape]:
    """Compose a cloud of lobes, lit from above."""
    size, role_shade = rng.uniform(0.04, 0.1), rng.uniform(-0.1, 0.25)
    lobes = []
    for _ in range(rng.integers(3, 7)):
        centre = (x + rng.normal(0, size * 1.3), y + rng.normal(0, size * 0.25))
        outline = blob(rng, centre, across=size * rng.uniform(0.7, 1.4), down=size * 0.6)
        lobes.append(
            graded(outline, Paint("light", role_shade), bottom=Paint("horizon", role_shade - 0.1))
        )
    return lobes


def bird(rng: Rng, width: float) -> Shape:
    """Compose a far bird as a bent stroke."""
    x, y, span = rng.uniform(0.1, 0.9) * width, rng.uniform(0.08, 0.35), rng.uniform(0.015, 0.035)
    wings = polygon(
        (x - span, y - span * 0.6),
        (x, y),
        (x + span, y - span * 0.6),
        (x + span * 0.5, y - span * 0.1),
        (x, y + span * 0.35),
        (x - span * 0.5, y - span * 0.1),
    )
    return flat(wings, "dark")


def tree(rng: Rng, foot: tuple[float, float], *, height: float) -> list[Shape]:
    """Compose one tree of a random kind."""
    makers = (_round_tree, _conifer, _poplar, _bare_tree)
    return makers[rng.integers(len(makers))](rng, foot, height=height)


def cottage(rng: Rng, x: float, *, ground: float) -> list[Shape]:
    """Compose a small house with a roof, a door and a window."""
    wide, tall = rng.uniform(0.08, 0.15), rng.uniform(0.07, 0.12)
    top, roof = ground - tall, rng.uniform(0.05, 0.09)
    shapes = [
        flat(box(x + wide * 0.5, top - roof * 1.2, right=x + wide * 0.65, bottom=top), "dark"),
        flat(box(x - wide, top, right=x + wide, bottom=ground), "light", shade=-0.1, side=-0.3),
        flat(
            polygon(
                (x - wide * 1.15, top),
                (x - wide * 0.7, top - roof),
                (x + wide * 0.7, top - roof),
                (x + wide * 1.15, top),
            ),
            "accent",
            shade=-0.1,
        ),
        flat(
            box(x - wide * 0.15, ground - tall * 0.65, right=x + wide * 0.15, bottom=ground), "dark"
        ),
    ]
    for at in (-0.6, 0.55):
        pane = box(
            x + wide * at - 0.015,
            top + tall * 0.3,
            right=x + wide * at + 0.015,
            bottom=top + tall * 0.65,
        )
        shapes.append(flat(pane, "second", shade=0.1))
    return shapes


def _sun(rng: Rng, width: float) -> list[Shape]:
    x, y, size = rng.uniform(0.1, 0.9) * width, rng.uniform(0.08, 0.35), rng.uniform(0.03, 0.09)
    halo = flat(ellipse(x, y, across=size * 1.5), "horizon", shade=0.35)
    disc = flat(ellipse(x, y, across=size), "light" if rng.random() < 0.6 else "second", shade=0.3)
    return [halo, disc] if rng.random() < 0.6 else [disc]


def _hills(rng: Rng, width: float, *, horizon: float) -> list[Shape]:
    count, jagged = int(rng.integers(3, 6)), rng.random() < 0.5
    shapes = []
    for at in range(count):
        near = at / (count - 1)
        level = horizon + near * (0.92 - horizon) * 0.8
        outline = skyline(
            rng, width, level=level, rise=0.11 * (1 - near * 0.7), jagged=jagged and near < 0.5
        )
        role: Role = ("far", "middle", "near")[min(int(near * 3), 2)]
        shade = rng.uniform(-0.15, 0.2)
        shapes.append(graded(outline, Paint(role, shade + 0.15), bottom=Paint(role, shade - 0.3)))
    return shapes


def _winding(rng: Rng, width: float, *, horizon: float) -> list[Shape]:
    y = np.linspace(1.05, horizon + 0.16, 40)
    depth = (y - y[-1]) / (y[0] - y[-1])
    middle, swing = rng.uniform(0.3, 0.7) * width, rng.uniform(0.08, 0.22)
    x = middle + swing * depth**0.7 * np.sin(depth * rng.uniform(3, 7) + rng.uniform(0, 7))
    half = 0.006 + rng.uniform(0.06, 0.15) * depth**1.5
    bank = np.concatenate([np.stack([x - half, y], axis=1), np.stack([x + half, y], axis=1)[::-1]])
    role: Role = "light" if rng.random() < 0.5 else "sky"
    return [graded(bank, Paint(role, 0.1), bottom=Paint(role, -0.2))]


def _wood(rng: Rng, width: float, *, horizon: float) -> list[Shape]:
    feet = np.sort(rng.uniform(horizon + 0.2, 0.98, rng.integers(3, 14)))
    shapes = []
    for foot in feet:
        height = (0.12 + 0.6 * (foot - horizon) ** 1.3) * rng.uniform(0.6, 1.1)
        shapes += tree(rng, (rng.uniform(0, width), float(foot)), height=float(height))
    return shapes


def _flowers(rng: Rng, width: float) -> list[Shape]:
    role: Role = "accent" if rng.random() < 0.5 else "second"
    return [
        rounded(
            ellipse(rng.uniform(0, width), y, across=0.004 + 0.012 * (y - 0.75) / 0.25),
            role,
            shade=rng.uniform(-0.1, 0.4),
        )
        for y in np.sort(rng.uniform(0.78, 1.0, rng.choice([0, 15, 50])))
    ]


def _round_tree(rng: Rng, foot: tuple[float, float], *, height: float) -> list[Shape]:
    x, y = foot
    shapes = [_trunk(rng, foot, height=height * 0.7)]
    crown, shade = height * rng.uniform(0.28, 0.38), rng.uniform(-0.25, 0.15)
    role: Role = "near" if rng.random() < 0.7 else "second"
    for at in range(rng.integers(4, 9)):
        centre = (x + rng.normal(0, crown * 0.45), y - height * 0.68 + rng.normal(0, crown * 0.4))
        body = blob(rng, centre, across=crown * 0.65, down=crown * 0.55)
        shapes.append(rounded(body, role, shade=shade + at * 0.03, depth=0.2))
    return shapes


def _conifer(rng: Rng, foot: tuple[float, float], *, height: float) -> list[Shape]:
    x, y = foot
    shapes, shade = [_trunk(rng, foot, height=height * 0.3)], rng.uniform(-0.4, 0.1)
    tiers = int(rng.integers(3, 6))
    for at in range(tiers):
        low = y - height * (0.12 + 0.75 * at / tiers)
        half = height * 0.26 * (1 - 0.75 * at / tiers)
        tier = polygon(
            (x - half, low), (x, low - height * 0.36), (x + half, low), (x, low + height * 0.04)
        )
        shapes.append(flat(tier, "near", shade=shade + at * 0.05, side=-0.35))
    return shapes


def _poplar(rng: Rng, foot: tuple[float, float], *, height: float) -> list[Shape]:
    x, y = foot
    body = blob(rng, (x, y - height * 0.56), across=height * 0.12, down=height * 0.5, rough=0.06)
    role: Role = "middle" if rng.random() < 0.5 else "near"
    return [
        _trunk(rng, foot, height=height * 0.4),
        rounded(body, role, shade=rng.uniform(-0.3, 0.0)),
    ]


def _bare_tree(rng: Rng, foot: tuple[float, float], *, height: float) -> list[Shape]:
    tip = (foot[0] + rng.normal(0, 0.05) * height, foot[1] - height)
    spine = curve(foot, tip, bow=rng.normal(0, 0.06))
    shapes = [flat(ribbon(spine, height * 0.08, end=height * 0.012), "dark", side=0.15)]
    for at in rng.integers(8, 21, rng.integers(5, 9)):
        shapes.append(_branch(rng, spine[at], reach=height * (1.2 - at / 24) * 0.4))
    return shapes


def _branch(rng: Rng, start: Points, *, reach: float) -> Shape:
    angle = rng.choice([-1, 1]) * rng.uniform(0.4, 1.1)
    end = (float(start[0] + np.sin(angle) * reach), float(start[1] - np.cos(angle) * reach))
    spine = curve((float(start[0]), float(start[1])), end, bow=rng.normal(0, 0.12))
    return flat(ribbon(spine, reach * 0.09, end=reach * 0.02), "dark", shade=0.1)


def _trunk(rng: Rng, foot: tuple[float, float], *, height: float) -> Shape:
    top = (foot[0] + rng.normal(0, 0.03) * height, foot[1] - height)
    spine = curve(foot, top, bow=rng.normal(0, 0.04))
    return flat(ribbon(spine, height * 0.13, end=height * 0.06), "dark", shade=0.12, side=-0.2)
