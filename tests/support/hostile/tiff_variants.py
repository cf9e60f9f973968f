"""Pictures in every meaning of samples that TIFF has, and every way that they may be stored."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.support.hostile.tiff_writer import (
    CODECS,
    FAX,
    JPEG,
    LZMA,
    LZW,
    WEBP,
    ZSTD,
    Picture,
    Storage,
    laid_out,
)

_CELLS = np.array(
    [[200, 40, 30], [30, 180, 60], [40, 60, 200], [220, 220, 60], [10, 10, 10],
     [120, 120, 120], [240, 240, 240], [90, 20, 120], [250, 140, 20], [20, 140, 150],
     [160, 90, 40], [255, 200, 210], [70, 100, 30], [30, 30, 70], [180, 180, 200]]
).reshape(5, 3, 3)  # fmt: skip
RGB = _CELLS.repeat(8, 0).repeat(16, 1)  # (40, 48, 3)
GREY = np.rint(RGB @ [0.299, 0.587, 0.114]).astype(int)[..., None]
ALPHA = np.array([255, 128, 0, 255, 64])[np.arange(15).reshape(5, 3) % 5]
ALPHA = ALPHA.repeat(8, 0).repeat(16, 1)[..., None]

_PREDICTED = (LZW, 8, 32_946, LZMA, ZSTD)
_DEPTHS = (
    *((bits, "u") for bits in (1, 2, 4, 6, 8, 10, 12, 14, 16, 24, 32, 64)),
    *((bits, "i") for bits in (16, 32, 64)),
    *((bits, "f") for bits in (16, 24, 32, 64)),
)


def _scaled(values: np.ndarray, bits: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return levels (0 to 255) at a depth, and the levels that are left of them."""
    if kind == "f":
        return values / 255.0, values.astype(float)
    top = (1 << (bits - (kind == "i"))) - 1
    if bits == 64:
        stored = (values * (top // 255)).astype(np.uint64)
        return stored, values.astype(float)
    stored = np.rint(values / 255 * top).astype(np.uint64)
    return stored, stored.astype(float) * 255 / top


def _over_white(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha / 255
    return colours * share + 255 * (1 - share)


def _grey3(grey: np.ndarray) -> np.ndarray:
    return grey.repeat(3, axis=2)


def pictures(bits: int, kind: str) -> Iterator[Picture]:
    """Return pictures of greys, colours and inks of this depth, with and without alpha."""
    grey, grey_seen = _scaled(GREY, bits, kind)
    rgb, rgb_seen = _scaled(RGB, bits, kind)
    alpha, alpha_seen = _scaled(ALPHA, bits, kind)
    top = _scaled(np.array([255]), bits, kind)[0][0]
    white = (top - grey).astype(grey.dtype)
    unassociated, unspecified = {338: (3, [2])}, {338: (3, [0])}
    yield Picture("grey", 1, grey, _grey3(grey_seen))
    yield Picture("grey, white is zero", 0, white, _grey3(grey_seen))
    yield Picture("RGB", 2, rgb, rgb_seen)
    yield Picture("grey + alpha", 1, np.concatenate([grey, alpha], 2),
                  _over_white(_grey3(grey_seen), alpha_seen), unassociated)  # fmt: skip
    yield Picture("white is zero + alpha", 0, np.concatenate([white, alpha], 2),
                  _over_white(_grey3(grey_seen), alpha_seen), unassociated)  # fmt: skip
    yield Picture("grey + unspecified", 1, np.concatenate([grey, alpha], 2),
                  _grey3(grey_seen), unspecified)  # fmt: skip
    yield Picture("RGB + alpha", 2, np.concatenate([rgb, alpha], 2),
                  _over_white(rgb_seen, alpha_seen), unassociated)  # fmt: skip
    yield Picture("RGB + unspecified", 2, np.concatenate([rgb, alpha], 2), rgb_seen, unspecified)
    yield Picture("RGB + unspecified + alpha", 2, np.concatenate([rgb, rgb[..., :1], alpha], 2),
                  _over_white(rgb_seen, alpha_seen), {338: (3, [0, 2])})  # fmt: skip
    inks, inks_left = _scaled(255 - RGB, bits, kind)
    none = np.zeros_like(inks[..., :1])
    yield Picture("CMYK", 5, np.concatenate([inks, none], 2), 255 - inks_left, within=2)
    yield Picture("CMYK + alpha", 5, np.concatenate([inks, none, alpha], 2),
                  _over_white(255 - inks_left, alpha_seen), unassociated, within=2)  # fmt: skip
    if kind == "f" or bits >= 8:
        multiplied, multiplied_seen = _scaled(np.rint(RGB * (ALPHA / 255)).astype(int), bits, kind)
        seen = multiplied_seen + 255 - alpha_seen
        yield Picture("RGB + associated alpha", 2, np.concatenate([multiplied, alpha], 2), seen,
                      {338: (3, [1])}, within=4)  # fmt: skip


def palettes(bits: int) -> Iterator[Picture]:
    """Return pictures by colour numbers, the map of today and that of old programs."""
    cells = min(1 << bits, 15)
    numbers = np.arange(15).reshape(5, 3) % cells
    stored = numbers.repeat(8, 0).repeat(16, 1)[..., None]
    seen = _CELLS.reshape(-1, 3)[stored[..., 0]]
    colours = np.zeros((1 << bits, 3), int)
    colours[:cells] = _CELLS.reshape(-1, 3)[:cells]
    for name, factor in (("palette", 257), ("palette, 8-bit map", 1)):
        yield Picture(name, 3, stored, seen, {320: (3, (colours.T * factor).ravel().tolist())})
    alpha = np.rint(ALPHA / 255 * ((1 << bits) - 1)).astype(int)
    tags = {320: (3, (colours.T * 257).ravel().tolist()), 338: (3, [2])}
    yield Picture("palette + alpha", 3, np.concatenate([stored, alpha], 2),
                  _over_white(seen, alpha * 255 / ((1 << bits) - 1)), tags)  # fmt: skip


def ycbcr() -> np.ndarray:
    """Return Y, Cb and Cr; Source: TIFF 6.0, section 21."""
    y = RGB @ [0.299, 0.587, 0.114]
    planes = [y, 128 + (RGB[..., 2] - y) / 1.772, 128 + (RGB[..., 0] - y) / 1.402]
    return np.rint(np.stack(planes, -1)).clip(0, 255).astype(int)


def studio_ycbcr() -> Picture:
    """Return a picture whose Y ends at 16 and 235, and colour differences at 16 and 240."""
    full = ycbcr()
    y = np.rint(16 + full[..., 0] * 219 / 255)
    differences = np.rint(128 + (full[..., 1:] - 128) * 112 / 127)
    samples = np.concatenate([y[..., None], differences], 2).astype(int)
    ends = [value for end in (16, 235, 128, 240, 128, 240) for value in (end, 1)]
    return Picture("YCbCr, studio range", 6, samples, RGB,
                   {530: (3, [1, 1]), 532: (5, ends)}, within=4)  # fmt: skip


def labs(bits: int) -> Iterator[Picture]:
    """Return CIELab (a and b signed) and ICCLab (a and b from 0 up); whole units cost colour."""
    lab, unit = _lab_of(RGB), 1 << bits - 8
    for name, photometric, white, zero in (
        ("CIELab", 8, (1 << bits) - 1, 0),
        ("ICCLab", 9, 255 * unit, 128 * unit),
    ):
        lightness = lab[..., :1] / 100 * white
        samples = np.rint(np.concatenate([lightness, lab[..., 1:] * unit + zero], 2)).astype(int)
        yield Picture(
            name, photometric, samples & ((1 << bits) - 1), RGB, within=7 if bits == 8 else 1
        )


def _lab_of(rgb: np.ndarray) -> np.ndarray:
    """Source: IEC 61966-2-1, adapted to D50, and CIE 15."""
    shares = rgb / 255
    light = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    xyz = light @ np.array(
        [[0.43607, 0.22249, 0.01392], [0.38515, 0.71687, 0.09708], [0.14307, 0.06061, 0.7141]]
    )
    x, y, z = np.moveaxis(np.cbrt(xyz / [0.9642, 1, 0.8249]), -1, 0)
    linear = (841 / 108) * (xyz / [0.9642, 1, 0.8249]) + 4 / 29
    dark = xyz / [0.9642, 1, 0.8249] <= (6 / 29) ** 3
    x, y, z = (np.where(dark[..., n], linear[..., n], root) for n, root in enumerate((x, y, z)))
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def meanings(bits: int, kind: str) -> Iterator[Picture]:
    """Return all pictures of a depth."""
    yield from pictures(bits, kind)
    if kind == "u" and bits <= 8:
        yield from palettes(bits)
    if kind == "u" and bits in (8, 16):
        yield from labs(bits)
    if (kind, bits) == ("u", 8):
        yield Picture("YCbCr", 6, ycbcr(), RGB, {530: (3, [1, 1])}, within=4)
        yield studio_ycbcr()


def storages(picture: Picture, bits: int, kind: str) -> Iterator[Storage]:
    """Return all ways of storing a picture of a depth."""
    for codec in CODECS:
        predictors = (1, *((2,) if bits in (8, 16, 32, 64) else ()), *((3,) if kind == "f" else ()))
        for predictor in predictors if codec in _PREDICTED else (1,):
            for n in range(32):
                order, planar, tiled, reversed_bits, big = (n >> bit & 1 for bit in range(5))
                yield Storage(bits, kind, "<>"[order], bool(planar), codec, predictor, bool(tiled),
                              reversed_bits=bool(reversed_bits), big=bool(big))  # fmt: skip
    if (bits, kind) == (8, "u"):
        for planar in (False, True):
            count = 1 if planar else picture.samples.shape[2]
            for tiled in (False, True):
                refused = picture.photometric in (3, 8, 9) or 532 in picture.tags
                if count in (1, 3, 4) and not refused:
                    yield Storage(codec=JPEG, planar=planar, tiled=tiled, strip_rows=16)
                if picture.photometric == 2 and count in (3, 4):
                    yield Storage(codec=WEBP, tiled=tiled)
    if bits == 1 and picture.samples.shape[2] == 1:
        for codec in FAX:
            for reversed_bits in (False, True):
                yield Storage(1, codec=codec, reversed_bits=reversed_bits)


def variants() -> Iterator[tuple[Picture, Storage]]:
    """Return the whole cross product."""
    for bits, kind in _DEPTHS:
        for picture in meanings(bits, kind):
            for storage in storages(picture, bits, kind):
                yield picture, storage


def subsampled(block: tuple[int, int], order: str, rows: int) -> bytes:
    """Return a TIFF of YCbCr whose blocks of pixels share their colour differences.

    Source: TIFF 6.0, section 21: of each block, all luma values, then Cb, then Cr.
    """
    across, down = block
    strips = []
    for first in range(0, 40, rows):
        strip = ycbcr()[first : first + rows]
        strips.append(b"")
        for top in range(0, len(strip), down):
            for left in range(0, 48, across):
                cell = strip[top : top + down, left : left + across]
                means = np.rint(cell[..., 1:].mean(axis=(0, 1))).astype(int)
                strips[-1] += bytes([*cell[..., 0].ravel().tolist(), *means.tolist()])
    tags = {256: (4, [48]), 257: (4, [40]), 258: (3, [8] * 3), 262: (3, [6]), 277: (3, [3])}
    return laid_out(tags | {278: (4, [rows]), 530: (3, [across, down])}, strips, order)
