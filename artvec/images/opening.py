"""Open a file as a picture: what it is, how large, which way up; no pixel is decoded here."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module

from PIL import ExifTags, Image, UnidentifiedImageError

from artvec.core.choices import DecodeMode
from artvec.core.types import Preprocessing
from artvec.images.bands import Box
from artvec.images.bmp.picture import BmpPicture
from artvec.images.byte_sources import BytesStream, Content, FileStream, Undecodable
from artvec.images.completion import completion_of, prepared_head
from artvec.images.fit import Frame, geometry
from artvec.images.headers import (
    begins_like_an_image,
    jpeg_has_several_scans,
    lacks_bytes,
    unreadable_kind,
)
from artvec.images.srgb import UnsupportedMode
from artvec.images.tiff.codecs import import_codecs
from artvec.images.tiff.directory import SIGNATURES as TIFF_SIGNATURES
from artvec.images.tiff.picture import TiffPicture
from artvec.images.unread_formats import HEIC_REMEDY, is_heic, why_no_image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_PLUGINS = ("Avif", "Mpo", "Tiff", "WebP")
"""Pillow's that `Image.preinit` leaves out (Tiff reads EXIF); `Image.init` imports forty more."""

MAX_PIXELS = 178_956_970
"""Larger pictures are refused; the size at which Pillow itself calls a file a bomb."""
WHOLE_PX = 1 << 22
"""Larger pictures are converted band by band, and their memory is counted exactly."""

_HEAD_BYTES, _HEADER_BYTES = 1 << 20, 1 << 10
_HEADER_READS, _BYTES_A_READ = 30_000, 128
_MAX_SCANS = 1_000
_CODEC_BYTES = {"WEBP": 14, "AVIF": 16, "HEIF": 10, "BMP": 3}
"""What a decoder takes per pixel beside the picture it yields, measured and rounded up."""
_FINGERPRINT_SIDE = 128
_SLACK_LEFT = (2, 3, 6, 7)
_SLACK_TOP = (3, 4, 7, 8)


# What Pillow logs about a file is in the reason already; unheard, Python would print it.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@cache
def readable_formats() -> tuple[str, ...]:
    """Return the formats that can be read, with HEIF where pillow-heif is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return FORMATS
    register_heif_opener()
    return (*FORMATS, "HEIF")


def import_decoders() -> None:
    """Import now what decoding imports when it first needs it; to be called before threads start.

    An interrupt that falls into a thread's import can leave the import's lock held, and all other
    threads waiting for it.
    """
    Image.preinit()
    for name in _PLUGINS:
        import_module(f"PIL.{name}ImagePlugin")
    readable_formats()
    import_codecs()


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture whose header has been read, and nothing more.

    Attributes:
        image: Not loaded; of a JPEG, as small as it will be decoded.
        orientation: By EXIF, 1 to 8, to be applied once it is loaded; see `finish_loading`.
        frame: The full picture, and where it lies in the image.
        codec_bytes: What its decoder takes beside the image.
        complete: Gives the loaded image what its decoder loses; see `finish_loading`.
    """

    image: Image.Image
    orientation: int
    frame: Frame
    codec_bytes: int
    complete: Callable[[Image.Image], Image.Image] | None = None

    @property
    def upright_size(self) -> tuple[int, int]:
        """(width, height) of the image once its orientation is applied."""
        width, height = self.image.size
        return (height, width) if self.orientation >= 5 else (width, height)

    @property
    def box(self) -> Box:
        """Where the full picture lies in the upright image."""
        return self.frame.box or (0, 0, *self.upright_size)


def open_picture(
    content: Content, preprocessing: Preprocessing, mode: DecodeMode, max_pixels: int
) -> Opened:
    """Read a picture's header, and refuse what would take too much.

    Raises:
        Undecodable: It is too large, or made of too many parts.
        Exception: Anything Pillow's plugins raise on broken files; see `name_failures`.
    """
    stream = content.stream
    stream.reads_left = _HEADER_READS
    head = prepared_head(stream)
    stream.reads_left = _HEADER_READS
    if Image.MAX_IMAGE_PIXELS is not None:  # Pillow's own limit, never lowered here
        Image.MAX_IMAGE_PIXELS = max(max_pixels, Image.MAX_IMAGE_PIXELS)
    image = _opened(stream)
    stream.reads_left += content.size_bytes // _BYTES_A_READ
    full_px = image.width * image.height
    if full_px > max_pixels:
        message = f"{image.width} × {image.height}: {_too_many(full_px)}"
        raise Undecodable("decode", "too_large", message)
    # A PNG may tell its EXIF behind the pixels.
    orientation = 1 if image.format == "PNG" else _orientation(image)
    codec_bytes = _CODEC_BYTES.get(image.format or "", 0) * full_px
    if isinstance(image, TiffPicture | BmpPicture):
        codec_bytes += image.codec_bytes
    elif image.format in ("WEBP", "AVIF", "HEIF"):
        codec_bytes += 2 * content.size_bytes
    elif image.format in ("JPEG", "MPO") and full_px > WHOLE_PX:
        codec_bytes += _coefficient_bytes(image, stream)
    frame = _reduce(image, orientation, preprocessing, mode)
    completion = completion_of(image, head, stream)
    if completion is None:
        return Opened(image, orientation, frame, codec_bytes)
    codec_bytes += completion.more_bytes
    return Opened(image, orientation, frame, codec_bytes, completion.complete)


def opened_in_memory(image: Image.Image) -> Opened:
    """Describe a picture that is in memory as `open_picture` describes that of a file."""
    whole = Opened(image, _orientation(image), Frame(*image.size), 0)
    return replace(whole, frame=Frame(*whole.upright_size))


def _opened(stream: BytesStream | FileStream) -> Image.Image:
    magic = stream.read(4)
    stream.seek(0)
    if magic in TIFF_SIGNATURES:
        return TiffPicture(stream)
    if magic.startswith(b"BM"):
        return BmpPicture(stream)
    return Image.open(stream, formats=[f for f in readable_formats() if f not in ("BMP", "TIFF")])


def finish_loading(opened: Opened) -> Opened:
    """Return a loaded picture with what only its pixels or the end of its file complete."""
    if opened.complete is None:
        return opened
    orientation = _orientation(opened.image) if opened.image.format == "PNG" else opened.orientation
    image = opened.complete(opened.image)
    whole = replace(opened, image=image, orientation=orientation)
    return replace(whole, frame=Frame(*whole.upright_size))


def _too_many(pixels: int) -> str:
    return f"{pixels:,} pixels; --max-pixels {pixels} allows it"


@contextmanager
def name_failures(content: Content) -> Iterator[None]:
    """Turn whatever a broken file raises into one of the fixed reasons.

    Raises:
        Undecodable: With that reason.
    """
    try:
        yield
    except Undecodable:
        raise
    except UnsupportedMode as error:
        raise Undecodable("decode", "unsupported_mode", str(error)) from error
    except Image.DecompressionBombError as error:
        pixels = int(re.findall(r"\d+", str(error))[0])
        raise Undecodable("decode", "too_large", _too_many(pixels)) from error
    except MemoryError as error:
        raise Undecodable("decode", "too_large", "takes more memory than there is") from error
    except Exception as error:  # Pillow's plugins raise anything on broken files
        raise _broken(error, content) from error


def _broken(error: Exception, content: Content) -> Undecodable:
    content.stream.reads_left = 1
    content.stream.seek(0)
    head = content.stream.read(_HEAD_BYTES)
    text = " ".join(str(error).split()) or type(error).__name__
    if not begins_like_an_image(head):
        return Undecodable("decode", "not_an_image", why_no_image(head))
    if "Decompressed data too large" in text:
        return Undecodable("decode", "too_large", "its texts or profile unpack to more than 1 MB")
    truncated = lacks_bytes(head, content.size_bytes)
    if not truncated and is_heic(head) and "HEIF" not in readable_formats():
        message = f"a HEIC picture; {HEIC_REMEDY} reads it"
        return Undecodable("decode", "unsupported_mode", message)
    unidentified = isinstance(error, UnidentifiedImageError)
    if not truncated and unidentified and (kind := unreadable_kind(head)):
        message = f"{kind} that can't be read here; save it as 8-bit PNG or TIFF"
        return Undecodable("decode", "unsupported_mode", message)
    if unidentified:
        short = content.size_bytes < _HEADER_BYTES and head.startswith(b"GIF")
        truncated = truncated or short
        text = "its header is incomplete" if truncated else "its header is damaged"
    else:
        truncated = truncated or "truncated" in text.lower() or isinstance(error, EOFError)
    return Undecodable("decode", "truncated" if truncated else "corrupt", text)


def _orientation(image: Image.Image) -> int:
    if isinstance(image, TiffPicture):
        return image.orientation
    try:
        exif = Image.Exif()
        if image.info.get("exif"):
            exif.load(image.info["exif"])
        orientation = exif.get(ExifTags.Base.Orientation)
    except Exception:  # whatever broken EXIF raises: it costs the orientation, not the picture
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _coefficient_bytes(image: Image.Image, stream: BytesStream | FileStream) -> int:
    """What libjpeg holds of a JPEG in several scans, each of which goes over the whole picture."""
    here = stream.tell()
    stream.seek(0)
    several = jpeg_has_several_scans(stream)
    if several:
        stream.seek(0)
        chunks = iter(lambda: stream.read(_HEAD_BYTES), b"")
        scans = sum(chunk.count(b"\xff\xda") for chunk in chunks)
        if scans > _MAX_SCANS:
            raise Undecodable("decode", "corrupt", f"a JPEG in {scans:,} scans")
    stream.seek(here)
    layers: int = getattr(image, "layers", 4)
    return 2 * layers * image.width * image.height if several else 0


def _reduce(
    image: Image.Image, orientation: int, preprocessing: Preprocessing, mode: DecodeMode
) -> Frame:
    """Ask libjpeg for a smaller picture where at least twice the resize size remains."""
    width, height = image.size
    turned = orientation >= 5
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
