"""Bring any decoded picture to 8-bit sRGB: colour profiles, transparency, depth, odd modes."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from artvec.types import Float32Array, UInt8Array

BACKGROUND = (255, 255, 255)
"""What shows through transparent pixels: white, the paper that most cut-outs are made for."""

_FULL_SCALES = (1.0, 255.0, 65_535.0, 4_294_967_295.0)
_PROFILED = {"RGB": b"RGB ", "L": b"GRAY", "CMYK": b"CMYK", "LAB": b"Lab "}


class UnsupportedMode(ValueError):
    """A picture whose values can't be read as colours."""


def to_srgb(image: Image.Image) -> Image.Image:
    """Return an RGB picture in sRGB, transparency composited over `BACKGROUND`.

    16-bit grey, 32-bit and float pictures are scaled by the smallest full scale that holds their
    largest value (1 for floats, 255, 65,535, 4,294,967,295), never clipped. A colour profile that
    doesn't fit the picture's mode, or is broken, is ignored.

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
    image = _eight_bits(image)
    image = _managed(image, profile) if profile else image
    if image.mode != "RGB":
        image = _unmanaged(image)
    if alpha is None:
        return image
    canvas = Image.new("RGB", image.size, BACKGROUND)
    canvas.paste(image, mask=alpha)
    return canvas


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "RGB", "CMYK", "LAB", "YCbCr", "HSV"):
        return image
    if image.mode in ("1",):
        return image.convert("L")
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_scaled(np.asarray(image, dtype=np.float32), image.mode))
    return image.convert("RGB")


def _scaled(values: Float32Array, mode: str) -> UInt8Array:
    if not np.isfinite(values).all():
        raise UnsupportedMode("holds values that are not finite numbers")
    highest = float(values.max(initial=0.0))
    smallest = 2 if mode.startswith("I;16") else 1 if mode == "I" else 0
    full = next((scale for scale in _FULL_SCALES[smallest:] if highest <= scale), highest)
    scaled: UInt8Array = np.rint(np.clip(values, 0.0, full) * (255.0 / full)).astype(np.uint8)
    return scaled


def _managed(image: Image.Image, profile: bytes) -> Image.Image:
    if profile[16:20] != _PROFILED.get(image.mode):
        return image
    try:
        transform = _transform(profile, image.mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    if transform is None:
        return image
    return ImageCms.applyTransform(image, transform) or image


@lru_cache(maxsize=64)
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
