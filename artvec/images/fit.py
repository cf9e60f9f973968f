"""Resize and crop a picture exactly as the backbone's evaluation transform does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from artvec.core.types import Preprocessing, UInt8Array

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_MOST_RESIZED_PX = 1 << 24
"""Beyond, only what is seen is resized: a picture 250 times as long as wide, at 256 pixels."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the pixels that a backbone sees come from.

    Attributes:
        resized: (width, height) the whole picture is resized to.
        left: First column of the crop; negative where a border is added.
        top: First row of the crop; negative where a border is added.
    """

    resized: tuple[int, int]
    left: int
    top: int


@dataclass(frozen=True, slots=True)
class Frame:
    """The full picture, and where it lies in an image that may have been decoded smaller.

    Attributes:
        width: Of the full picture as displayed.
        height: Of the full picture as displayed.
        box: (left, top, right, bottom) of the picture in a reduced image, fractions of a pixel
            included, so that a reduced picture lands on the very grid that the full one would.
    """

    width: int
    height: int
    box: tuple[float, float, float, float] | None = None


def geometry(width: int, height: int, preprocessing: Preprocessing) -> Geometry:
    """Lay out resize and crop for a picture of the given size.

    Source: torchvision's `Resize` (short side to the size, long side truncated) and `CenterCrop`
    (half rounded to even), which timm's evaluation transform uses; `pad` follows timm's
    `ResizeKeepRatio` and `CenterCropOrPad`.
    """
    size, resize = preprocessing.size_px, preprocessing.resize_px
    if preprocessing.fit == "squash":
        resized = (resize, resize)
    elif preprocessing.fit == "pad":
        ratio = max(width / resize, height / resize)
        resized = (max(1, round(width / ratio)), max(1, round(height / ratio)))
    elif width <= height:
        resized = (resize, int(resize * height / width))
    else:
        resized = (int(resize * width / height), resize)
    return Geometry(resized, _first(resized[0], size), _first(resized[1], size))


def _first(side: int, size: int) -> int:
    """First of `size` centred pixels along a side; negative where a border is added."""
    return round((side - size) / 2.0) if side >= size else -((size - side) // 2)


def area_lost(width: int, height: int, preprocessing: Preprocessing) -> float:
    """Share of the picture's area that the backbone never sees, 0 to 1."""
    resized = geometry(width, height, preprocessing).resized
    size = preprocessing.size_px
    share = min(1.0, size / resized[0]) * min(1.0, size / resized[1])
    return 1.0 - share


@dataclass(frozen=True, slots=True)
class Resampling:
    """One resize, and where its result lies in the square that the backbone sees.

    Attributes:
        size: (width, height) to resize to.
        box: Part of the decoded image to resize.
        left: Column of the result where the square begins; negative where a border is added.
        top: Row of the result where the square begins; negative where a border is added.
    """

    size: tuple[int, int]
    box: tuple[float, float, float, float]
    left: int
    top: int


def resampling(size: tuple[int, int], preprocessing: Preprocessing, frame: Frame) -> Resampling:
    """Lay out the resize of an image of the given size, as decoded.

    The whole picture is resized and then cropped, as timm does. But where that would make a
    picture of millions of pixels (a line of 1 × 10,000 resized to 224 × 2,240,000), only the part
    that is seen is resized, on the same grid.
    """
    layout = geometry(frame.width, frame.height, preprocessing)
    whole = frame.box or (0.0, 0.0, float(size[0]), float(size[1]))
    width, height = layout.resized
    if width * height <= _MOST_RESIZED_PX:
        return Resampling(layout.resized, whole, layout.left, layout.top)
    across = _visible_span(width, layout.left, preprocessing.size_px, (whole[0], whole[2]))
    down = _visible_span(height, layout.top, preprocessing.size_px, (whole[1], whole[3]))
    box = (across.first, down.first, across.last, down.last)
    return Resampling((across.pixels, down.pixels), box, min(layout.left, 0), min(layout.top, 0))


@dataclass(frozen=True, slots=True)
class _Seen:
    pixels: int
    first: float
    last: float


def _visible_span(side: int, start: int, size: int, edges: tuple[float, float]) -> _Seen:
    """Part of a side that the square shows: resized pixels, and where they lie in the image."""
    pixels, start = min(side, size), max(start, 0)
    scale = (edges[1] - edges[0]) / side
    first = edges[0] + start * scale
    return _Seen(pixels, first, min(first + pixels * scale, edges[1]))


def fit_pixels(image: Image.Image, preprocessing: Preprocessing, frame: Frame) -> UInt8Array:
    """Return the (size, size, 3) uint8 pixels of a decoded RGB picture."""
    plan = resampling(image.size, preprocessing, frame)
    if image.size != plan.size or plan.box != (0, 0, *image.size):
        image = image.resize(plan.size, FILTERS[preprocessing.interpolation], box=plan.box)
    return crop_square(image, plan, preprocessing)


def crop_square(image: Image.Image, plan: Resampling, preprocessing: Preprocessing) -> UInt8Array:
    """Return the (size, size, 3) uint8 square of a resized picture."""
    size = preprocessing.size_px
    if image.width < size or image.height < size:
        red, green, blue = (round(255 * value) for value in preprocessing.mean)
        canvas = Image.new("RGB", (size, size), (red, green, blue))
        canvas.paste(image, (-plan.left, -plan.top))
        return np.asarray(canvas)
    return np.asarray(image.crop((plan.left, plan.top, plan.left + size, plan.top + size)))
