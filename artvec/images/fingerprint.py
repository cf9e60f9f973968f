"""What a picture looks like in a few bytes: perceptual hash and colour grid."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

COLOUR_SIZE = (4, 4)
SAMPLED_SIZE = (32, 32)
_HASH_SIDE = 8


Box = tuple[float, float, float, float]
"""Where the picture lies in a reduced image: see `fit.Frame`."""


def colour_grid(image: Image.Image, box: Box | None = None) -> bytes:
    """Return the mean RGB of a 4×4 grid over an RGB picture, row by row: 48 bytes."""
    return image.resize(COLOUR_SIZE, Image.Resampling.BOX, box=box).tobytes()


def perceptual_hash(image: Image.Image, box: Box | None = None) -> bytes:
    """Return the 64-bit DCT hash of a picture: 8 bytes, most significant bit first.

    Source: the `phash` of the ImageHash library (32×32 grey, DCT-II, the 8×8 lowest frequencies
    against their median), with which the tests compare it bit by bit. Written out here because
    it runs in every decode thread and needs no import of scipy.
    """
    return hash_of_sample(
        image.convert("L").resize(SAMPLED_SIZE, Image.Resampling.LANCZOS, box=box)
    )


def hash_of_sample(grey: Image.Image) -> bytes:
    """Return the hash of a picture that was resized to 32×32 grey pixels."""
    basis = _dct_basis()
    low = basis @ np.asarray(grey, dtype=np.float64) @ basis.T  # (8, 8)
    # A flat picture has only rounding noise here; rounding makes its hash the same everywhere.
    low = np.round(low, 6)
    return np.packbits(low > _median(low)).tobytes()


def _median(values: npt.NDArray[np.float64]) -> np.float64:
    """As numpy's, which imports masked arrays: a hundredth of a second of every search."""
    ordered = np.sort(values, axis=None)
    middle: np.float64 = ordered[[(ordered.size - 1) // 2, ordered.size // 2]].mean()
    return middle


@cache
def _dct_basis() -> npt.NDArray[np.float64]:
    frequency = np.arange(_HASH_SIDE)[:, None]
    position = np.arange(SAMPLED_SIZE[0])[None, :]
    basis: npt.NDArray[np.float64] = 2.0 * np.cos(
        np.pi * frequency * (2 * position + 1) / (2 * SAMPLED_SIZE[0])
    )  # (8, 32)
    return basis
