"""Read one file and decode it once: pixels for the backbone, fingerprint for the collection."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from artvec.images.detail import Detail
from artvec.images.fingerprint import colour_grid, perceptual_hash
from artvec.images.fit import Frame, fit_pixels, geometry
from artvec.images.srgb import UnsupportedMode, to_srgb
from artvec.types import (
    Decoded,
    DecodeMode,
    Fingerprint,
    Preprocessing,
    Reason,
    Recognised,
    Sample,
    Skipped,
    Stage,
)

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
MAX_PIXELS = 178_956_970
"""Larger pictures are refused; the size at which Pillow itself calls a file a bomb."""

_SIGNATURES = (
    b"\xff\xd8",
    b"\x89PNG",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
)
_HEIF_BRANDS = (b"", b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1")
_FINGERPRINT_SIDE = 128
_SLACK_LEFT = (2, 3, 6, 7)
_SLACK_TOP = (3, 4, 7, 8)


@dataclass
class Undecodable(Exception):
    """Why a file yields no picture."""

    stage: Stage
    reason: Reason
    message: str


@cache
def readable_formats() -> tuple[str, ...]:
    """Return the formats that can be read, with HEIF where pillow-heif is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return FORMATS
    register_heif_opener()
    return (*FORMATS, "HEIF")


def decode_sample(
    sample: Sample,
    preprocessing: Preprocessing,
    mode: DecodeMode,
    known: Container[bytes] = frozenset(),
    detail: Detail | None = None,
) -> Decoded | Recognised | Skipped:
    """Turn a file into pixels, or say why it can't be; never raises for a bad file.

    Args:
        sample: The file.
        preprocessing: Of the backbone.
        mode: `fast` may decode large JPEGs at a reduced scale.
        known: Content hashes that need no decoding.
        detail: The part of the picture that the pixels come from, decoded at full scale; the
            fingerprint stays the whole picture's.
    """
    try:
        data = _read(sample.file)
        content_hash = hashlib.sha256(data).digest()
        if content_hash in known:
            return Recognised(sample, content_hash)
        image, frame = _open_srgb(data, preprocessing, "exact" if detail else mode)
        seen, seen_frame = _cut(image, detail) if detail else (image, frame)
        pixels = fit_pixels(seen, preprocessing, seen_frame)
    except Undecodable as why:
        return Skipped(
            sample.path, why.stage, why.reason, why.message, sample.size_bytes, sample.mtime_ns
        )
    fingerprint = Fingerprint(
        content_hash,
        perceptual_hash(image, frame.box),
        colour_grid(image, frame.box),
        frame.width,
        frame.height,
    )
    return Decoded(sample, fingerprint, pixels)


def load_picture(file: str | Path, *, side_px: int) -> Image.Image:
    """Decode a picture for showing, its long side at most `side_px`.

    Raises:
        Undecodable: It can't be decoded whole.
    """
    preprocessing = Preprocessing(side_px, side_px, "pad", "bicubic", (1, 1, 1), (1, 1, 1))
    image, frame = _open_srgb(_read(str(file)), preprocessing, "fast")
    width, height = geometry(frame.width, frame.height, preprocessing).resized
    if max(frame.width, frame.height) <= side_px:
        width, height = frame.width, frame.height
    return image.resize((width, height), Image.Resampling.LANCZOS, box=frame.box)


def _read(file: str) -> bytes:
    try:
        data = Path(file).read_bytes()
    except FileNotFoundError as error:
        raise Undecodable("read", "vanished", "it is gone") from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Undecodable("read", "unreadable", why) from error
    if not data:
        raise Undecodable("read", "empty", "the file has no bytes")
    return data


def _open_srgb(
    data: bytes, preprocessing: Preprocessing, mode: DecodeMode
) -> tuple[Image.Image, Frame]:
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=readable_formats())
        frame = _reduce(image, preprocessing, mode)
        if image.width * image.height > MAX_PIXELS:
            message = f"{image.width} × {image.height} pixels, more than {MAX_PIXELS:,}"
            raise Undecodable("decode", "too_large", message)
        image.load()
        # In place: the function would otherwise copy pictures that stand upright already.
        ImageOps.exif_transpose(image, in_place=True)
        return to_srgb(image), frame
    except Undecodable:
        raise
    except UnsupportedMode as error:
        raise Undecodable("decode", "unsupported_mode", str(error)) from error
    except Image.DecompressionBombError as error:
        raise Undecodable("decode", "too_large", "more pixels than can be trusted") from error
    except UnidentifiedImageError as error:
        raise _unidentified(data) from error
    except Exception as error:  # Pillow's plugins raise anything on broken files
        raise _broken(error) from error


def _cut(image: Image.Image, detail: Detail) -> tuple[Image.Image, Frame]:
    try:
        box = detail.box(*image.size)
    except ValueError as error:
        raise Undecodable("decode", "outside", str(error)) from error
    part = image.crop(box)
    return part, Frame(*part.size)


def _reduce(image: Image.Image, preprocessing: Preprocessing, mode: DecodeMode) -> Frame:
    """Ask libjpeg for a smaller picture where at least twice the resize size remains."""
    width, height = image.size
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    # Pillow's TIFF reader turns pictures itself while loading, and has already swapped the size.
    turned = orientation in (5, 6, 7, 8) and image.format != "TIFF"
    shown = (height, width) if turned else (width, height)
    if mode == "exact" or image.format not in ("JPEG", "MPO"):
        return Frame(*shown)
    resized = geometry(*shown, preprocessing).resized
    wanted = tuple(max(2 * side, _FINGERPRINT_SIDE) for side in resized)
    image.draft(None, (wanted[1], wanted[0]) if turned else (wanted[0], wanted[1]))
    reduction = round(width / image.width)
    if reduction == 1:
        return Frame(*shown)
    return Frame(*shown, _box(image.size, shown, reduction, orientation))


def _box(
    stored: tuple[int, int], shown: tuple[int, int], reduction: int, orientation: int
) -> tuple[float, float, float, float]:
    """Where the picture lies in the reduced one, whose last column and row may be partly empty.

    libjpeg pads the stored right and bottom edges; turned upright, these can be left and top.
    """
    stored_width, stored_height = stored[::-1] if orientation in (5, 6, 7, 8) else stored
    width, height = shown[0] / reduction, shown[1] / reduction
    left = stored_width - width if orientation in _SLACK_LEFT else 0.0
    top = stored_height - height if orientation in _SLACK_TOP else 0.0
    return left, top, left + width, top + height


def _unidentified(data: bytes) -> Undecodable:
    is_webp = data.startswith(b"RIFF") and data[8:12] in (b"WEBP", b"")
    is_heif = data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS
    if data.startswith(_SIGNATURES) or is_webp or is_heif:
        return Undecodable("decode", "truncated", "only the beginning of an image file")
    return Undecodable("decode", "not_an_image", "its content is no image format known here")


def _broken(error: Exception) -> Undecodable:
    text = " ".join(str(error).split()) or type(error).__name__
    truncated = "truncated" in text.lower() or isinstance(error, EOFError)
    return Undecodable("decode", "truncated" if truncated else "corrupt", text)
