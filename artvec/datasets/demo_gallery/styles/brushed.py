"""Paints with separate marks of colour: oil-impasto, pointillist and pastel."""

from __future__ import annotations

import numpy as np

from artvec.datasets.demo_gallery.fields import (
    Floats,
    blur,
    clouds,
    enlarge,
    flow,
    lightness,
    mix,
    noise,
    reduce,
    step,
)
from artvec.datasets.demo_gallery.picture import Picture
from artvec.datasets.demo_gallery.shapes import Rng
from artvec.datasets.demo_gallery.strokes import Coverage, Marks, at_places, lay_marks, scatter
from artvec.datasets.demo_gallery.styles.supports import margin, paper


def oil_impasto(picture: Picture, rng: Rng) -> Floats:
    """Thick bristled strokes that follow the forms and catch the light."""
    width = rng.uniform(4, 13)
    broad = _follow(picture, rng, width=width)
    fine = _detail(picture, rng, width=width * rng.uniform(0.35, 0.6))
    marks = Marks(*(np.concatenate(pair) for pair in zip(_parts(broad), _parts(fine), strict=True)))
    laid = lay_marks(rng, marks, size=picture.size, bend=rng.uniform(0, 0.1))
    colours = at_places(blur(picture.colours, 1.0), marks.centres)
    colours = colours + rng.normal(0, rng.uniform(0.02, 0.06), (len(colours), 1))
    colours = colours + rng.normal(0, 0.02, colours.shape)
    height = _bristles(rng, laid)
    light = _lit(height, angle=rng.uniform(0, 2 * np.pi), strength=rng.uniform(0.1, 0.6))
    return reduce(np.clip(colours[laid.marks] + light[..., None], 0, 1))


def pointillist(picture: Picture, rng: Rng) -> Floats:
    """Separate dabs of unmixed colour over a toned ground."""
    width = rng.uniform(2.8, 7.0)
    centres = scatter(rng, picture.size, spacing=width * rng.uniform(0.62, 0.85))
    count = len(centres)
    widths = width * rng.uniform(0.75, 1.2, count)
    lengths = widths * rng.uniform(1.0, 2.4)
    angles = rng.uniform(0, np.pi) + rng.normal(0, rng.uniform(0.1, 1.5), count)
    marks = Marks(centres, angles, lengths, widths)
    laid = lay_marks(rng, marks, size=picture.size, corners=9)
    colours = _broken(rng, at_places(picture.colours, centres), strength=rng.uniform(0.03, 0.18))
    ground = enlarge(paper(picture, rng))
    return reduce(np.where(laid.marks[..., None] < 0, ground, colours[laid.marks]))


def pastel(picture: Picture, rng: Rng) -> Floats:
    """Soft broad chalk whose grain lets a coloured paper show through."""
    width = rng.uniform(5, 12)
    marks = _follow(picture, rng, width=width, loose=rng.uniform(0.1, 0.6))
    laid = lay_marks(rng, marks, size=picture.size, bend=0.03)
    colours = at_places(blur(picture.colours, 1.5), marks.centres)
    colours = colours + rng.normal(0, 0.035, (len(colours), 1))
    chalk = mix(
        reduce(colours[laid.marks]), blur(picture.colours, 2.0), share=_smudge(picture, rng)
    )
    edge = reduce(np.abs(laid.across))
    tooth = 0.6 * noise(rng, picture.size, scale=rng.uniform(1.5, 2.6))
    tooth += 0.5 * rng.normal(0, 0.5, picture.size)
    pressure = 0.75 + 0.3 * noise(rng, picture.size, scale=30) - 0.5 * edge * rng.random()
    cover = step(tooth + pressure, rng.uniform(-0.1, 0.4), width=rng.uniform(0.6, 1.2))
    return mix(paper(picture, rng), chalk, share=cover * margin(picture, rng))


def _follow(picture: Picture, rng: Rng, *, width: float, loose: float = 0.25) -> Marks:
    centres = scatter(rng, picture.size, spacing=width * 0.6)
    count = len(centres)
    direction = flow(picture.colours, radius=rng.uniform(4, 12))
    drift = noise(rng, picture.size, scale=90) * rng.uniform(0, 1.2)
    angles = at_places(direction + drift, centres) + rng.normal(0, loose, count)
    lengths = width * rng.uniform(1.6, 4.0) * rng.uniform(0.7, 1.2, count)
    return Marks(centres, angles, lengths, width * rng.uniform(0.7, 1.2, count))


def _detail(picture: Picture, rng: Rng, *, width: float) -> Marks:
    fine = _follow(picture, rng, width=width, loose=0.1)
    busy = np.hypot(*np.gradient(blur(lightness(picture.colours), 1.0)))
    busy_places = at_places(busy, fine.centres) > rng.uniform(0.02, 0.05)
    centres, angles, lengths, widths = (part[busy_places] for part in _parts(fine))
    return Marks(centres, angles, lengths * 0.8, widths)


def _parts(marks: Marks) -> tuple[Floats, Floats, Floats, Floats]:
    return marks.centres, marks.angles, marks.lengths, marks.widths


def _bristles(rng: Rng, laid: Coverage) -> Floats:
    hairs = rng.normal(0, 0.5, (61, 24))
    column = np.clip((laid.across + 1.2) * 10, 0, 23).astype(np.int64)
    ridge = hairs[laid.marks % 61, column] * rng.uniform(0.3, 0.9)
    # Paint piles up where the brush lifts, at the far end of the stroke.
    return np.asarray(1 - 0.5 * laid.across**2 + 0.6 * laid.along + ridge)


def _lit(height: Floats, *, angle: float, strength: float) -> Floats:
    down, across = np.gradient(blur(height, 0.8))
    slope = across * np.cos(angle) + down * np.sin(angle)
    return np.asarray(np.clip(slope * strength, -0.22, 0.3))


def _broken(rng: Rng, colours: Floats, *, strength: float) -> Floats:
    shifts = rng.normal(0, strength, colours.shape)
    pure = colours + (colours - colours.mean(axis=1, keepdims=True)) * 0.4
    return np.asarray(np.clip(pure + shifts, 0, 1))


def _smudge(picture: Picture, rng: Rng) -> Floats:
    return step(clouds(rng, picture.size, scale=60), rng.uniform(0.0, 1.0), width=0.8)
