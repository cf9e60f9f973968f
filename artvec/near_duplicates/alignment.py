"""Whether two pictures agree once they are laid over each other: trimmed, mirrored, relit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from artvec.core.types import Float64Array
from artvec.near_duplicates import evidence
from artvec.near_duplicates.description import BLOCK_PX, BLOCKS, Description, describe

THUMBNAIL_PX = 128
"""Long side of the pictures that are compared."""
_SEARCH_PX = 48
_PADDED = (_SEARCH_PX, _SEARCH_PX)
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
_CACHED = 128
"""Pictures, mirrored ones too, of which work is kept for the next pair: 100 MB."""
_Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """A small picture to compare; what many comparisons need of it is computed once.

    Attributes:
        image: RGB, its long side about `THUMBNAIL_PX`.
    """

    image: Image.Image


@dataclass(frozen=True, slots=True)
class _Grid:
    """A picture in which others are searched.

    Attributes:
        spectrum: Of its greys, padded.
        sums: Of greys over all rectangles at the corner.
        squares: Likewise of their squares.
    """

    spectrum: npt.NDArray[np.complex128]
    sums: Float64Array
    squares: Float64Array


@dataclass(frozen=True, slots=True)
class _Parts:
    """A picture at the sizes at which it may lie in another, its mean taken off.

    Attributes:
        sizes: (S,) heights and widths.
        norms: (S,) sums of squares.
        spectra: (S, …) conjugate spectra, padded.
    """

    sizes: tuple[tuple[int, int], ...]
    norms: tuple[float, ...]
    spectra: npt.NDArray[np.complex128]


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
    whole: Thumbnail
    part: Thumbnail
    window: Float64Array


def thumbnail(image: Image.Image) -> Thumbnail:
    """Return a picture of any mode, its long side about `THUMBNAIL_PX`, for comparisons."""
    return Thumbnail(image.convert("RGB"))


def agreement(one: Thumbnail, other: Thumbnail) -> float:
    """Return how well two pictures agree in the best position found: 1 for copies.

    The picture that may be a part is searched in the other by normalised cross-correlation of
    their greys, at several scales, as it is and mirrored. There, and frame on frame, the two are
    compared block by block: see `evidence.agreement`.

    Returns:
        At most 1; `evidence.UNDECIDED` or `CONTRADICTED` where they don't agree.

    Source: J. P. Lewis, Fast Normalized Cross-Correlation, 1995, for the search.
    """
    found = []
    for pair in _positions(one, other):
        found.append(evidence.agreement(*pair))
        if found[-1] >= evidence.AGREEMENT:
            break
    return max(found, default=evidence.UNDECIDED)


def _positions(one: Thumbnail, other: Thumbnail) -> Iterator[tuple[Description, Description]]:
    """Yield both described, frame on frame, mirrored, and where one lies in the other."""
    mirrored = _mirrored(other)
    if _same_shape(one.image, other.image):
        yield _whole(one), _whole(other)
        yield _whole(one), _whole(mirrored)
    ways = ((one, other), (one, mirrored), (other, one), (mirrored, one))
    best = max((_best_place(*way) for way in ways), key=lambda place: place.correlation)
    if best.correlation >= _PROMISING:
        yield describe(_squared(best.whole.image, _refined(best))), _whole(best.part)


def _same_shape(one: Image.Image, other: Image.Image) -> bool:
    return abs(one.width * other.height / (one.height * other.width) - 1) <= _SAME_SHAPE


def _best_place(whole: Thumbnail, part: Thumbnail) -> _Place:
    """Search for a part at all scales and return the place where it correlates most."""
    width, height = _search_size(whole.image.size)
    best = _Place(0.0, whole, part, np.array([0.5, 0.5, 1.0, 1.0]))
    parts = _parts(part, (width, height))
    if not parts.sizes:
        return best
    grid = _grid(whole)
    # A window stays within the image, so nothing wraps round.
    products = np.fft.irfft2(grid.spectrum * parts.spectra, _PADDED)  # (S, 48, 48)
    for (h, w), norm, product in zip(parts.sizes, parts.norms, products, strict=True):
        variance = _window(grid.squares, h, w) - _window(grid.sums, h, w) ** 2 / (h * w)
        scale = np.sqrt(np.maximum(variance, 1e-6) * max(norm, 1e-6))
        correlation = product[: height - h + 1, : width - w + 1] / scale
        top, left = np.unravel_index(int(correlation.argmax()), correlation.shape)
        if correlation[top, left] > best.correlation:
            window = np.array(
                [(left + w / 2) / width, (top + h / 2) / height, w / width, h / height]
            )
            best = _Place(float(correlation[top, left]), whole, part, window)
    return best


@lru_cache(_CACHED)
def _mirrored(thumbnail: Thumbnail) -> Thumbnail:
    return Thumbnail(ImageOps.mirror(thumbnail.image))


@lru_cache(_CACHED)
def _grey(thumbnail: Thumbnail) -> Image.Image:
    return thumbnail.image.convert("L")


@lru_cache(_CACHED)
def _whole(thumbnail: Thumbnail) -> Description:
    return describe(_squared(thumbnail.image))


@lru_cache(_CACHED)
def _grid(whole: Thumbnail) -> _Grid:
    image = _resized(_grey(whole), _search_size(whole.image.size))
    return _Grid(np.fft.rfft2(image, _PADDED), _summed(image), _summed(image**2))


@lru_cache(_CACHED)
def _parts(part: Thumbnail, size: tuple[int, int]) -> _Parts:
    """Return a picture at the sizes at which it may lie in one of that width and height."""
    width, height = size
    shape = part.image.width / part.image.height * height / width
    scales = [s for s in _SCALES * min(1.0, shape) if s >= _LEAST_WINDOW]
    sizes = [(round(width * s), min(height, round(height * s / shape))) for s in scales]
    grey = _grey(part)
    parts = [_centred(_resized(grey, size)) for size in sizes if min(size) >= _LEAST_SIDE_PX]
    padded = np.zeros((len(parts), *_PADDED))
    for at, one in enumerate(parts):
        padded[at, : one.shape[0], : one.shape[1]] = one
    return _Parts(
        sizes=tuple((one.shape[0], one.shape[1]) for one in parts),
        norms=tuple(float((one**2).sum()) for one in parts),
        spectra=np.conj(np.fft.rfft2(padded)) if parts else np.zeros(0, np.complex128),
    )


def _search_size(size: tuple[int, int]) -> tuple[int, int]:
    shrink = _SEARCH_PX / max(size)
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def _refined(place: _Place) -> Float64Array:
    """Move and scale a place as long as that helps; return its window."""
    fixed = _squared(_grey(place.part))
    window, whole = place.window, _grey(place.whole)
    best = _correlation(_squared(whole, window), fixed)
    for step in _STEPS:
        for across, down, wider in _MOVES * step / _SEARCH_PX:
            tried = window + np.array([across, down, *(wider * window[2:])])
            correlation = _correlation(_squared(whole, tried), fixed)
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
