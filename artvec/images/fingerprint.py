"""What a picture looks like in a few bytes: perceptual hash and colour grid."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

COLOUR_GRID = 4
_HASH_SIDE = 8
_SAMPLED_SIDE = 32


Box = tuple[float, float, float, float]
"""Where the picture lies in a reduced image: see `fit.Frame`."""


def colour_grid(image: Image.Image, box: Box | None = None) -> bytes:
    """Return the mean RGB of a 4×4 grid over an RGB picture, row by row: 48 bytes."""
    return image.resize((COLOUR_GRID, COLOUR_GRID), Image.Resampling.BOX, box=box).tobytes()


def perceptual_hash(image: Image.Image, box: Box | None = None) -> bytes:
    """Return the 64-bit DCT hash of a picture: 8 bytes, most significant bit first.

    Source: the `phash` of the ImageHash library (32×32 grey, DCT-II, the 8×8 lowest frequencies
    against their median), with which the tests compare it bit by bit. Written out here because
    it runs in every decode thread and needs no import of scipy.
    """
    side = (_SAMPLED_SIDE, _SAMPLED_SIDE)
    grey = image.convert("L").resize(side, Image.Resampling.LANCZOS, box=box)
    basis = _dct_basis()
    low = basis @ np.asarray(grey, dtype=np.float64) @ basis.T  # (8, 8)
    # A flat picture has only rounding noise here; rounding makes its hash the same everywhere.
    low = np.round(low, 6)
    return np.packbits(low > np.median(low)).tobytes()


@cache
def _dct_basis() -> npt.NDArray[np.float64]:
    frequency = np.arange(_HASH_SIDE)[:, None]
    position = np.arange(_SAMPLED_SIDE)[None, :]
    basis: npt.NDArray[np.float64] = 2.0 * np.cos(
        np.pi * frequency * (2 * position + 1) / (2 * _SAMPLED_SIDE)
    )  # (8, 32)
    return basis
