"""Whether two pictures agree once they are laid over each other: trimmed, mirrored, relit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from artvec.types import Float64Array

THUMBNAIL_PX = 128
"""Long side of the pictures that are compared."""
_SEARCH_PX = 64
_SCALES = np.arange(1, 0.74, -0.025)
"""How much of the width (or height) that a window could have at most it may have."""
_LEAST_WINDOW = 0.7
_LEAST_SIDE_PX = 12
_SAME_SHAPE = 0.03
_BLOCKS = 8
_TEXTURE = 16.0
"""Variance, in squared levels, from which a block shows something."""
_LEAST_TEXTURED = 8
_STEPS = (0.5, 0.25)


@dataclass(frozen=True, slots=True)
class _Window:
    """Where a picture lies within a larger one, in shares of its sides.

    Attributes:
        centre: Across and down.
        size: Across and down.
    """

    centre: tuple[float, float]
    size: tuple[float, float]


_WHOLE = _Window((0.5, 0.5), (1.0, 1.0))


def agreement(one: Image.Image, other: Image.Image) -> float:
    """Return how well two pictures agree in the best position found: 1 for copies.

    The picture that may be a part is searched in the other by normalised cross-correlation, at
    several scales, as it is and mirrored. There the two are cut into 8 × 8 blocks, and the median
    of the blocks' own correlations counts. So neither light nor a caption matters much, while
    another picture of the same composition differs nearly everywhere.

    Args:
        one: Grey, its long side about `THUMBNAIL_PX`.
        other: Likewise.

    Returns:
        Between -1 and 1; 0 where there is too little to see.

    Source: J. P. Lewis, Fast Normalized Cross-Correlation, 1995, for the search.
    """
    mirrored = ImageOps.mirror(other)
    found = [
        _block_correlation(whole, part, window)
        for whole, part in ((one, other), (one, mirrored), (other, one), (mirrored, one))
        for window in _windows(whole, part)
    ]
    return max(found, default=0.0)


def _windows(whole: Image.Image, part: Image.Image) -> Iterator[_Window]:
    """Yield where a part may lie: everywhere if the shapes are equal, and the best place found."""
    shape = part.width / part.height * whole.height / whole.width
    if abs(shape - 1) <= _SAME_SHAPE:
        yield _WHOLE
    searched = _grey(whole, _fitted(whole.size, _SEARCH_PX))
    height, width = searched.shape
    best = (0.0, _WHOLE)
    for scale in _SCALES * min(1.0, shape):
        size = min(width, round(width * scale)), min(height, round(height * scale / shape))
        if scale >= _LEAST_WINDOW and min(size) >= _LEAST_SIDE_PX:
            best = max(best, _best_place(searched, _grey(part, size)), key=lambda found: found[0])
    if best[0] > 0:
        yield best[1]


def _best_place(image: Float64Array, part: Float64Array) -> tuple[float, _Window]:
    """Return the highest normalised cross-correlation of a part with an image, and where."""
    (height, width), (h, w) = image.shape, part.shape
    part = part - part.mean()
    # No position within the image wraps round, so nothing needs padding but for speed.
    square = (_SEARCH_PX, _SEARCH_PX)
    spectrum = np.fft.rfft2(image, square) * np.conj(np.fft.rfft2(part, square))
    covariance = np.fft.irfft2(spectrum, square)[: height - h + 1, : width - w + 1]
    variance = _window_sums(image**2, h, w) - _window_sums(image, h, w) ** 2 / (h * w)
    scale = np.sqrt(np.maximum(variance, 1e-6) * max(float((part**2).sum()), 1e-6))
    correlation = covariance / scale
    top, left = np.unravel_index(int(correlation.argmax()), correlation.shape)
    centre = (float(left) + w / 2) / width, (float(top) + h / 2) / height
    return float(correlation[top, left]), _Window(centre, (w / width, h / height))


def _window_sums(image: Float64Array, height: int, width: int) -> Float64Array:
    sums = np.pad(image.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    down = sums[height:] - sums[:-height]
    inside: Float64Array = down[:, width:] - down[:, :-width]
    return inside


def _block_correlation(whole: Image.Image, part: Image.Image, window: _Window) -> float:
    """Return the median correlation of blocks, the window moved to where all of it fits best."""
    size = _fitted(part.size, THUMBNAIL_PX)
    fixed = _grey(part, size)
    moved = _cut(whole, window, size)
    if window != _WHOLE:
        moved = _refined(whole, window, fixed, moved)
    return _median_of_blocks(moved, fixed)


def _refined(
    whole: Image.Image, window: _Window, fixed: Float64Array, moved: Float64Array
) -> Float64Array:
    """Move and scale a window by parts of a search pixel as long as that helps."""
    best = _correlation(moved, fixed)
    for step in _STEPS:
        for across, down, wider in np.vstack([np.eye(3), -np.eye(3)] * 2) * step / _SEARCH_PX:
            tried = _Window(
                (window.centre[0] + across, window.centre[1] + down),
                (window.size[0] * (1 + wider), window.size[1] * (1 + wider)),
            )
            pixels = _cut(whole, tried, (fixed.shape[1], fixed.shape[0]))
            correlation = _correlation(pixels, fixed)
            if correlation > best:
                best, window, moved = correlation, tried, pixels
    return moved


def _cut(image: Image.Image, window: _Window, size: tuple[int, int]) -> Float64Array:
    sides = tuple(zip(image.size, window.centre, window.size, strict=True))
    low = [max(0.0, side * (centre - share / 2)) for side, centre, share in sides]
    high = [min(float(side), side * (centre + share / 2)) for side, centre, share in sides]
    return _grey(image, size, (low[0], low[1], high[0], high[1]))


def _median_of_blocks(one: Float64Array, other: Float64Array) -> float:
    pairs = [
        (a, b)
        for rows in zip(*(np.array_split(image, _BLOCKS) for image in (one, other)), strict=True)
        for a, b in zip(*(np.array_split(row, _BLOCKS, axis=1) for row in rows), strict=True)
        if max(a.var(), b.var()) > _TEXTURE
    ]
    if len(pairs) < _LEAST_TEXTURED:
        return 0.0
    return float(np.median([_correlation(a, b) for a, b in pairs]))


def _correlation(one: Float64Array, other: Float64Array) -> float:
    a, b = one - one.mean(), other - other.mean()
    return float((a * b).sum() / np.sqrt(max((a * a).sum() * (b * b).sum(), 1e-9)))


def _fitted(size: tuple[int, int], side_px: int) -> tuple[int, int]:
    scale = side_px / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _grey(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> Float64Array:
    resized = image.resize(size, Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized, dtype=np.float64)
