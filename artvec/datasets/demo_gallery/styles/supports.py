"""Chooses what a picture is made on and with: paper, ground and ink."""

from __future__ import annotations

import numpy as np

from artvec.datasets.demo_gallery.fields import Floats, clouds, step
from artvec.datasets.demo_gallery.picture import Picture
from artvec.datasets.demo_gallery.shapes import Rng, Role

_PAPERS = ((0.97, 0.95, 0.9), (0.93, 0.88, 0.76), (0.85, 0.87, 0.88), (0.78, 0.7, 0.58))
_INKS = (
    (0.08, 0.08, 0.09),
    (0.25, 0.15, 0.08),
    (0.1, 0.16, 0.36),
    (0.45, 0.13, 0.1),
    (0.07, 0.26, 0.22),
    (0.3, 0.1, 0.3),
)


def paper(picture: Picture, rng: Rng) -> Floats:
    """Make a sheet of any tone, dark ones included."""
    choice = rng.random()
    if choice < 0.4:
        return _sheet(picture, rng, tone=_PAPERS[rng.integers(len(_PAPERS))])
    role: Role = ("sky", "horizon", "far", "middle", "near", "dark")[rng.integers(6)]
    return _sheet(picture, rng, tone=picture.palette[role])


def pale_paper(picture: Picture, rng: Rng) -> Floats:
    """Make a sheet light enough to draw on in dark ink, often tinted."""
    tone = np.array(_PAPERS[rng.integers(len(_PAPERS))])
    if rng.random() < 0.6:
        tint = np.array(picture.palette["horizon" if rng.random() < 0.5 else "second"])
        tone = tone + (tint - tone) * rng.uniform(0.2, 0.55)
    tone = tone + np.maximum(0.62 - tone.mean(), 0)
    return _sheet(picture, rng, tone=tuple(tone))


def ink(picture: Picture, rng: Rng) -> Floats:
    """Choose a dark ink, from the usual ones or from the palette."""
    if rng.random() < 0.6:
        return np.array(_INKS[rng.integers(len(_INKS))])
    tone = np.array(picture.palette["near" if rng.random() < 0.5 else "accent"])
    return np.asarray(tone * 0.3 / max(float(tone.mean()), 0.3))


def margin(picture: Picture, rng: Rng) -> Floats:
    """Say where the sheet is worked on: everywhere, or within a ragged or straight edge."""
    if rng.random() < 0.6:
        return np.ones(picture.size)
    rows, columns = np.indices(picture.size)
    inset = np.minimum(
        np.minimum(rows, picture.size[0] - 1 - rows),
        np.minimum(columns, picture.size[1] - 1 - columns),
    )
    ragged = inset + rng.uniform(0.2, 6) * clouds(rng, picture.size, scale=24)
    return step(ragged, rng.uniform(5, 16), width=2.0)


def _sheet(picture: Picture, rng: Rng, *, tone: tuple[float, ...]) -> Floats:
    grain = rng.uniform(0.01, 0.04) * clouds(rng, picture.size, scale=rng.uniform(4, 60))
    return np.clip(np.array(tone)[None, None, :] + grain[..., None], 0, 1)
