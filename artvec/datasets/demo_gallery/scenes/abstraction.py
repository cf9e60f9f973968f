"""Composes abstractions: geometric or organic forms without a subject."""

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
    rotated,
)

_ROLES: tuple[Role, ...] = (
    "sky",
    "horizon",
    "light",
    "far",
    "middle",
    "near",
    "accent",
    "second",
    "dark",
)


def compose_abstraction(rng: Rng, width: float) -> list[Shape]:
    """Compose one of several families of free forms."""
    makers = (_floating, _grid, _organic, _rings, _ribbons)
    ground = box(-0.2, -0.2, right=width + 0.2, bottom=1.2)
    shapes = [graded(ground, Paint(_role(rng), 0.2), bottom=Paint(_role(rng), 0.1))]
    shapes += makers[rng.integers(len(makers))](rng, width)
    return shapes + _accents(rng, width)


def _floating(rng: Rng, width: float) -> list[Shape]:
    shapes = []
    for _ in range(rng.integers(12, 26)):
        size = rng.uniform(0.05, 0.28)
        form = rotated(_form(rng) * size, rng.uniform(0, 7)) + _place(rng, width)
        shapes.append(flat(form, _role(rng), shade=rng.uniform(-0.2, 0.2), side=rng.normal(0, 0.2)))
    return shapes


def _grid(rng: Rng, width: float) -> list[Shape]:
    x = np.concatenate([[-0.1], np.sort(rng.uniform(0, width, rng.integers(3, 7))), [width + 0.1]])
    y = np.concatenate([[-0.1], np.sort(rng.uniform(0, 1, rng.integers(3, 7))), [1.1]])
    gap, shapes = rng.uniform(0, 0.02), []
    for left, right in pairwise(x):
        for top, bottom in pairwise(y):
            cell = box(left + gap, top + gap, right=right - gap, bottom=bottom - gap)
            shapes.append(flat(cell, _role(rng), shade=rng.uniform(-0.2, 0.3)))
            if rng.random() < 0.3:
                half = min(right - left, bottom - top) * rng.uniform(0.2, 0.45)
                dot = ellipse((left + right) / 2, (top + bottom) / 2, across=half)
                shapes.append(flat(dot, _role(rng)))
    return shapes


def _organic(rng: Rng, width: float) -> list[Shape]:
    shapes = []
    for _ in range(rng.integers(7, 15)):
        centre, size = _place(rng, width), rng.uniform(0.08, 0.3)
        role, stretch = _role(rng), rng.uniform(0.6, 1.5)
        for shrink in (1.0, 0.65, 0.35)[: rng.integers(1, 4)]:
            form = blob(rng, centre, across=size * shrink * stretch, down=size * shrink, rough=0.2)
            shapes.append(flat(form, role, shade=0.35 * (1 - shrink), side=rng.normal(0, 0.2)))
            role = _role(rng)
    return shapes


def _rings(rng: Rng, width: float) -> list[Shape]:
    shapes = []
    for _ in range(rng.integers(3, 8)):
        (x, y), size = _place(rng, width), rng.uniform(0.12, 0.4)
        roles = [_role(rng) for _ in range(3)]
        for at, shrink in enumerate(np.linspace(1, 0.12, rng.integers(3, 8))):
            shapes.append(
                flat(
                    ellipse(x, y, across=size * float(shrink)),
                    roles[at % 3],
                    shade=rng.uniform(-0.15, 0.25),
                )
            )
    return shapes


def _ribbons(rng: Rng, width: float) -> list[Shape]:
    shapes = []
    for _ in range(rng.integers(9, 20)):
        spine = curve(_place(rng, width * 1.2), _place(rng, width * 1.2), bow=rng.normal(0, 0.4))
        band = ribbon(spine, rng.uniform(0.02, 0.15), end=rng.uniform(0.02, 0.15))
        shapes.append(flat(band, _role(rng), shade=rng.uniform(-0.2, 0.2), side=rng.normal(0, 0.2)))
    return shapes


def _accents(rng: Rng, width: float) -> list[Shape]:
    shapes = []
    for _ in range(rng.integers(0, 7)):
        line = curve(_place(rng, width), _place(rng, width), bow=rng.normal(0, 0.1))
        shapes.append(flat(ribbon(line, 0.008, end=rng.uniform(0.004, 0.02)), "dark"))
    for _ in range(rng.integers(0, 9)):
        x, y = _place(rng, width)
        shapes.append(flat(ellipse(x, y, across=rng.uniform(0.008, 0.03)), _role(rng)))
    return shapes


def _form(rng: Rng) -> Points:
    forms = (
        ellipse(0, 0, across=0.8),
        box(-0.8, -0.4, right=0.8, bottom=0.4),
        box(-1.2, -0.08, right=1.2, bottom=0.08),
        polygon((-0.8, 0.5), (0.8, 0.5), (0, -0.9)),
        ribbon(curve((-1, 0), (1, 0), bow=0.4), 0.25, end=0.25),
        ellipse(0, 0, across=1.0)[:21],
    )
    return forms[rng.integers(len(forms))]


def _role(rng: Rng) -> Role:
    return _ROLES[rng.integers(len(_ROLES))]


def _place(rng: Rng, width: float) -> tuple[float, float]:
    return rng.uniform(0, width), rng.uniform(0, 1)
