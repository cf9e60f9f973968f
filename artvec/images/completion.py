"""Complete what Pillow makes of a PNG, an AVIF or a HEIC by what it doesn't read of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from artvec.images.byte_sources import BytesStream, FileStream
from artvec.images.code_points import avif_profile
from artvec.images.heif_boxes import properties
from artvec.images.png_chunks import PngHead, png_head
from artvec.images.png_pixels import completed, more_bytes_each

_READS = 30_000
_ICC, _ICC_HEAD_BYTES = b"ICC_PROFILE\0", 14
_WHOLE_BYTES, _WHOLE_PX = 28, 1 << 22
"""What a pixel takes where a picture is converted whole, and up to how many are."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What is still to be done with a picture once it is loaded.

    Attributes:
        complete: Does it.
        more_bytes: What it takes beside the decoder.
    """

    complete: Callable[[Image.Image], Image.Image]
    more_bytes: int


def prepared_head(stream: BytesStream | FileStream) -> PngHead | None:
    """Read a PNG's head, and hide from Pillow what it would stumble over; None for others."""
    head = png_head(stream)
    if head is not None:
        stream.overlay(head.hides)
    stream.seek(0)
    return head


def completion_of(
    image: Image.Image, head: PngHead | None, stream: BytesStream | FileStream
) -> Completion | None:
    """Say what is to be done with a picture that is not loaded yet; None where nothing is."""
    if image.format == "PNG" and head is not None:
        return _of_png(image, head, stream)
    if image.format in ("AVIF", "HEIF"):
        return _of_boxes(image, stream)
    if image.format == "GIF":
        return _of_gif(image)
    if isinstance(image, JpegImageFile) and not image.info.get("icc_profile"):
        image.info["icc_profile"] = _jpeg_profile(image)
    return None


def _of_png(image: Image.Image, head: PngHead, stream: BytesStream | FileStream) -> Completion:
    def again() -> Image.Image:
        stream.seek(0)
        stream.reads_left += _READS
        return Image.open(stream, formats=("PNG",))

    more_bytes = more_bytes_each(head) * image.width * image.height
    return Completion(partial(completed, head=head, again=again), more_bytes)


def _of_boxes(image: Image.Image, stream: BytesStream | FileStream) -> Completion | None:
    """Take colours from code points, and the part that is shown.

    Of a HEIC, its decoder has cut that part out already.
    """
    stream.reads_left += _READS
    said = properties(stream, image.size)
    if said.code_points and not image.info.get("icc_profile"):
        profile = avif_profile(*said.code_points)
        image.info |= {"icc_profile": profile} if profile else {}
    if image.format == "HEIF" or said.shown is None:
        return None
    _, _, width, height = said.shown
    cut_bytes = 4 * width * height + _WHOLE_BYTES * min(width * height, _WHOLE_PX)
    return Completion(partial(Image.Image.crop, box=said.shown), cut_bytes)


def _of_gif(image: Image.Image) -> Completion | None:
    """Leave clear what the first frame doesn't cover, as browsers do; Pillow fills it."""
    frame: tuple[int, int, int, int] = image.tile[0][1]  # type: ignore[attr-defined]
    if frame == (0, 0, *image.size):
        return None

    def complete(loaded: Image.Image) -> Image.Image:
        canvas = Image.new("RGBA", loaded.size)
        canvas.paste(loaded.crop(frame).convert("RGBA"), frame[:2])
        return canvas

    return Completion(complete, 10 * image.width * image.height)


def _jpeg_profile(image: JpegImageFile) -> bytes | None:
    """Put a JPEG's profile together where its parts come late or twice, which Pillow gives up on.

    Source: ICC.1:2022, annex B.4.
    """
    parts: dict[int, bytes] = {}
    total = 0
    for name, body in image.applist:
        if name == "APP2" and body.startswith(_ICC) and len(body) > _ICC_HEAD_BYTES:
            total = body[13]
            parts.setdefault(body[12], body[_ICC_HEAD_BYTES:])
    whole = total and set(parts) == set(range(1, total + 1))
    return b"".join(parts[at] for at in sorted(parts)) if whole else None
