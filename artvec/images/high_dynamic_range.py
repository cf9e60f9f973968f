"""Bring pictures brighter than paper (PQ, HLG) to what a screen of ordinary brightness shows.

Chromium 156 is the model, and the curve agrees with what it shows within 3 levels: content of up to
1,000 cd/m², paper white at 203 cd/m² (ITU-R BT.2408) and dimmed to half of the screen's light, one
gain for all three channels, chosen by the largest of them in BT.2020.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from artvec.core.types import Float64Array
from artvec.images.profiles import (
    D50,
    SRGB_CURVE,
    SRGB_PRIMARIES,
    Chromaticities,
    encoded,
    table_profile,
    to_xyz,
)

PQ, HLG = 16, 18
"""Code points of the transfers (ITU-T H.273)."""

_WHITE_NITS, _PEAK_NITS = 203.0, 1_000.0
_BT2020: Chromaticities = (0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046)
_KNEE = 0.5
"""What paper white is dimmed to, so that there is room above it."""
_KAPPA = 0.65
_SIDE = 49


@lru_cache(maxsize=16)
def tone_mapped_profile(primaries: Chromaticities, transfer: int) -> bytes:
    """Return a profile of a space of high dynamic range, its highlights compressed."""
    steps = np.linspace(0.0, 1.0, _SIDE)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)  # (n, n, n, 3)
    to_d50 = to_xyz(primaries)
    light = _pq_light(grid) if transfer == PQ else _hlg_light(grid, to_d50[1])
    wide = light @ (np.linalg.inv(to_xyz(_BT2020)) @ to_d50).T
    mapped = wide * _gain(wide.max(axis=-1, keepdims=True))
    srgb = to_xyz(SRGB_PRIMARIES)
    shown = mapped @ (np.linalg.inv(srgb) @ to_xyz(_BT2020)).T
    return table_profile(_lab(SRGB_CURVE.light(encoded(shown)) @ srgb.T))


def _pq_light(values: Float64Array) -> Float64Array:
    """Return light relative to paper white. Source: SMPTE ST 2084."""
    root = values ** (32 / 2_523)
    ratio = np.maximum(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)
    return ratio ** (16_384 / 2_610) * 10_000 / _WHITE_NITS


def _hlg_light(values: Float64Array, luminance: Float64Array) -> Float64Array:
    """Return light relative to paper white on a screen of 1,000 cd/m². Source: ITU-R BT.2100."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    brightness = (scene @ luminance)[..., None]
    return scene * brightness**0.2 * _PEAK_NITS / _WHITE_NITS


def _gain(brightest: Float64Array) -> Float64Array:
    """Return by how much to multiply colours whose brightest channel this is.

    Linear up to paper white, a quadratic Bézier curve from there to the peak.
    """
    peak = _PEAK_NITS / _WHITE_NITS
    middle_x = (1 - _KAPPA) + _KAPPA / _KNEE
    middle_y = (1 - _KAPPA) * _KNEE + _KAPPA
    x = np.clip(brightest, 1.0, peak)
    a, b, c = 1 - 2 * middle_x + peak, 2 * middle_x - 2, 1 - x
    t = (-b + np.sqrt(b * b - 4 * a * c)) / (2 * a)
    y = (1 - t) ** 2 * _KNEE + 2 * t * (1 - t) * middle_y + t**2
    return np.where(brightest <= 1.0, _KNEE, y / np.maximum(brightest, 1.0))


def _lab(xyz: Float64Array) -> Float64Array:
    """Return CIELAB of XYZ relative to D50. Source: CIE 15."""
    share = xyz / D50
    root = np.where(share > 216 / 24_389, np.cbrt(share), (24_389 / 27 * share + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
