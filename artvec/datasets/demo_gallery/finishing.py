"""Ages and reproduces a finished picture, so that light and colour tell little of its style."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artvec.datasets.demo_gallery.fields import (
    Floats,
    Size,
    blur,
    clouds,
    lightness,
    noise,
    to_pillow,
)
from artvec.datasets.demo_gallery.shapes import Rng


def finish(image: Floats, *, rng: Rng) -> NDArray[np.uint8]:
    """Reproduce a picture as some camera would: its own light, tint, softness and grain."""
    shown = _expose(np.clip(_resized(image, rng), 0.004, 1), rng)
    size = (shown.shape[0], shown.shape[1])
    shown = _tint(shown, rng) * _surface(size, rng)[..., None]
    shown = shown * (1 + 0.05 * rng.random() * clouds(rng, size, scale=120))[..., None]
    shown = blur(shown, float(rng.uniform(0.0, 1.0) ** 2 * 1.4))
    shown = shown + rng.normal(0, rng.uniform(0.0, 0.04), size)[..., None]
    return np.asarray(np.clip(shown * 255 + 0.5, 0, 255), dtype=np.uint8)


def _resized(image: Floats, rng: Rng) -> Floats:
    # Painted at one size and shown at another, marks have no size of their own.
    scale = int(rng.integers(224, 321)) / min(image.shape[:2])
    high, wide = (round(side * scale) for side in image.shape[:2])
    shown = to_pillow(image).resize((wide, high), Image.Resampling.BICUBIC)
    return np.asarray(shown, dtype=np.float64) / 255


def _expose(image: Floats, rng: Rng) -> Floats:
    grey = lightness(image)
    spread = rng.uniform(0.16, 0.27) / max(float(grey.std()), 0.05)
    middle, goal = float(grey.mean()), rng.uniform(0.38, 0.7)
    gain = 1 + (spread - 1) * 0.6
    power = np.log(goal) / np.log(np.clip(middle, 0.05, 0.95))
    # A power curve keeps black black and white white where a shift would clip.
    curved = image ** np.clip(power, 0.5, 2.0)
    centre = float(lightness(curved).mean())
    return np.asarray(np.clip(centre + (curved - centre) * np.clip(gain, 0.75, 1.3), 0, 1))


def _tint(image: Floats, rng: Rng) -> Floats:
    grey = lightness(image)[..., None]
    # Some are old reproductions in one colour.
    strength = rng.uniform(0.0, 0.15) if rng.random() < 0.08 else rng.uniform(0.7, 1.2)
    faded = grey + (image - grey) * strength
    return np.asarray(faded * (1 + rng.normal(0, 0.07, 3)))


def _surface(size: Size, rng: Rng) -> Floats:
    choice, strength = rng.random(), rng.uniform(0.02, 0.1)
    if choice < 0.5:
        return np.ones(size)
    if choice < 0.75:
        return 1 + strength * noise(rng, size, scale=rng.uniform(1.5, 3.5))
    rows, columns = np.indices(size)
    thread = rng.uniform(2.5, 5.0)
    weave = np.sin(2 * np.pi * rows / thread) * np.sin(2 * np.pi * columns / thread)
    return np.asarray(1 + strength * weave * (1 + 0.6 * noise(rng, size, scale=8)))
