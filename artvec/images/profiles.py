"""Write colour spaces that are named by primaries and curve as ICC profiles, for littleCMS."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from artvec.core.types import Float64Array

Chromaticities = tuple[float, float, float, float, float, float, float, float]
"""x and y of white, red, green and blue, in the CIE's 1931 diagram."""

SRGB_PRIMARIES: Chromaticities = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)

D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_FIXED = 65_536
_LARGEST_FIXED = 32_767.0


@dataclass(frozen=True, slots=True)
class Curve:
    """From a stored value to light, both 0 to 1: (a·v + b)^gamma from d on, below it c·v.

    Source: ICC.1:2022, parametricCurveType, function 3.
    """

    gamma: float
    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0

    def light(self, values: Float64Array) -> Float64Array:
        """Return the light of stored values, of any shape."""
        bent = np.maximum(self.a * values + self.b, 0.0) ** self.gamma
        return np.where(values >= self.d, bent, self.c * values)


SRGB_CURVE = Curve(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
"""Source: IEC 61966-2-1."""


def encoded(light: Float64Array) -> Float64Array:
    """Return the values, 0 to 1, that sRGB stores for light; what lies outside is clipped."""
    light = np.clip(light, 0.0, 1.0)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def to_xyz(primaries: Chromaticities) -> Float64Array:
    """Return the (3, 3) matrix from a colour space's light to XYZ adapted to D50.

    Source: Lindbloom, RGB/XYZ matrices and chromatic adaptation (Bradford).

    Raises:
        ValueError: The primaries span no colours.
    """
    points = np.array(primaries).reshape(4, 2)
    if (points[:, 1] <= 0).any():
        raise ValueError("a chromaticity without light")
    white, *colours = np.column_stack([points, 1 - points.sum(axis=1)]) / points[:, 1:]  # (3,) each
    columns = np.array(colours).T  # (3, 3): XYZ × colour
    if abs(np.linalg.det(columns)) < 1e-6:
        raise ValueError("primaries on one line")
    matrix = columns * np.linalg.solve(columns, white)
    adapted: Float64Array = adaptation(white) @ matrix
    if not np.isfinite(adapted).all() or np.abs(adapted).max() > _LARGEST_FIXED:
        raise ValueError("primaries beyond what a profile can hold")
    return adapted


def adaptation(white: Float64Array) -> Float64Array:
    """Return the (3, 3) matrix from XYZ under a white to XYZ under D50, by Bradford's method."""
    cones = _BRADFORD @ D50 / (_BRADFORD @ white)
    matrix: Float64Array = np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD
    return matrix


@lru_cache(maxsize=64)
def matrix_profile(primaries: Chromaticities, curve: Curve) -> bytes:
    """Return a profile of three primaries and one curve.

    Raises:
        ValueError: The primaries span no colours.
    """
    columns = to_xyz(primaries).T
    numbers = (curve.gamma, curve.a, curve.b, curve.c, curve.d)
    bent = b"para\0\0\0\0" + struct.pack(">Hxx", 3) + _fixed(numbers)
    tags = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), (_xyz(c) for c in columns), strict=True))
    return _profile(tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), bent), b"XYZ ")


def table_profile(lab: Float64Array) -> bytes:
    """Return a profile that looks colours up, of (n, n, n, 3) CIELAB values; red varies slowest.

    Source: ICC.1:2022, lut16Type, and its older encoding of CIELAB.
    """
    side = lab.shape[0]
    offset, scale = np.array([0.0, 128.0, 128.0]), np.array([65_280 / 100, 256.0, 256.0])
    scaled = (lab + offset) * scale
    table = np.clip(np.rint(scaled), 0, 65_535).astype(">u2").tobytes()
    unity = _fixed(np.eye(3).ravel())
    straight = struct.pack(">6H", *(0, 65_535) * 3)
    head = b"mft2\0\0\0\0" + bytes([3, 3, side, 0]) + unity + struct.pack(">HH", 2, 2)
    return _profile({b"A2B0": head + straight + table + straight}, b"Lab ")


def _fixed(numbers: Float64Array | tuple[float, ...]) -> bytes:
    return b"".join(struct.pack(">i", round(float(n) * _FIXED)) for n in numbers)


def _xyz(numbers: Float64Array) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(numbers)


def _profile(tags: dict[bytes, bytes], connection: bytes) -> bytes:
    tags = {b"wtpt": _xyz(D50)} | tags
    at = 132 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4xI", at + len(body), 2 << 24) + b"mntrRGB " + connection
    head = head.ljust(36, b"\0") + b"acsp"
    return (head.ljust(68, b"\0") + _fixed(D50)).ljust(128, b"\0") + table + body
