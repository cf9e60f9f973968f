"""Whether two 4×4 colour grids, with their hashes, can only come from one picture.

Grids of hard-edged and nearly blank pictures agree by chance: stripes have four different cells,
gradients of any colours are alike, and most of a sheet is paper. So it isn't enough that grids
agree; what they agree in has to vary in several colours or directions, else nothing is decided.

Source of the thresholds: altered copies of painted demo pictures (seed 101), of 26 photographs and
of 23 kinds of plain pictures (`benchmarks/plain.py`, seed 11), and all pairs of different ones.
The figures in docs/duplicates.md come from other seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from artvec.core.types import BoolArray, Float64Array, UInt8Array
from artvec.near_duplicates.description import LUMA, detail_projection

EQUAL_LEVELS = 4.0
"""A cell agrees where its colours differ by no more levels (of 255), on average."""
EQUAL_BITS = 10
"""Hash bits that may differ then; the hash of a mirrored picture is known up to 10 bits."""
CAPTION_BITS = 20
"""Hash bits that may differ where the cells are varied enough to say it alone."""
CAPTION_SPREAD = 10.0
"""Least standard deviation of their luma: white margins agree in many pictures."""
COLOUR_NUMBERS = 6
"""Least independent numbers among agreeing cells: three for a colour, one for a grey."""
NARROW_NUMBERS = 9
"""Likewise where the hash says little."""
TRIMMED_NUMBERS = 10
"""From which one cell of the centre may disagree, too, after a crop."""
FINE_BITS, FINE_LEVELS, FINE_CORRELATION, FINE_SPREAD = 4, 1.5, 0.95, 0.8
"""Of pictures with little contrast, such as textures: nearly everything has to agree."""
LIGHT_BITS, LIGHT_SPREAD, LIGHT_CORRELATION = 6, 5.0, 0.97
"""Bits that may differ where the light does; the grids' least spread and correlation then."""
DETAIL_SPREAD, DETAIL_CORRELATION = 2.5, 0.9
"""Likewise of what a quadratic surface leaves of the luma: gradients are alike."""
TONE, GREY_TONE = 0.985, 0.995
"""Least multiple correlation of one grid's channels with quadratic tone curves of the other's."""
CHANNEL_CORRELATION, CHANNEL_LEVELS = 0.85, 3.0
"""Each channel correlates so well, or a straight line leaves no more levels: one may be clipped."""
ASYMMETRY = 0.1
"""Least mean difference from the mirrored grid, in standard deviations: else half of it is said
twice, and the hash has but half its bits."""
NARROW_HASH = 30
"""Fewer bits are set where coefficients tie at the median, so that few of the 64 are free."""
_DISTINCT, _CHROMATIC, _GREY = 10.0, 12, 4.0
_CELLS, _AGREEING, _CENTRE_AGREEING = 16, 12, 3


def _parts() -> BoolArray:
    """Return (5, 16): all cells, and all but the top, bottom, left or right ones (a caption)."""
    parts = np.ones((5, 4, 4), dtype=np.bool_)
    parts[1, 0] = parts[2, 3] = parts[3, :, 0] = parts[4, :, 3] = False
    return parts.reshape(5, _CELLS)


_PARTS, _TO_DETAIL = _parts(), detail_projection(4)
_CENTRE = np.array([5, 6, 9, 10])


@dataclass(frozen=True)
class Grid:
    """A colour grid with what has to be known of it only once.

    Attributes:
        cells: (16, 3) uint8.
    """

    cells: UInt8Array

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """Independent numbers in all cells, and without each outer row or column."""
        return tuple(_numbers(self.cells[part].astype(np.float64)) for part in _PARTS)

    @cached_property
    def luma(self) -> Float64Array:
        """Luma of the cells, (16,)."""
        luma: Float64Array = self.cells @ LUMA
        return luma


def agree(own: Grid, others: UInt8Array, bits: UInt8Array, ones: UInt8Array) -> BoolArray:
    """Say which grids show the picture of one.

    Args:
        own: The one.
        others: (n, 16, 3).
        bits: (n,), in which the hashes differ: at most `CAPTION_BITS` where enough are set.
        ones: (n,), bits that are set in the one of the two hashes that has fewer.

    Returns:
        (n,) True where they do; False where they don't or where it can't be decided.
    """
    difference = np.abs(others.astype(np.int16) - own.cells)  # (n, 16, 3)
    levels = difference.mean(axis=2)  # (n, 16)
    same = np.zeros(len(others), dtype=np.bool_)
    narrow = ones < NARROW_HASH
    flat = (ones <= 1) & (bits == 0)
    same[narrow] = _plainly_equal(own, difference[narrow], flat[narrow])
    free = np.flatnonzero(~narrow)
    if len(free):
        equal = _equal_light(own, levels[free], bits[free])
        uneven = np.minimum(_asymmetry(own.luma[None]), _asymmetry(others[free] @ LUMA))
        trimmed = _trimmed(own, levels[free], bits[free]) | _fine(own, others[free], bits[free])
        light = _other_light(own, others[free], bits[free])
        same[free] = equal | (uneven >= ASYMMETRY) & (trimmed | light)
    return same


def _plainly_equal(own: Grid, difference: npt.NDArray[np.int16], flat: BoolArray) -> BoolArray:
    """Say which grids of pictures with few free hash bits agree in all their varied colours.

    Of flat pictures, whose hashes have at most one bit, it takes the very same colour.
    """
    most = difference.max(axis=(1, 2), initial=0)  # (n,)
    close: BoolArray = most <= EQUAL_LEVELS
    if close.any() and own.numbers[0] < NARROW_NUMBERS:
        close = flat & (most == 0)
    return close


def _equal_light(own: Grid, levels: Float64Array, bits: UInt8Array) -> BoolArray:
    """Say which grids agree in all cells, or in all but those that a caption covers."""
    same = np.zeros(len(levels), dtype=np.bool_)
    for at, part in enumerate(_PARTS):
        equal = (levels[:, part] <= EQUAL_LEVELS).all(axis=1)
        if equal.any() and own.numbers[at] >= COLOUR_NUMBERS:
            varied = own.luma[part].std() >= CAPTION_SPREAD
            same |= equal & (varied | (bits <= EQUAL_BITS))
    return same


def _trimmed(own: Grid, levels: Float64Array, bits: UInt8Array) -> BoolArray:
    """Say which grids agree but for single cells, which lie around the centre."""
    close = levels <= EQUAL_LEVELS
    centre = close[:, _CENTRE].sum(axis=1)  # (n,)
    nearly: BoolArray = (close.sum(axis=1) >= _AGREEING) & (centre >= _CENTRE_AGREEING)
    if nearly.any() and own.numbers[0] < TRIMMED_NUMBERS:
        nearly &= (centre == len(_CENTRE)) & (bits <= EQUAL_BITS)
        nearly &= own.numbers[0] >= COLOUR_NUMBERS
    return nearly


def _fine(own: Grid, others: UInt8Array, bits: UInt8Array) -> BoolArray:
    """Say which grids agree to the last level, and in what little structure they have."""
    levels = np.abs(others.astype(np.int16) - own.cells).mean(axis=2).max(axis=1)
    same: BoolArray = (levels <= FINE_LEVELS) & (bits <= FINE_BITS)
    same &= (_TO_DETAIL @ own.luma).std() >= FINE_SPREAD
    return same & (_correlation(own.luma, others @ LUMA) >= FINE_CORRELATION)


def _other_light(own: Grid, others: UInt8Array, bits: UInt8Array) -> BoolArray:
    """Say which grids are tone curves of one, in every channel or as greys."""
    lumas = others @ LUMA  # (n, 16)
    details, detail = lumas @ _TO_DETAIL, _TO_DETAIL @ own.luma
    same: BoolArray = bits <= LIGHT_BITS
    same &= np.minimum(lumas.std(axis=1), own.luma.std()) >= LIGHT_SPREAD
    same &= np.minimum(details.std(axis=1), detail.std()) >= DETAIL_SPREAD
    same &= _correlation(own.luma, lumas) >= LIGHT_CORRELATION
    same &= _correlation(detail, details) >= DETAIL_CORRELATION
    alike_rows = np.flatnonzero(same)
    if len(alike_rows):
        channels = np.moveaxis(others[alike_rows].astype(np.float64), 2, 0)  # (3, n, 16)
        grey = (_tint(others[alike_rows]) < _GREY) | (_tint(own.cells[None]) < _GREY)
        alike = _tone([own.luma], lumas[alike_rows][None]) >= GREY_TONE
        coloured = _tone(list(own.cells.T.astype(np.float64)), channels) >= TONE
        for one, other in zip(own.cells.T.astype(np.float64), channels, strict=True):
            correlation = _correlation(one, other)
            left = other.std(axis=1) * np.sqrt(np.maximum(0, 1 - correlation**2))
            coloured &= (correlation >= CHANNEL_CORRELATION) | (left <= CHANNEL_LEVELS)
        same[alike_rows] = np.where(grey, alike, coloured)
    return same


def _tone(own: list[Float64Array], others: Float64Array) -> Float64Array:
    """Return the multiple correlations of (channels, n, 16) grids with quadratics of one's."""
    left = total = np.zeros(others.shape[1])
    for one, other in zip(own, others, strict=True):
        curve = np.stack([np.ones(_CELLS), one / 128 - 1, (one / 128 - 1) ** 2], axis=1)
        unexplained = np.eye(_CELLS) - curve @ np.linalg.pinv(curve)
        left = left + ((other @ unexplained) ** 2).sum(axis=1)
        total = total + _CELLS * other.var(axis=1)
    correlation: Float64Array = np.sqrt(np.maximum(0, 1 - left / np.maximum(total, 1e-9)))
    return correlation


def _numbers(cells: Float64Array) -> int:
    """Count what distinct colours of (n, 3) cells say beyond the least telling one."""
    distinct: list[Float64Array] = []
    for cell in cells:
        if all(np.abs(cell - known).mean() > _DISTINCT for known in distinct):
            distinct.append(cell)
    counts = [3 if np.ptp(colour) > _CHROMATIC else 1 for colour in distinct]
    return sum(counts) - min(counts)


def _asymmetry(lumas: Float64Array) -> Float64Array:
    """Return the lesser of the differences of (n, 16) grids from their two mirror images."""
    grids = lumas.reshape(-1, 4, 4)
    mirrored = (
        np.abs(grids - turned).mean(axis=(1, 2)) for turned in (grids[:, :, ::-1], grids[:, ::-1])
    )
    least: Float64Array = np.minimum(*mirrored) / (lumas.std(axis=1) + 1e-9)
    return least


def _tint(grids: UInt8Array) -> Float64Array:
    """Return the mean distance of (n, 16, 3) grids from grey, in levels."""
    tint: Float64Array = np.abs(grids - (grids @ LUMA)[..., None]).mean(axis=(1, 2))
    return tint


def _correlation(one: Float64Array, others: Float64Array) -> Float64Array:
    """Return the correlations of a (16,) grid with (n, 16) grids; 0 for flat ones."""
    centred = others - others.mean(axis=1, keepdims=True)
    covariance = centred @ (one - one.mean()) / _CELLS
    correlation: Float64Array = covariance / np.maximum(others.std(axis=1) * one.std(), 1e-9)
    return correlation
