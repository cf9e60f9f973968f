"""Whether two pictures agree once they are laid over each other: trimmed, mirrored, relit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from artvec.types import Float64Array

THUMBNAIL_PX = 128
"""Long side of the pictures that are compared."""
_SEARCH_PX = 48
_SCALES = np.arange(1, 0.74, -0.025)
"""Of the largest window that fits; a smaller part of a picture counts as another picture."""
_LEAST_WINDOW = 0.7
_LEAST_SIDE_PX = 8
_PROMISING = 0.7
"""A place that correlates less is not examined: copies had .86 and more."""
_SAME_SHAPE = 0.03
_BLOCKS, _BLOCK_PX = 8, 12
_TEXTURE = 16.0
"""Variance, in squared levels, from which a block shows something."""
_LEAST_TEXTURED = 8
_STEPS = (0.6, 0.6, 0.3, 0.3)
"""By which a place is refined, in pixels of the search."""
_MOVES = np.vstack([np.eye(3), -np.eye(3)])


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one picture lies within another.

    Attributes:
        correlation: There, -1 to 1.
        whole: The other picture.
        part: The one, mirrored if need be.
        window: (4,), centre across and down, width and height, in shares of the whole's sides.
    """

    correlation: float
    whole: Image.Image
    part: Image.Image
    window: Float64Array


def agreement(one: Image.Image, other: Image.Image) -> float:
    """Return how well two pictures agree in the best position found: 1 for copies.

    The picture that may be a part is searched in the other by normalised cross-correlation, at
    several scales, as it is and mirrored. There, and frame on frame, the two are cut into 8 × 8
    blocks, and the median of the blocks' own correlations counts. So neither light nor a caption
    matters much, while another picture of the same composition differs nearly everywhere.

    Args:
        one: Grey, its long side about `THUMBNAIL_PX`.
        other: Likewise.

    Returns:
        Between -1 and 1; 0 where there is too little to see.

    Source: J. P. Lewis, Fast Normalized Cross-Correlation, 1995, for the search.
    """
    mirrored = ImageOps.mirror(other)
    ways = ((one, other), (one, mirrored), (other, one), (mirrored, one))
    found = [_median_of_blocks(_squared(a), _squared(b)) for a, b in ways[:2] if _same_shape(a, b)]
    best = max((_best_place(*way) for way in ways), key=lambda place: place.correlation)
    if best.correlation >= _PROMISING:
        found.append(_median_of_blocks(*_refined(best)))
    return max(found, default=0.0)


def _same_shape(one: Image.Image, other: Image.Image) -> bool:
    return abs(one.width * other.height / (one.height * other.width) - 1) <= _SAME_SHAPE


def _best_place(whole: Image.Image, part: Image.Image) -> _Place:
    """Search for a part at all scales and return the place where it correlates most."""
    shrink = _SEARCH_PX / max(whole.size)
    width, height = (max(1, round(side * shrink)) for side in whole.size)
    shape = part.width / part.height * height / width
    scales = [s for s in _SCALES * min(1.0, shape) if s >= _LEAST_WINDOW]
    sizes = [(round(width * s), min(height, round(height * s / shape))) for s in scales]
    parts = [_centred(_grey(part, size)) for size in sizes if min(size) >= _LEAST_SIDE_PX]
    best = _Place(0.0, whole, part, np.array([0.5, 0.5, 1.0, 1.0]))
    if not parts:
        return best
    image = _grey(whole, (width, height))
    padded = np.zeros((len(parts), _SEARCH_PX, _SEARCH_PX))
    for at, one in enumerate(parts):
        padded[at, : one.shape[0], : one.shape[1]] = one
    # A window stays within the image, so nothing wraps round.
    spectrum = np.fft.rfft2(image, padded.shape[1:]) * np.conj(np.fft.rfft2(padded))
    products = np.fft.irfft2(spectrum, padded.shape[1:])  # (scales, 48, 48)
    sums, squares = _summed(image), _summed(image**2)
    for one, product in zip(parts, products, strict=True):
        h, w = one.shape
        variance = _window(squares, h, w) - _window(sums, h, w) ** 2 / (h * w)
        scale = np.sqrt(np.maximum(variance, 1e-6) * max(float((one**2).sum()), 1e-6))
        correlation = product[: height - h + 1, : width - w + 1] / scale
        top, left = np.unravel_index(int(correlation.argmax()), correlation.shape)
        if correlation[top, left] > best.correlation:
            window = np.array(
                [(left + w / 2) / width, (top + h / 2) / height, w / width, h / height]
            )
            best = _Place(float(correlation[top, left]), whole, part, window)
    return best


def _refined(place: _Place) -> tuple[Float64Array, Float64Array]:
    """Move and scale a place as long as that helps; return what is there, and the part."""
    fixed = _squared(place.part)
    window = place.window
    moved = _squared(place.whole, window)
    best = _correlation(moved, fixed)
    for step in _STEPS:
        for across, down, wider in _MOVES * step / _SEARCH_PX:
            tried = window + np.array([across, down, *(wider * window[2:])])
            pixels = _squared(place.whole, tried)
            correlation = _correlation(pixels, fixed)
            if correlation > best:
                best, window, moved = correlation, tried, pixels
    return moved, fixed


def _median_of_blocks(one: Float64Array, other: Float64Array) -> float:
    """Return the median correlation of the blocks of two (96, 96) pictures that show something."""
    a, b = (_centred_blocks(image) for image in (one, other))  # (64, 144)
    powers = np.vecdot(a, a), np.vecdot(b, b)  # (64,)
    shows = np.maximum(powers[0], powers[1]) > _TEXTURE * _BLOCK_PX**2
    if shows.sum() < _LEAST_TEXTURED:
        return 0.0
    scale = np.sqrt(np.maximum(powers[0] * powers[1], 1e-9))
    correlations: Float64Array = np.vecdot(a, b) / scale
    return float(np.median(correlations[shows]))


def _centred_blocks(image: Float64Array) -> Float64Array:
    blocks = image.reshape(_BLOCKS, _BLOCK_PX, _BLOCKS, _BLOCK_PX).swapaxes(1, 2)
    flat = blocks.reshape(_BLOCKS**2, _BLOCK_PX**2)
    centred: Float64Array = flat - flat.mean(axis=1, keepdims=True)
    return centred


def _correlation(one: Float64Array, other: Float64Array) -> float:
    a, b = _centred(one).ravel(), _centred(other).ravel()
    return float(a @ b) / math.sqrt(float(a @ a) * float(b @ b) + 1e-9)


def _centred(image: Float64Array) -> Float64Array:
    centred: Float64Array = image - image.mean()
    return centred


def _summed(image: Float64Array) -> Float64Array:
    return np.pad(image.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


def _window(sums: Float64Array, height: int, width: int) -> Float64Array:
    """Return the sums over all windows of a size, from sums over all rectangles at the corner."""
    down = sums[height:] - sums[:-height]
    inside: Float64Array = down[:, width:] - down[:, :-width]
    return inside


def _squared(image: Image.Image, window: Float64Array | None = None) -> Float64Array:
    """Return a window of a picture, or all of it, as (96, 96)."""
    side = _BLOCKS * _BLOCK_PX
    if window is None:
        return _grey(image, (side, side))
    centre, half = window[:2], window[2:] / 2
    low, high = (np.clip(end, 0, 1) * image.size for end in (centre - half, centre + half))
    box = float(low[0]), float(low[1]), float(high[0]), float(high[1])
    return _grey(image, (side, side), box)


def _grey(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> Float64Array:
    resized = image.resize(size, Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized, dtype=np.float64)
