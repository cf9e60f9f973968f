"""Turn a TIFF's samples into 8-bit pixels of a Pillow mode, by what the samples mean."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from artvec.core.types import UInt8Array
from artvec.images.profiles import D50, SRGB_PRIMARIES, adaptation, encoded, to_xyz
from artvec.images.tiff.codes import (
    CIELAB,
    CMYK,
    GREYS,
    ICCLAB,
    JPEG,
    PALETTE,
    WHITE_IS_ZERO,
    YCBCR,
    unsupported,
)
from artvec.images.tiff.layout import Layout
from artvec.images.tiff.samples import Block, Samples

_SCALES = (1.0, 255.0, 65_535.0, 4_294_967_295.0)
_DARK = 1e-3
_OVERSHOOT = 1.5
"""Sharpening and resampling leave some floats above 1, which is white all the same."""
_WIDEST_FIXED_BITS = 24
_LUMA = (0.299, 0.587, 0.114)
_REFERENCE = (0, 255, 128, 255, 128, 255)


@dataclass(frozen=True, slots=True)
class Whites:
    """The values that are white, or wholly opaque.

    Attributes:
        colour: Of the colours.
        alpha: Of the alpha channel.
    """

    colour: float
    alpha: float


def mode_of(layout: Layout) -> str:
    """Return the mode of the picture that the samples make."""
    if layout.alpha is None:
        return {1: "L", 3: "RGB", 4: "CMYK"}[_channels(layout)]
    grey = _channels(layout) == 1
    if layout.alpha.premultiplied:
        return "La" if grey else "RGBa"
    return "LA" if grey else "RGBA"


def _channels(layout: Layout) -> int:
    if layout.photometric == CMYK:
        return 4 if layout.alpha is None else 3
    return 1 if layout.photometric in GREYS else 3


def needs_whites(layout: Layout) -> bool:
    """Say whether white is known from the values only."""
    return layout.kind != "u" or layout.bits > _WIDEST_FIXED_BITS


def whites_of(layout: Layout, blocks: Iterable[Block]) -> Whites:
    """Return the white of wide values: the smallest full scale that holds the largest of them.

    Raises:
        UnsupportedMode: They are no colours (NaN, infinity, negative whole numbers).
    """
    colour = alpha = 0.0
    for block in blocks:
        colour = max(colour, _highest(layout, block.samples[..., : layout.colours]))
        if layout.alpha:
            alpha = max(alpha, _highest(layout, block.samples[..., layout.alpha.sample]))
    if _may_be_swapped(layout) and (0 < colour < _DARK or 0 < alpha < _DARK):
        raise unsupported(f"of values up to {max(colour, alpha):.3g}")
    return Whites(_white(layout, colour), _white(layout, alpha))


def fixed_whites(layout: Layout) -> Whites:
    """Return the white of values that use their whole depth."""
    white = float((1 << layout.bits) - 1)
    return Whites(white, white)


def _may_be_swapped(layout: Layout) -> bool:
    """Say whether floats may be garbage: libtiff writes these bytes in the wrong order."""
    return layout.predictor == 3 and layout.directory.order == ">"


def _highest(layout: Layout, values: Samples) -> float:
    highest, lowest = float(values.max()), float(values.min())
    if not np.isfinite([highest, lowest]).all():  # also of NaN, which both would be
        raise unsupported("of values that are not finite numbers")
    # A filter may leave floats a little below black; more than that, or numbers without end, are
    # measurements, or floats whose bytes came in another order than the file says.
    limit = _SCALES[-1] if values.dtype.kind == "f" else math.inf
    may_overshoot = values.dtype.kind == "f" and not _may_be_swapped(layout)
    overshoot = highest / 2 if may_overshoot else 0.0
    if lowest < -overshoot or highest > limit:
        raise unsupported(f"of values from {lowest:.3g} to {highest:.3g}")
    return highest


def _white(layout: Layout, highest: float) -> float:
    depth = float((1 << layout.bits - (layout.kind == "i")) - 1)
    scales = _SCALES if layout.kind == "f" else (*(s for s in _SCALES[1:] if s < depth), depth)
    if layout.kind == "f" and highest <= _OVERSHOOT:
        return 1.0
    return next(scale for scale in scales if highest <= scale)


class Painter:
    """Turns samples into pixels of one picture."""

    def __init__(self, layout: Layout, whites: Whites) -> None:
        """Prepare what is the same for all blocks.

        Raises:
            ValueError: The tags of its colours make no sense.
        """
        self._layout, self._whites = layout, whites
        self._palette = _palette(layout) if layout.photometric == PALETTE else None
        is_lab = layout.photometric in (CIELAB, ICCLAB)
        self._srgb_of_xyz = _srgb_of_xyz(layout) if is_lab else None
        ycbcr = _YCbCr.of(layout) if layout.photometric == YCBCR else None
        if ycbcr and layout.compression == JPEG and layout.planes == 1:
            ycbcr.check_jpeg()  # which libjpeg converts to RGB
            ycbcr = None
        self._ycbcr = ycbcr

    def pixels(self, samples: Samples) -> UInt8Array:
        """Return (rows, columns, bands) as Pillow's raw modes lay them out."""
        layout = self._layout
        colours = self._colours(samples[..., : layout.colours])
        if layout.alpha is None:
            return colours
        alpha = _eight_bits(samples[..., layout.alpha.sample], self._whites.alpha)
        if layout.photometric == CMYK:
            colours = _without_inks(colours)
        return np.concatenate([colours, alpha[..., None]], axis=2)

    def _colours(self, samples: Samples) -> UInt8Array:
        layout = self._layout
        if self._palette is not None:
            return self._palette[samples[..., 0]]
        if self._ycbcr:
            return self._ycbcr.to_rgb(samples)
        if self._srgb_of_xyz is not None:
            return _from_lab(samples, self._srgb_of_xyz, is_icc=layout.photometric == ICCLAB)
        values = _eight_bits(samples, self._whites.colour)
        return 255 - values if layout.photometric == WHITE_IS_ZERO else values


def _eight_bits(values: Samples, white: float) -> UInt8Array:
    if values.dtype == np.uint8 and white == 255:
        return values.astype(np.uint8, copy=False)
    working = np.float64 if values.dtype.itemsize == 8 else np.float32
    clipped = np.clip(values.astype(working), 0.0, white)
    scaled: UInt8Array = np.rint(clipped * (255.0 / white)).astype(np.uint8)
    return scaled


def _palette(layout: Layout) -> UInt8Array:
    """Return the (entries, 3) colours; old programs wrote them as 8-bit values, as libtiff knows.

    Source: TIFF 6.0, section 5; libtiff's `checkcmap`.
    """
    entries = 1 << layout.bits
    values = layout.directory.values(320, 3 * entries)
    if len(values) < 3 * entries:
        raise ValueError("its colour map is incomplete")
    scale = 1.0 if values.max() < 256 else 257.0
    return np.rint(values.reshape(3, entries).T / scale).astype(np.uint8)


def _without_inks(inks: UInt8Array) -> UInt8Array:
    """Return RGB as Pillow makes it of CMYK without a profile."""
    light = 255.0 - inks.astype(np.float32)
    rgb: UInt8Array = np.rint(light[..., :3] * light[..., 3:] / 255).astype(np.uint8)
    return rgb


def _srgb_of_xyz(layout: Layout) -> NDArray[np.float32]:
    """Return the matrix from XYZ, as shares of white, to light in sRGB.

    White is the tag WhitePoint's, else D50, as ICC's Lab has it. Source: TIFF 6.0, section 23.
    """
    white, point = D50, layout.directory.values(318, 2)
    if layout.photometric == CIELAB and len(point) == 2 and min(point) > 0 and sum(point) < 1:
        x, y = (float(value) for value in point)
        white = np.array([x, y, 1 - x - y]) / y
    from_d50 = np.linalg.inv(to_xyz(SRGB_PRIMARIES))
    matrix: NDArray[np.float32] = (from_d50 @ adaptation(white) * white).astype(np.float32)
    return matrix


def _from_lab(samples: Samples, srgb_of_xyz: NDArray[np.float32], *, is_icc: bool) -> UInt8Array:
    """Convert CIELAB to sRGB.

    Source: TIFF 6.0, section 23; Adobe Photoshop TIFF Technical Notes (ICC L*a*b*), where 16-bit
    lightness ends with 0xFF00 and zero is in the middle of a and b. CIE 15; IEC 61966-2-1.
    """
    size = samples.dtype.itemsize
    unit, middle = 256.0 ** (size - 1), 128 * 256 ** (size - 1)
    white = 255 * unit if is_icc else 256.0**size - 1
    signed = samples[..., 1:].astype(np.float32) - middle
    if not is_icc:  # two's complement
        signed = samples[..., 1:].astype(f"i{size}").astype(np.float32)
    y = (samples[..., 0] * np.float32(100 / white) + 16) / 116
    roots = np.stack([y + signed[..., 0] / (500 * unit), y, y - signed[..., 1] / (200 * unit)], -1)
    linear = (roots - np.float32(4 / 29)) * np.float32(108 / 841)
    xyz = np.where(roots > 6 / 29, roots * roots * roots, linear)
    light = np.clip(xyz @ srgb_of_xyz.T, 0, 1)
    rgb: UInt8Array = _srgb_values()[np.rint(light * 65_535).astype(np.uint16)]
    return rgb


@cache
def _srgb_values() -> UInt8Array:
    """Return what sRGB stores, of 255, for 65,536 levels of light."""
    return np.rint(255 * encoded(np.arange(65_536) / 65_535)).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class _YCbCr:
    """How YCbCr values become colours.

    Attributes:
        luma: Shares of red, green and blue in Y.
        zero: Y, Cb and Cr of black.
        scale: By which they are multiplied then, to 0 to 255 and -127 to 127.
    """

    luma: NDArray[np.float32]
    zero: NDArray[np.float32]
    scale: NDArray[np.float32]

    @classmethod
    def of(cls, layout: Layout) -> _YCbCr:
        luma = layout.directory.values(529, 3)
        luma = luma.astype(np.float32) if len(luma) == 3 else np.array(_LUMA, np.float32)
        range_ = layout.directory.values(532, 6)
        range_ = range_ if len(range_) == 6 else np.array(_REFERENCE)
        zero, white = range_.astype(np.float32).reshape(3, 2).T
        if not (luma > 0).all() or (white == zero).any():
            raise ValueError("its header is damaged: YCbCr colours without a range")
        return cls(luma, zero, np.array([255, 127, 127], np.float32) / (white - zero))

    def check_jpeg(self) -> None:
        """Refuse what readers of JPEG in TIFF don't agree on: values that don't use their range."""
        if (self.zero != [0, 128, 128]).any() or (abs(self.scale - 1) > 0.02).any():
            raise unsupported("of YCbCr colours of a range of their own, compressed by JPEG,")

    def to_rgb(self, samples: Samples) -> UInt8Array:
        """Convert; Source: TIFF 6.0, sections 20 and 21."""
        y, cb, cr = np.moveaxis((samples - self.zero) * self.scale, -1, 0)
        red, green, blue = self.luma
        r = y + cr * (2 - 2 * red)
        b = y + cb * (2 - 2 * blue)
        g = (y - blue * b - red * r) / green
        rgb: UInt8Array = np.clip(np.rint(np.stack([r, g, b], -1)), 0, 255).astype(np.uint8)
        return rgb
