"""Composes seascapes: waves, boats, islands, lighthouses and rocks."""

from __future__ import annotations

import numpy as np

from artvec.datasets.demo_gallery.scenes.landscape import sky
from artvec.datasets.demo_gallery.shapes import (
    Paint,
    Rng,
    Role,
    Shape,
    blob,
    box,
    ellipse,
    flat,
    graded,
    polygon,
    ribbon,
    rounded,
    skyline,
)


def compose_seascape(rng: Rng, width: float) -> list[Shape]:
    """Compose open water with boats under a sky."""
    horizon = rng.uniform(0.35, 0.62)
    shapes = sky(rng, width)
    if rng.random() < 0.6:
        shapes += _coast(rng, width, horizon=horizon)
    shapes += _sea(rng, width, horizon=horizon)
    for y in np.sort(rng.uniform(horizon + 0.03, 0.85, rng.integers(1, 5))):
        size = 0.07 + 0.5 * (y - horizon)
        shapes += _boat(rng, (rng.uniform(0.1, 0.9) * width, float(y)), size=float(size))
    return shapes + _shore(rng, width)


def _coast(rng: Rng, width: float, *, horizon: float) -> list[Shape]:
    x = rng.uniform(0.15, 0.85) * width
    reach, tall = rng.uniform(0.15, 0.4), rng.uniform(0.04, 0.14)
    island = blob(rng, (x, horizon), across=reach, down=tall, rough=0.2)
    shapes = [graded(island, Paint("far", 0.1), bottom=Paint("middle", -0.2), side=-0.2)]
    if rng.random() < 0.6:
        shapes += _lighthouse(rng, x, ground=horizon - tall * 0.6)
    return shapes


def _lighthouse(rng: Rng, x: float, *, ground: float) -> list[Shape]:
    tall, half = rng.uniform(0.12, 0.22), rng.uniform(0.012, 0.02)
    top = ground - tall
    tower = polygon(
        (x - half, top),
        (x + half, top),
        (x + half * 1.6, ground + 0.03),
        (x - half * 1.6, ground + 0.03),
    )
    shapes = [flat(tower, "light", shade=0.1, side=-0.4)]
    for at in (0.25, 0.6):
        band = box(
            x - half * 1.25, top + tall * at, right=x + half * 1.25, bottom=top + tall * (at + 0.15)
        )
        shapes.append(flat(band, "accent", side=-0.3))
    shapes.append(flat(box(x - half, top - 0.03, right=x + half, bottom=top), "second", shade=0.4))
    cap = polygon((x - half * 1.3, top - 0.03), (x, top - 0.06), (x + half * 1.3, top - 0.03))
    return [*shapes, flat(cap, "dark")]


def _sea(rng: Rng, width: float, *, horizon: float) -> list[Shape]:
    role: Role = "middle" if rng.random() < 0.4 else "sky"
    body = box(-0.2, horizon, right=width + 0.2, bottom=1.2)
    shapes = [graded(body, Paint(role, 0.1), bottom=Paint("near", -0.1))]
    swell = rng.uniform(0.2, 1.0)
    for depth in np.sort(rng.random(rng.integers(20, 70)) ** 1.4):
        y = horizon + 0.01 + depth * (1 - horizon)
        shapes.append(_wave(rng, width, y=float(y), size=float(0.15 + depth) * swell))
    return shapes


def _wave(rng: Rng, width: float, *, y: float, size: float) -> Shape:
    middle, half = rng.uniform(0, width), rng.uniform(0.05, 0.3) * (0.4 + size)
    x = np.linspace(middle - half, middle + half, 30)
    crest = y + size * 0.018 * np.sin(x * rng.uniform(12, 30) + rng.uniform(0, 7))
    thick = size * rng.uniform(0.008, 0.022) * np.sin(np.linspace(0, np.pi, 30))
    outline = np.concatenate(
        [np.stack([x, crest - thick], axis=1), np.stack([x, crest + thick], axis=1)[::-1]]
    )
    if rng.random() < 0.35:
        return flat(outline, "light", shade=rng.uniform(-0.1, 0.3))
    return flat(outline, "near" if rng.random() < 0.5 else "sky", shade=rng.uniform(-0.3, 0.3))


def _boat(rng: Rng, keel: tuple[float, float], *, size: float) -> list[Shape]:
    x, y = keel
    half, deep = size * rng.uniform(0.4, 0.6), size * 0.16
    lean, mast = rng.normal(0, 0.05) * size, size * rng.uniform(0.9, 1.4)
    shadow = ellipse(x, y + deep * 0.3, across=half * 1.1, down=deep * 0.5)
    hull = polygon(
        (x - half, y - deep),
        (x + half * 1.15, y - deep * 1.15),
        (x + half * 0.75, y + deep * 0.25),
        (x - half * 0.75, y + deep * 0.25),
    )
    pole = np.array([[x, y - deep], [x + lean, y - deep - mast]])
    return [
        flat(shadow, "near", shade=-0.4),
        flat(ribbon(pole, size * 0.04, end=size * 0.02), "dark"),
        *_sails(rng, (x, y - deep), size=size, top=(x + lean, y - deep - mast)),
        flat(hull, "accent" if rng.random() < 0.5 else "dark", shade=0.1, side=-0.3),
    ]


def _sails(
    rng: Rng, foot: tuple[float, float], *, size: float, top: tuple[float, float]
) -> list[Shape]:
    x, y = foot
    belly = rng.uniform(0.35, 0.65) * size
    main = polygon(
        (x + size * 0.04, y - size * 0.1),
        (top[0] + size * 0.03, top[1] + size * 0.03),
        (x + belly * 0.75, y - size * 0.5),
        (x + belly, y - size * 0.12),
    )
    jib = polygon(
        (x - size * 0.05, y - size * 0.1),
        (top[0] - size * 0.02, top[1] + size * 0.15),
        (x - belly * 0.9, y - size * 0.08),
    )
    role: Role = "light" if rng.random() < 0.6 else "second"
    return [
        flat(main, role, shade=0.1, side=-0.3),
        flat(jib, role if rng.random() < 0.6 else "accent", shade=0.2, side=0.2),
    ]


def _shore(rng: Rng, width: float) -> list[Shape]:
    choice = rng.random()
    if choice < 0.35:
        sand = skyline(rng, width, level=rng.uniform(0.84, 0.93), rise=0.04, jagged=False)
        foam = sand - (0.0, 0.015)
        return [
            flat(foam, "light", shade=0.3),
            graded(sand, Paint("horizon", -0.1), bottom=Paint("second", -0.2)),
        ]
    if choice < 0.7:
        return [
            rounded(
                blob(
                    rng,
                    (rng.uniform(0, width), rng.uniform(0.9, 1.05)),
                    across=rng.uniform(0.06, 0.18),
                    down=rng.uniform(0.05, 0.13),
                    rough=0.25,
                ),
                "dark",
                shade=rng.uniform(0.1, 0.35),
                depth=0.2,
            )
            for _ in range(rng.integers(3, 8))
        ]
    return []
