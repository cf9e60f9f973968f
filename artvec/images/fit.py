"""Resize and crop a picture exactly as the backbone's evaluation transform does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from artvec.types import Preprocessing, UInt8Array

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


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
    seen = min(1.0, size / resized[0]) * min(1.0, size / resized[1])
    return 1.0 - seen


def fit_pixels(image: Image.Image, preprocessing: Preprocessing, frame: Frame) -> UInt8Array:
    """Return the (size, size, 3) uint8 pixels of a decoded RGB picture."""
    layout = geometry(frame.width, frame.height, preprocessing)
    if image.size != layout.resized or frame.box is not None:
        image = image.resize(layout.resized, FILTERS[preprocessing.interpolation], box=frame.box)
    return _crop(image, layout, preprocessing)


def _crop(image: Image.Image, layout: Geometry, preprocessing: Preprocessing) -> UInt8Array:
    size = preprocessing.size_px
    if image.width < size or image.height < size:
        red, green, blue = (round(255 * value) for value in preprocessing.mean)
        canvas = Image.new("RGB", (size, size), (red, green, blue))
        canvas.paste(image, (-layout.left, -layout.top))
        return np.asarray(canvas)
    return np.asarray(image.crop((layout.left, layout.top, layout.left + size, layout.top + size)))
