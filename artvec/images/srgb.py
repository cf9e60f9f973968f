"""Bring any decoded picture to 8-bit sRGB: colour profiles, transparency, depth, odd modes."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from artvec.core.types import UInt8Array

BACKGROUND = (255, 255, 255)
"""What shows through transparent pixels: white, the paper that most cut-outs are made for."""

_FULL_SCALES = (1.0, 255.0, 65_535.0, 4_294_967_295.0)
_MAX_PROFILE_BYTES = 4 << 20
"""Printers' largest tables are smaller; a few are remembered, with their transforms."""
_PROFILED = {"RGB": b"RGB ", "L": b"GRAY", "CMYK": b"CMYK", "LAB": b"Lab "}


class UnsupportedMode(ValueError):
    """A picture whose values can't be read as colours."""


def to_srgb(image: Image.Image, full: float | None = None) -> Image.Image:
    """Return an RGB picture in sRGB, transparency composited over `BACKGROUND`.

    A colour profile that doesn't fit the picture's mode, or is broken, is ignored.

    Args:
        image: Of any mode.
        full: The `full_scale` of the whole picture, where this is a part of a wide one.

    Raises:
        UnsupportedMode: The picture holds values that are no colours (NaN, infinity).
    """
    profile = image.info.get("icc_profile")
    alpha = None
    if image.has_transparency_data and image.mode.startswith("I"):
        transparent = image.info["transparency"]
        alpha = Image.fromarray(np.asarray(image) != transparent).convert("L")
    elif image.has_transparency_data:
        image = image.convert("LA" if image.mode in ("LA", "La") else "RGBA")
        alpha = image.getchannel("A")
        image = image.convert("L" if image.mode == "LA" else "RGB")
    image = _eight_bits(image, full)
    image = _managed(image, profile) if profile else image
    if image.mode != "RGB":
        image = _unmanaged(image)
    if alpha is None:
        return image
    canvas = Image.new("RGB", image.size, BACKGROUND)
    canvas.paste(image, mask=alpha)
    return canvas


def is_wide(mode: str) -> bool:
    """Say whether the values of a mode have more than eight bits."""
    return mode.startswith(("I", "F"))


def full_scale(image: Image.Image) -> float:
    """Return the value that is white in a picture of 16-bit grey, 32-bit or float values.

    It is the smallest full scale that holds the largest value: 1 for floats, 255, 65,535,
    4,294,967,295, else that value; so nothing is clipped.

    Raises:
        UnsupportedMode: The picture holds values that are no colours (NaN, infinity).
    """
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise UnsupportedMode("holds values that are not finite numbers")
    highest = float(values.max(initial=0))
    smallest = 2 if image.mode.startswith("I;16") else 1 if image.mode == "I" else 0
    return next((scale for scale in _FULL_SCALES[smallest:] if highest <= scale), highest)


def _eight_bits(image: Image.Image, full: float | None) -> Image.Image:
    if image.mode in ("L", "RGB", "CMYK", "LAB", "YCbCr", "HSV"):
        return image
    if image.mode in ("1",):
        return image.convert("L")
    if is_wide(image.mode):
        white = full_scale(image) if full is None else full
        values = np.clip(np.asarray(image, dtype=np.float32), 0.0, white)
        scaled: UInt8Array = np.rint(values * (255.0 / white)).astype(np.uint8)
        return Image.fromarray(scaled)
    return image.convert("RGB")


def _managed(image: Image.Image, profile: bytes) -> Image.Image:
    if image.mode == "L" and profile[16:20] == _PROFILED["RGB"]:
        image = image.convert("RGB")  # three equal channels, as browsers take it
    if profile[16:20] != _PROFILED.get(image.mode) or len(profile) > _MAX_PROFILE_BYTES:
        return image
    try:
        transform = _transform(profile, image.mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    if transform is None:
        return image
    return ImageCms.applyTransform(image, transform) or image


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Build the transform to sRGB; None where it would change no colour by more than rounding."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode != "RGB":
        return transform
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    probe = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    managed = ImageCms.applyTransform(Image.fromarray(probe), transform)
    change = np.abs(np.asarray(managed).astype(int) - probe).max()
    return None if change <= 2 else transform


def _unmanaged(image: Image.Image) -> Image.Image:
    if image.mode != "LAB":
        return image.convert("RGB")
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    return converted
