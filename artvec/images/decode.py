"""Decode a file once: pixels for the backbone, fingerprint for the collection."""

from __future__ import annotations

import threading
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from artvec.core.choices import DecodeMode, Interpolation
from artvec.core.types import (
    Decoded,
    Fingerprint,
    Preprocessing,
    Recognised,
    Sample,
    Skipped,
    UInt8Array,
)
from artvec.images.bands import (
    PixelBox,
    Want,
    band_bytes,
    narrow_px,
    resample,
    shrink_of,
    turned_upright,
)
from artvec.images.byte_sources import BytesStream, Content, Undecodable, reading, skipped
from artvec.images.detail import Detail
from artvec.images.fingerprint import COLOUR_SIZE, SAMPLED_SIZE, hash_of_sample
from artvec.images.fit import FILTERS, Frame, Resampling, crop_square, geometry, resampling
from artvec.images.memory import DECODING
from artvec.images.opening import (
    MAX_PIXELS,
    WHOLE_PX,
    Opened,
    finish_loading,
    name_failures,
    open_picture,
    opened_in_memory,
)
from artvec.images.srgb import to_srgb

_BUDGET_BASE_BYTES, _BUDGET_BYTES = 200_000_000, 4
"""Memory for decoding, all threads together; the second per pixel of the largest picture."""
_FILE_BYTES = 16
"""Of a file, per pixel of the largest picture: four channels of floats."""
_AVERAGED_PX = 512
"""Short side from which a picture is averaged for its fingerprint: 16 times that of the hash's."""
_WHOLE_BYTES = 28
"""What a pixel takes on its way to sRGB where a picture is converted whole."""
_LOADING = threading.Lock()  # Pillow may read a picture in memory late, and it may be given twice


def decode_sample(
    sample: Sample,
    preprocessing: Preprocessing,
    mode: DecodeMode,
    known: Container[bytes] = frozenset(),
    detail: Detail | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Decoded | Recognised | Skipped:
    """Turn a file into pixels, or say why it can't be; never raises for a bad file.

    Args:
        sample: The file.
        preprocessing: Of the backbone.
        mode: `fast` may decode large JPEGs at a reduced scale.
        known: Content hashes that need no decoding.
        detail: The part of the picture that the pixels come from, decoded at full scale; the
            fingerprint stays the whole picture's.
        max_pixels: Larger pictures are refused by their header.

    Returns:
        The outcome; its sample has the size and times that the file had when it was read.
    """
    try:
        if sample.image is not None:
            return _decoded_image(sample, sample.image, preprocessing, detail)
        with reading(sample.file, max_bytes=_FILE_BYTES * max_pixels) as content:
            sample = replace(
                sample,
                size_bytes=content.size_bytes,
                mtime_ns=content.mtime_ns,
                ctime_ns=content.ctime_ns,
                inode=content.inode,
            )
            if content.sha256 in known:
                return Recognised(sample, content.sha256)
            with name_failures(content):
                mode = "exact" if detail else mode
                opened = open_picture(content, preprocessing, mode, max_pixels)
                fitted = _fitted(opened, content, preprocessing, detail, max_pixels)
                return Decoded(sample, fitted.fingerprint, fitted.pixels)
    except Undecodable as why:
        return skipped(sample, why)


def _decoded_image(
    sample: Sample, image: Image.Image, preprocessing: Preprocessing, detail: Detail | None
) -> Decoded:
    """Turn a picture in memory into pixels; its content hash is that of no file."""
    with _LOADING:
        try:
            image.load()
        except (OSError, SyntaxError) as error:
            raise Undecodable("decode", "corrupt", str(error)) from error
    content = Content(BytesStream(), bytes(32), 0, 0, 0, 0, 0)
    with name_failures(content):
        opened = opened_in_memory(image)
        max_pixels = max(MAX_PIXELS, image.width * image.height)
        fitted = _fitted(opened, content, preprocessing, detail, max_pixels)
        return Decoded(sample, fitted.fingerprint, fitted.pixels)


@dataclass(frozen=True, slots=True)
class Scaled:
    """A picture that may have been made smaller.

    Attributes:
        image: RGB, upright.
        width: Of the full picture as displayed.
        height: Of the full picture as displayed.
    """

    image: Image.Image
    width: int
    height: int


def load_picture(file: str | Path, *, side_px: int) -> Image.Image:
    """Decode a picture for showing, its long side at most `side_px`.

    Raises:
        Undecodable: It can't be decoded whole.
    """
    least = Preprocessing(side_px, side_px, "pad", "lanczos", (1, 1, 1), (1, 1, 1))
    return _scaled(file, least).image


def load_scaled(file: str | Path, *, short_px: int, interpolation: Interpolation) -> Scaled:
    """Decode a picture for training, its short side at most `short_px`; never enlarged.

    Raises:
        Undecodable: It can't be decoded whole.
    """
    least = Preprocessing(short_px, short_px, "crop", interpolation, (1, 1, 1), (1, 1, 1))
    return _scaled(file, least)


def _scaled(file: str | Path, least: Preprocessing) -> Scaled:
    limit = _FILE_BYTES * MAX_PIXELS
    with reading(str(file), max_bytes=limit) as content, name_failures(content):
        opened = open_picture(content, least, "fast", MAX_PIXELS)
        beside_px = narrow_px(opened.upright_size, _whole(opened, least))
        with _loaded(opened, content, beside_px, MAX_PIXELS) as loaded:
            (image,) = _resized(loaded, [_whole(loaded, least)])
            return Scaled(image, loaded.frame.width, loaded.frame.height)


def _whole(opened: Opened, least: Preprocessing) -> Want:
    """Ask for the whole picture, its long (`pad`) or short (`crop`) side at most the size."""
    size = opened.frame.width, opened.frame.height
    crop = least.fit == "crop"
    if (min(size) if crop else max(size)) > least.resize_px:
        size = geometry(*size, least).resized
    shrink = (1, 1) if crop else shrink_of(opened.upright_size)
    return Want(size, FILTERS[least.interpolation], opened.box, shrink=shrink)


@dataclass(frozen=True, slots=True)
class _Seen:
    fingerprint: Fingerprint
    pixels: UInt8Array


def _fitted(
    opened: Opened,
    content: Content,
    preprocessing: Preprocessing,
    detail: Detail | None,
    max_pixels: int,
) -> _Seen:
    size, plan = opened.upright_size, _plan(opened, preprocessing)
    whole = Want(plan.size, FILTERS[preprocessing.interpolation], plan.box)
    beside_px = 2 * size[0] * size[1] if detail else narrow_px(size, whole)
    with _loaded(opened, content, beside_px, max_pixels) as loaded:
        frame, box, shrink = loaded.frame, loaded.box, _fingerprint_shrink(loaded)
        part = _box(detail, frame) if detail else None
        plan = _plan(loaded, preprocessing, part)
        # A crop is cut out at full detail; everything else of an extreme shape is averaged.
        whole_pixels = preprocessing.fit == "crop" or part
        pixels_shrink = (1, 1) if whole_pixels else shrink_of(loaded.upright_size)
        wants = [
            Want(
                plan.size,
                FILTERS[preprocessing.interpolation],
                plan.box,
                False,
                pixels_shrink,
                part,
            ),
            Want(SAMPLED_SIZE, Image.Resampling.LANCZOS, box, grey=True, shrink=shrink),
            Want(COLOUR_SIZE, Image.Resampling.BOX, box, shrink=shrink),
        ]
        resized, grey, grid = _resized(loaded, wants)
    fingerprint = Fingerprint(
        content.sha256, hash_of_sample(grey), grid.tobytes(), frame.width, frame.height
    )
    return _Seen(fingerprint, crop_square(resized, plan, preprocessing))


def _fingerprint_shrink(loaded: Opened) -> tuple[int, int]:
    """By how much to average before the fingerprint is resampled.

    A picture that libjpeg made smaller has been averaged already: doing it once more takes a third
    of the time of resampling it whole, and moves colours by at most 2 of 255.
    """
    if loaded.frame.box and min(loaded.upright_size) >= _AVERAGED_PX and not _in_bands(loaded):
        return (4, 4)
    return shrink_of(loaded.upright_size)


def _plan(opened: Opened, preprocessing: Preprocessing, part: PixelBox | None = None) -> Resampling:
    if part is None:
        return resampling(opened.upright_size, preprocessing, opened.frame)
    size = part[2] - part[0], part[3] - part[1]
    return resampling(size, preprocessing, Frame(*size))


def _box(detail: Detail, frame: Frame) -> PixelBox:
    try:
        return detail.box(frame.width, frame.height)
    except ValueError as error:
        raise Undecodable("decode", "outside", str(error)) from error


@contextmanager
def _loaded(opened: Opened, content: Content, beside_px: int, max_pixels: int) -> Iterator[Opened]:
    """Load a picture when there is memory for that and for what is made of it.

    Args:
        opened: The picture.
        content: Its file.
        beside_px: Pixels of what is made of it.
        max_pixels: The largest picture allowed.

    Raises:
        Undecodable: There never will be.
        Exception: See `name_failures`.
    """
    size = opened.upright_size
    need_bytes = content.held_bytes + opened.codec_bytes + 4 * size[0] * size[1]
    if _in_bands(opened):
        need_bytes += band_bytes(size) + 4 * beside_px
    else:
        need_bytes += _WHOLE_BYTES * size[0] * size[1]
    budget_bytes = _BUDGET_BASE_BYTES + _BUDGET_BYTES * max_pixels
    if need_bytes > budget_bytes:
        allowing = -(-(need_bytes - _BUDGET_BASE_BYTES) // _BUDGET_BYTES)
        message = (
            f"{size[0]} × {size[1]}, of a kind that takes {need_bytes / 1e9:.1f} GB to decode; "
            f"--max-pixels {allowing} allows it"
        )
        raise Undecodable("decode", "too_large", message)
    with DECODING.hold(need_bytes, budget_bytes):
        opened.image.load()
        yield finish_loading(opened)


def _in_bands(opened: Opened) -> bool:
    width, height = opened.upright_size
    return width * height > WHOLE_PX or shrink_of((width, height)) != (1, 1)


def _resized(loaded: Opened, wants: Sequence[Want]) -> list[Image.Image]:
    if _in_bands(loaded):
        return resample(loaded.image, loaded.orientation, wants)
    upright = to_srgb(turned_upright(loaded.image, loaded.orientation))
    reduced = {
        shrink: upright.reduce(shrink) for shrink in {want.shrink for want in wants} - {(1, 1)}
    }
    return [_one(reduced.get(want.shrink, upright), want) for want in wants]


def _one(image: Image.Image, want: Want) -> Image.Image:
    if want.part:
        image = image.crop(want.part)
    if want.grey:
        image = image.convert("L")
    if image.size == want.size and want.box == (0, 0, *want.size):
        return image  # where Pillow would make a copy
    across, down = want.shrink
    left, top, right, bottom = want.box
    box = (left / across, top / down, right / across, bottom / down)
    return image.resize(want.size, want.resampling, box=box)
