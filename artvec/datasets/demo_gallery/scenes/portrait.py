"""Composes portraits: a head with hair and clothes before a background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artvec.datasets.demo_gallery.scenes.landscape import compose_landscape
from artvec.datasets.demo_gallery.shapes import (
    Paint,
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


@dataclass(frozen=True)
class _Head:
    x: float
    y: float
    across: float
    down: float
    turn: float
    hair: Role
    hair_shade: float


def compose_portrait(rng: Rng, width: float) -> list[Shape]:
    """Compose one sitter, head and shoulders."""
    down = rng.uniform(0.17, 0.25)
    head = _Head(
        x=width / 2 + rng.normal(0, 0.04),
        y=rng.uniform(0.34, 0.44),
        across=down * rng.uniform(0.7, 0.86),
        down=down,
        turn=rng.uniform(-0.35, 0.35),
        hair=("dark", "dark", "second", "accent", "near")[rng.integers(5)],
        hair_shade=rng.uniform(-0.3, 0.25),
    )
    return [
        *_background(rng, width),
        *_back_hair(rng, head),
        *_clothes(rng, head, width=width),
        *_face(rng, head),
        *_front_hair(rng, head),
        *_extras(rng, head),
    ]


def _background(rng: Rng, width: float) -> list[Shape]:
    role: Role = ("far", "sky", "middle", "horizon", "near")[rng.integers(5)]
    wall = box(-0.2, -0.2, right=width + 0.2, bottom=1.2)
    shapes = [graded(wall, Paint(role, 0.1), bottom=Paint(role, -0.3), side=rng.normal(0, 0.25))]
    choice = rng.random()
    if choice < 0.2:
        return compose_landscape(rng, width)
    if choice < 0.45:
        for x in np.arange(0, width, rng.uniform(0.08, 0.2)):
            strip = box(float(x), -0.1, right=float(x) + rng.uniform(0.02, 0.06), bottom=1.1)
            shapes.append(flat(strip, role, shade=0.2))
    elif choice < 0.65:
        for y in np.arange(0.08, 1, 0.17):
            for x in np.arange(0.08, width, 0.17):
                spot = ellipse(float(x), float(y), across=0.03, down=0.05)
                shapes.append(flat(spot, "second", shade=-0.1))
    elif choice < 0.85:
        for x in (0.0, width):
            fold = blob(rng, (x, 0.4), across=rng.uniform(0.15, 0.25), down=0.8, rough=0.08)
            shapes.append(flat(fold, "accent", shade=-0.3, side=-0.3))
    return shapes


def _back_hair(rng: Rng, head: _Head) -> list[Shape]:
    choice = rng.random()
    if choice < 0.3:
        return []
    long = rng.uniform(1.2, 2.0) if choice < 0.7 else 1.05
    centre = (head.x, head.y + head.down * (long - 1.15))
    mass = blob(rng, centre, across=head.across * 1.3, down=head.down * long, rough=0.07)
    return [rounded(mass, head.hair, shade=head.hair_shade - 0.1, depth=0.15)]


def _clothes(rng: Rng, head: _Head, *, width: float) -> list[Shape]:
    chin, half = head.y + head.down, rng.uniform(0.3, 0.42)
    role: Role = ("accent", "second", "near", "dark", "middle", "light")[rng.integers(6)]
    neck = box(
        head.x - head.across * 0.42,
        head.y + head.down * 0.5,
        right=head.x + head.across * 0.42,
        bottom=chin + 0.12,
    )
    body = np.concatenate(
        [
            curve((head.x - half, 1.1), (head.x - head.across * 0.45, chin + 0.04), bow=0.2),
            curve((head.x + head.across * 0.45, chin + 0.04), (head.x + half, 1.1), bow=0.2),
        ]
    )
    shapes = [
        flat(neck, "skin", shade=-0.2, side=-0.2),
        graded(body, Paint(role, 0.1), bottom=Paint(role, -0.25), side=-0.3),
    ]
    return shapes + _collar(rng, head, chin=chin)


def _collar(rng: Rng, head: _Head, *, chin: float) -> list[Shape]:
    choice, open_at = rng.random(), head.across * 0.5
    if choice < 0.35:
        throat = polygon(
            (head.x - open_at, chin + 0.03), (head.x + open_at, chin + 0.03), (head.x, chin + 0.16)
        )
        return [flat(throat, "skin", shade=-0.1)]
    if choice < 0.7:
        left = polygon(
            (head.x - open_at * 1.2, chin + 0.02),
            (head.x, chin + 0.1),
            (head.x - open_at, chin + 0.15),
        )
        right = left * (-1, 1) + (2 * head.x, 0)
        return [flat(left, "light", shade=0.3), flat(right, "light", shade=0.05)]
    beads = np.linspace(-1, 1, 13)
    return [
        rounded(
            ellipse(head.x + at * open_at * 1.4, chin + 0.13 - 0.07 * at * at, across=0.012),
            "second",
            shade=0.3,
        )
        for at in beads
    ]


def _face(rng: Rng, head: _Head) -> list[Shape]:
    shift = head.turn * head.across
    jaw = ellipse(head.x + shift * 0.1, head.y, across=head.across, down=head.down)
    shapes = [
        flat(
            ellipse(head.x + side * head.across, head.y + 0.01, across=0.022, down=0.04),
            "skin",
            shade=-0.1,
        )
        for side in (-1, 1)
    ]
    shapes.append(Shape(jaw, Paint("skin", 0.12), Paint("skin", -0.08), -0.22))
    for side in (-1, 1):
        cheek = ellipse(
            head.x + shift + side * head.across * 0.5,
            head.y + head.down * 0.32,
            across=head.across * 0.2,
            down=head.down * 0.12,
        )
        shapes.append(flat(cheek, "skin", shade=-0.07, side=-0.1))
        shapes += _eye(rng, head, side=side)
    return shapes + _nose_and_mouth(rng, head)


def _eye(rng: Rng, head: _Head, *, side: int) -> list[Shape]:
    x = head.x + head.turn * head.across + side * head.across * 0.4
    y, size = head.y - head.down * 0.05, head.across * 0.2
    brow = curve((x - size * 1.2, y - size * 1.1), (x + size * 1.2, y - size * 1.1), bow=-0.12)
    gaze = x + head.turn * size * 0.6
    return [
        flat(ellipse(x, y, across=size, down=size * 0.55), "light", shade=0.4),
        flat(ellipse(gaze, y, across=size * 0.48), "near", shade=-0.2),
        flat(ellipse(gaze, y, across=size * 0.26), "dark", shade=-0.5),
        flat(
            ribbon(curve((x - size, y), (x + size, y), bow=-0.28), size * 0.2, end=size * 0.2),
            "dark",
        ),
        flat(ribbon(brow, size * 0.35, end=size * 0.2), head.hair, shade=head.hair_shade - 0.2),
    ]


def _nose_and_mouth(rng: Rng, head: _Head) -> list[Shape]:
    x, size = head.x + head.turn * head.across * 1.15, head.across
    y = head.y + head.down * 0.28
    nose = polygon(
        (x - size * 0.03, head.y - size * 0.05),
        (x + size * 0.15, y),
        (x, y + size * 0.06),
        (x - size * 0.1, y),
    )
    lips, smile = head.y + head.down * 0.58, rng.uniform(-0.02, 0.16)
    mouth = curve((x - size * 0.3, lips), (x + size * 0.3, lips), bow=smile)
    upper = ribbon(mouth, size * 0.1, end=size * 0.1)
    lower = ellipse(x, lips + size * 0.09, across=size * 0.2, down=size * 0.075)
    return [
        flat(nose, "skin", shade=-0.2),
        flat(lower, "accent", shade=0.15),
        flat(upper, "accent", shade=-0.35),
    ]


def _front_hair(rng: Rng, head: _Head) -> list[Shape]:
    choice = rng.random()
    if choice < 0.1:
        return []
    if choice < 0.35:
        return _hat(rng, head)
    angle = np.linspace(np.pi, 2 * np.pi, 40)
    outer = np.stack([np.cos(angle) * 1.14, np.sin(angle) * 1.16], axis=1)
    fringe = rng.uniform(0.45, 0.8)
    part = rng.uniform(-0.5, 0.5)
    inner = np.stack(
        [np.cos(angle), -fringe * np.sin(-angle) * (1 - 0.3 * np.cos(angle - part))], axis=1
    )
    cap = np.concatenate([outer, inner[::-1]]) * (head.across, head.down) + (head.x, head.y)
    return [
        Shape(cap, Paint(head.hair, head.hair_shade + 0.2), Paint(head.hair, head.hair_shade), -0.2)
    ]


def _hat(rng: Rng, head: _Head) -> list[Shape]:
    role: Role = ("accent", "second", "dark", "near")[rng.integers(4)]
    brim, line = head.across * rng.uniform(1.3, 1.9), head.y - head.down * 0.5
    crown = ellipse(head.x, line, across=head.across * 1.08, down=head.down * rng.uniform(0.6, 0.9))
    band = box(
        head.x - head.across * 1.05,
        line - 0.05,
        right=head.x + head.across * 1.05,
        bottom=line - 0.015,
    )
    return [
        rounded(crown, role, depth=0.15),
        flat(band, "light"),
        rounded(ellipse(head.x, line, across=brim, down=head.down * 0.14), role, depth=0.15),
    ]


def _extras(rng: Rng, head: _Head) -> list[Shape]:
    shapes: list[Shape] = []
    if rng.random() < 0.25:
        beard = blob(
            rng,
            (head.x + head.turn * 0.03, head.y + head.down * 0.92),
            across=head.across * 0.75,
            down=head.down * 0.3,
            rough=0.1,
        )
        shapes.append(rounded(beard, head.hair, shade=head.hair_shade, depth=0.15))
    if rng.random() < 0.3:
        for side in (-1, 1):
            drop = ellipse(
                head.x + side * head.across * 1.02,
                head.y + head.down * 0.35,
                across=0.014,
                down=0.024,
            )
            shapes.append(rounded(drop, "second", shade=0.2))
    return shapes
