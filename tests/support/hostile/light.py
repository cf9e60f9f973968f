"""Colour spaces by the textbook: from stored values through light to sRGB; no profile is involved.

All spaces here have sRGB's white, so that no adaptation comes in between.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

SRGB = ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06))
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
BT2020 = ((0.708, 0.292), (0.17, 0.797), (0.131, 0.046))
WHITE = (0.3127, 0.329)
Primaries = tuple[tuple[float, float], ...]


def as_srgb(
    stored: np.ndarray, light: Callable[[np.ndarray], np.ndarray], primaries: Primaries = SRGB
) -> np.ndarray:
    """Return what sRGB stores, 0 to 255, for (…, 3) values of another space.

    Args:
        stored: 0 to 255.
        light: From a value, 0 to 1, to light.
        primaries: Of the space.
    """
    across = np.linalg.inv(_to_xyz(SRGB)) @ _to_xyz(primaries)
    return 255 * encoded(light(stored / 255) @ across.T)


def encoded(light: np.ndarray) -> np.ndarray:
    """Return sRGB's values for light, both 0 to 1."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def decoded(values: np.ndarray) -> np.ndarray:
    """Return the light of sRGB's values."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def power(gamma: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return the curve of a gamma."""
    return lambda values: values**gamma


def _to_xyz(primaries: Primaries) -> np.ndarray:
    colours = np.array([[x / y, 1, (1 - x - y) / y] for x, y in (*primaries, WHITE)]).T
    return colours[:, :3] * np.linalg.solve(colours[:, :3], colours[:, 3])
