"""Composes still lifes: vases, flowers, bottles and fruit on a table."""

from __future__ import annotations

from itertools import pairwise

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
)

_BRIGHT: tuple[Role, ...] = ("accent", "second", "light", "middle", "horizon")


def compose_still_life(rng: Rng, width: float) -> list[Shape]:
    """Compose objects on a table before a wall."""
    edge = rng.uniform(0.5, 0.66)
    shapes = [*_wall(rng, width), *_table(rng, width, edge=edge)]
    back, x = edge + 0.1, rng.uniform(0.3, 0.7) * width
    if rng.random() < 0.75:
        shapes += _bouquet(rng, (x, back + 0.08))
    for _ in range(rng.integers(0, 3)):
        shapes += _bottle(rng, (rng.uniform(0.1, 0.9) * width, back + rng.uniform(0, 0.06)))
    if rng.random() < 0.5:
        shapes += _bowl(rng, (rng.uniform(0.25, 0.75) * width, back + 0.16))
    for y in np.sort(rng.uniform(edge + 0.14, 0.92, rng.integers(2, 9))):
        shapes += _fruit(rng, (rng.uniform(0.08, 0.92) * width, float(y)))
    return shapes


def _wall(rng: Rng, width: float) -> list[Shape]:
    role: Role = ("far", "sky", "horizon", "near", "dark")[rng.integers(5)]
    wall = box(-0.2, -0.2, right=width + 0.2, bottom=1.2)
    shapes = [graded(wall, Paint(role, 0.15), bottom=Paint(role, -0.15), side=rng.normal(0, 0.3))]
    choice = rng.random()
    if choice < 0.3:
        left, wide = rng.uniform(0, 0.6) * width, rng.uniform(0.25, 0.4)
        shapes.append(flat(box(left, -0.1, right=left + wide, bottom=0.42), "dark", shade=0.3))
        for at in (0.03, 0.53):
            pane = box(left + wide * at + 0.01, -0.1, right=left + wide * (at + 0.45), bottom=0.4)
            shapes.append(graded(pane, Paint("sky", 0.2), bottom=Paint("light", 0.2)))
    elif choice < 0.6:
        fold = np.linspace(-0.05, rng.uniform(0.2, 0.4), 6)
        for left, right in pairwise(fold):
            drape = polygon((left, -0.1), (right, -0.1), (right * 0.7, 0.8), (left * 0.7, 0.8))
            shapes.append(flat(drape, "accent", shade=rng.uniform(-0.4, 0.1), side=-0.3))
    return shapes


def _table(rng: Rng, width: float, *, edge: float) -> list[Shape]:
    tilt = rng.normal(0, 0.02)
    top = polygon((-0.2, edge - tilt), (width + 0.2, edge + tilt), (width + 0.2, 1.2), (-0.2, 1.2))
    role: Role = ("near", "second", "light", "middle", "accent")[rng.integers(5)]
    shapes = [graded(top, Paint(role, 0.15), bottom=Paint(role, -0.25))]
    choice = rng.random()
    if choice < 0.35:
        for at in np.linspace(-1.5, 2.5, 16):
            stripe = polygon(
                (width * (0.5 + (at - 0.5) * 0.5), edge),
                (width * (0.5 + (at - 0.5) * 0.5) + 0.025, edge),
                (width * at + 0.05, 1.2),
                (width * at, 1.2),
            )
            shapes.append(flat(stripe, "accent" if role != "accent" else "light", shade=0.1))
    elif choice < 0.65:
        cloth = blob(rng, (rng.uniform(0.3, 0.7) * width, 0.98), across=0.45, down=0.28, rough=0.12)
        shapes.append(rounded(cloth, "light", shade=0.0, depth=0.15))
    return shapes


def _bouquet(rng: Rng, foot: tuple[float, float]) -> list[Shape]:
    x, y = foot
    tall, neck = rng.uniform(0.2, 0.3), y - 0.26
    shapes = [_shadow(x, y, half=0.12)]
    mouth = (x, y - tall)
    role: Role = _BRIGHT[rng.integers(3)]
    for _ in range(rng.integers(6, 15)):
        angle, reach = rng.normal(0, 0.6), rng.uniform(0.12, 0.34)
        head = (x + np.sin(angle) * reach, max(neck - np.cos(angle) * reach, 0.06))
        spine = curve(mouth, head, bow=rng.normal(0, 0.08))
        shapes.append(flat(ribbon(spine, 0.008, end=0.006), "near"))
        if rng.random() < 0.6:
            shapes.append(_leaf(rng, spine[14]))
        shapes += _bloom(rng, head, role=role if rng.random() < 0.7 else "light")
    return [*shapes, *_vase(rng, foot, tall=tall)]


def _vase(rng: Rng, foot: tuple[float, float], *, tall: float) -> list[Shape]:
    x, y = foot
    belly, neck, base = rng.uniform(0.07, 0.13), rng.uniform(0.03, 0.06), rng.uniform(0.04, 0.07)
    along = np.linspace(0, 1, 30)
    half = (
        neck + (base - neck) * along + belly * np.sin(along ** rng.uniform(0.7, 1.5) * np.pi) * 0.8
    )
    role: Role = ("sky", "accent", "middle", "light", "dark")[rng.integers(5)]
    body = _turned(x, y - tall + along * tall, half=half)
    shapes = [flat(body, role, shade=0.1, side=-0.6)]
    if rng.random() < 0.5:
        band = slice(10, 17)
        ring = _turned(x, (y - tall + along * tall)[band], half=half[band])
        shapes.append(flat(ring, "second", shade=0.1, side=-0.5))
    glint = ellipse(x - belly * 0.45, y - tall * 0.6, across=0.009, down=tall * 0.13)
    return [*shapes, flat(glint, "light", shade=0.5)]


def _turned(x: float, y: Points, *, half: Points) -> Points:
    left, right = np.stack([x - half, y], axis=1), np.stack([x + half, y], axis=1)
    return np.concatenate([left, right[::-1]])


def _leaf(rng: Rng, at: Points) -> Shape:
    outline = ellipse(
        float(at[0]) + rng.normal(0, 0.02),
        float(at[1]),
        across=0.045,
        down=0.015,
        turn=rng.uniform(0, np.pi),
    )
    return flat(outline, "near", shade=rng.uniform(-0.1, 0.3), side=-0.2)


def _bloom(rng: Rng, at: tuple[float, float], *, role: Role) -> list[Shape]:
    petals, size, shade = int(rng.integers(5, 10)), rng.uniform(0.025, 0.05), rng.uniform(-0.2, 0.3)
    shapes = []
    for turn in np.linspace(0, 2 * np.pi, petals, endpoint=False) + rng.uniform(0, 1):
        petal = ellipse(
            at[0] + np.cos(turn) * size * 0.75,
            at[1] + np.sin(turn) * size * 0.7,
            across=size * 0.62,
            down=size * 0.36,
            turn=float(turn),
        )
        shapes.append(flat(petal, role, shade=shade + rng.normal(0, 0.08), side=-0.15))
    heart: Role = "second" if role != "second" else "dark"
    return [*shapes, rounded(ellipse(at[0], at[1], across=size * 0.35), heart)]


def _bottle(rng: Rng, foot: tuple[float, float]) -> list[Shape]:
    x, y = foot
    tall, half = rng.uniform(0.28, 0.42), rng.uniform(0.035, 0.055)
    along = np.linspace(0, 1, 40)
    profile = half * np.where(along < 0.35, 0.35, 1.0)
    profile = np.convolve(np.pad(profile, 4, mode="edge"), np.ones(9) / 9, mode="valid")
    body = _turned(x, y - tall + along * tall, half=profile)
    role: Role = ("near", "dark", "far", "accent")[rng.integers(4)]
    label = box(x - half * 0.9, y - tall * 0.4, right=x + half * 0.9, bottom=y - tall * 0.18)
    glint = box(x - half * 0.6, y - tall * 0.58, right=x - half * 0.35, bottom=y - tall * 0.1)
    shapes = [_shadow(x, y, half=half * 1.8), flat(body, role, side=-0.5)]
    if rng.random() < 0.6:
        shapes.append(flat(label, "light", side=-0.3))
    return [*shapes, flat(glint, "light", shade=0.3)]


def _bowl(rng: Rng, foot: tuple[float, float]) -> list[Shape]:
    x, y = foot
    half, deep = rng.uniform(0.13, 0.2), rng.uniform(0.08, 0.12)
    shapes = [_shadow(x, y, half=half)]
    for at in np.linspace(-0.6, 0.6, 4):
        shapes += _fruit(rng, (x + at * half * 1.1, y - deep - rng.uniform(-0.01, 0.03)))[1:]
    angle = np.linspace(0, np.pi, 30)
    body = np.stack([x + np.cos(angle) * half, y - deep + np.sin(angle) * deep], axis=1)
    role: Role = ("light", "sky", "dark", "accent")[rng.integers(4)]
    rim = box(x - half * 1.04, y - deep - 0.008, right=x + half * 1.04, bottom=y - deep + 0.012)
    return [*shapes, flat(body, role, side=-0.5), flat(rim, role, shade=0.25)]


def _fruit(rng: Rng, at: tuple[float, float]) -> list[Shape]:
    x, y = at
    size = rng.uniform(0.045, 0.075)
    role: Role = ("accent", "second", "middle", "accent", "second", "near")[rng.integers(6)]
    centre_y = y - size * 0.8
    stretch = rng.choice([1.0, 1.0, 1.3])
    body = blob(rng, (x, centre_y), across=size * stretch, down=size * 0.95, rough=0.03)
    stalk = curve((x, centre_y - size * 0.7), (x + rng.normal(0, 0.015), centre_y - size * 1.4))
    glint = ellipse(x - size * 0.4, centre_y - size * 0.4, across=size * 0.16, down=size * 0.12)
    return [
        _shadow(x + size * 0.25, y, half=size * 1.2),
        rounded(body, role, shade=rng.uniform(-0.1, 0.15), depth=0.28),
        flat(ribbon(stalk, 0.009, end=0.006), "dark"),
        flat(glint, "light", shade=0.4),
    ]


def _shadow(x: float, y: float, *, half: float) -> Shape:
    return flat(
        ellipse(x + half * 0.25, y, across=half * 1.25, down=half * 0.25), "dark", shade=0.12
    )
