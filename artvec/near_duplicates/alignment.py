"""Whether two pictures agree once they are laid over each other: trimmed, mirrored, relit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from artvec.core.types import Float64Array
from artvec.near_duplicates import evidence
from artvec.near_duplicates.evidence import BLOCK_PX, BLOCKS

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
_SIDE_PX = BLOCKS * BLOCK_PX
_STEPS = (0.6, 0.6, 0.3, 0.3)
"""By which a place is refined, in pixels of the search."""
_MOVES = np.vstack([np.eye(3), -np.eye(3)])
_Box = tuple[float, float, float, float]


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

    The picture that may be a part is searched in the other by normalised cross-correlation of
    their greys, at several scales, as it is and mirrored. There, and frame on frame, the two are
    compared block by block: see `evidence.agreement`.

    Args:
        one: Its long side about `THUMBNAIL_PX`.
        other: Likewise.

    Returns:
        At most 1; `evidence.UNDECIDED` or `CONTRADICTED` where they don't agree.

    Source: J. P. Lewis, Fast Normalized Cross-Correlation, 1995, for the search.
    """
    found = []
    for pair in _positions(one.convert("RGB"), other.convert("RGB")):
        found.append(evidence.agreement(*pair))
        if found[-1] >= evidence.AGREEMENT:
            break
    return max(found, default=evidence.UNDECIDED)


def _positions(one: Image.Image, other: Image.Image) -> Iterator[tuple[Float64Array, Float64Array]]:
    """Yield both as (96, 96, 3), frame on frame, mirrored, and where one lies in the other."""
    mirrored = ImageOps.mirror(other)
    if _same_shape(one, other):
        yield _squared(one), _squared(other)
        yield _squared(one), _squared(mirrored)
    greys = [image.convert("L") for image in (one, other, mirrored)]
    colours = {id(grey): image for grey, image in zip(greys, (one, other, mirrored), strict=True)}
    ways = ((0, 1), (0, 2), (1, 0), (2, 0))
    places = (_best_place(greys[whole], greys[part]) for whole, part in ways)
    best = max(places, key=lambda place: place.correlation)
    if best.correlation >= _PROMISING:
        yield _squared(colours[id(best.whole)], _refined(best)), _squared(colours[id(best.part)])


def _same_shape(one: Image.Image, other: Image.Image) -> bool:
    return abs(one.width * other.height / (one.height * other.width) - 1) <= _SAME_SHAPE


def _best_place(whole: Image.Image, part: Image.Image) -> _Place:
    """Search for a part at all scales and return the place where it correlates most."""
    shrink = _SEARCH_PX / max(whole.size)
    width, height = (max(1, round(side * shrink)) for side in whole.size)
    shape = part.width / part.height * height / width
    scales = [s for s in _SCALES * min(1.0, shape) if s >= _LEAST_WINDOW]
    sizes = [(round(width * s), min(height, round(height * s / shape))) for s in scales]
    parts = [_centred(_resized(part, size)) for size in sizes if min(size) >= _LEAST_SIDE_PX]
    best = _Place(0.0, whole, part, np.array([0.5, 0.5, 1.0, 1.0]))
    if not parts:
        return best
    image = _resized(whole, (width, height))
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


def _refined(place: _Place) -> Float64Array:
    """Move and scale a place as long as that helps; return its window."""
    fixed = _squared(place.part)
    window = place.window
    best = _correlation(_squared(place.whole, window), fixed)
    for step in _STEPS:
        for across, down, wider in _MOVES * step / _SEARCH_PX:
            tried = window + np.array([across, down, *(wider * window[2:])])
            correlation = _correlation(_squared(place.whole, tried), fixed)
            if correlation > best:
                best, window = correlation, tried
    return window


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
    """Return a window of a picture, or all of it, as (96, 96), or (96, 96, 3) if it is RGB."""
    return _resized(image, (_SIDE_PX, _SIDE_PX), _box(image, window))


def _box(image: Image.Image, window: Float64Array | None) -> _Box | None:
    if window is None:
        return None
    centre, half = window[:2], window[2:] / 2
    low, high = (np.clip(end, 0, 1) * image.size for end in (centre - half, centre + half))
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _resized(image: Image.Image, size: tuple[int, int], box: _Box | None = None) -> Float64Array:
    resized = image.resize(size, Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized, dtype=np.float64)
