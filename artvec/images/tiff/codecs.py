"""Unpack a TIFF's strips and tiles into lines of samples as they were before they were packed."""

from __future__ import annotations

import io
import lzma
import struct
import zlib
from typing import Protocol

import numpy as np
from PIL import Image

from artvec.images.tiff.codes import (
    DEFLATE,
    FAX,
    GROUP_3,
    JPEG,
    LERC,
    LZMA,
    LZW,
    NONE,
    PACKBITS,
    RLE,
    STREAMED,
    WEBP,
    YCBCR,
    ZSTD,
    unsupported,
)
from artvec.images.tiff.directory import Directory
from artvec.images.tiff.layout import Layout

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_FEED_BYTES = 1 << 16
_LZMA_BYTES = 80 << 20
"""Enough for the largest dictionary of `xz -9`."""
_LAZY = (
    "ccittrle_decode",
    "float24_decode",
    "lerc_decode",
    "lzw_decode",
    "packints_decode",
    "zstd_decode",
)
"""One of each module of imagecodecs, which imports them by name."""
_MAX_SCANS = 1_000
_PICTURE_BYTES = {JPEG: 20, WEBP: 26}
"""What libjpeg or libwebp take per pixel, with the picture and its copies."""
_DAMAGED = "the pixels of a strip or tile are damaged"


def import_codecs() -> None:
    """Import now what unpacking imports when it first needs it."""
    import imagecodecs

    for name in _LAZY:
        assert getattr(imagecodecs, name)


class Unpacked(Protocol):
    """A strip or tile, unpacked while it is read."""

    def read(self, size: int, /) -> bytes | memoryview:
        """Return the next bytes; fewer where there are no more."""


def codec_bytes(layout: Layout) -> int:
    """Return what unpacking takes beside the lines that are asked for, an upper estimate."""
    if layout.compression in STREAMED:
        held = _LZMA_BYTES if layout.compression == LZMA else 4 * _FEED_BYTES
        return layout.planes * held
    packed = int(layout.counts.max())
    part_px = layout.part[0] * layout.part[1]
    if layout.compression in _PICTURE_BYTES:
        return layout.planes * (3 * packed + _PICTURE_BYTES[layout.compression] * part_px)
    fax_px = part_px if layout.compression in FAX else 0
    return layout.planes * (2 * packed + layout.part_bytes + 2 * fax_px)


def unpacked(layout: Layout, part: int) -> Unpacked:
    """Return the lines of a part, as bytes.

    Raises:
        UnsupportedMode: They are packed in a way that can't be read.
        ValueError: They are damaged.
        EOFError: The file ends before them.
    """
    packed = _Packed(layout, part)
    if layout.compression == NONE:
        return packed
    if layout.compression in DEFLATE:
        return _Inflated(packed)
    if layout.compression == LZMA:
        return _Unxzed(packed)
    data = packed.read(packed.left)
    try:
        return _Whole(_whole(layout, data, part))
    except (RuntimeError, OSError) as error:  # imagecodecs raises the one, Pillow the other
        raise ValueError(_DAMAGED) from error


class _Packed:
    """The bytes of a part as they lie in the file, the first bit of each in its first place."""

    def __init__(self, layout: Layout, part: int) -> None:
        self._directory: Directory = layout.directory
        self._at, self.left = int(layout.offsets[part]), int(layout.counts[part])
        if layout.compression == NONE:  # whose lengths are known, where they are told wrongly
            needed = -(-layout.rows_of(part) // layout.line_rows) * layout.line_bytes
            there = self._directory.size_bytes - self._at
            self.left = max(needed, min(self.left, there))
        if self._at < 8 or self.left <= 0:
            raise ValueError("a strip or tile is missing")
        self._is_reversed = layout.directory.number(266, 1) == 2 and layout.compression != JPEG

    def read(self, size: int, /) -> bytes:
        size = min(size, self.left)
        data = self._directory.read(self._at, size)
        self._at, self.left = self._at + size, self.left - size
        return data.translate(_REVERSED) if self._is_reversed else data


class _Whole:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = memoryview(data), 0

    def read(self, size: int, /) -> memoryview:
        self._at += size
        return self._data[self._at - size : self._at]


class _Inflated:
    def __init__(self, packed: _Packed) -> None:
        self._packed, self._unpacker, self._tail = packed, zlib.decompressobj(), b""

    def read(self, size: int, /) -> bytes:
        parts: list[bytes] = []
        while size and not self._unpacker.eof:
            fed = self._tail or self._packed.read(_FEED_BYTES)
            try:
                parts.append(self._unpacker.decompress(fed, size))
            except zlib.error as error:
                raise ValueError(_DAMAGED) from error
            self._tail = self._unpacker.unconsumed_tail
            size -= len(parts[-1])
            if not fed and not parts[-1]:
                break
        return b"".join(parts)


class _Unxzed:
    def __init__(self, packed: _Packed) -> None:
        self._packed, self._unpacker = packed, lzma.LZMADecompressor(memlimit=_LZMA_BYTES)

    def read(self, size: int, /) -> bytes:
        parts: list[bytes] = []
        while size and not self._unpacker.eof:
            fed = self._packed.read(_FEED_BYTES) if self._unpacker.needs_input else b""
            if self._unpacker.needs_input and not fed:
                break
            try:
                parts.append(self._unpacker.decompress(fed, size))
            except lzma.LZMAError as error:
                raise ValueError(_DAMAGED) from error
            size -= len(parts[-1])
        return b"".join(parts)


def _whole(layout: Layout, data: bytes, part: int) -> bytes:
    if layout.compression == JPEG:
        return _jpeg(layout, data, part)
    if layout.compression == WEBP:
        return _pixels(layout, Image.open(io.BytesIO(data), formats=("WEBP",)), part)
    import imagecodecs  # which few commands need

    room = layout.part_bytes + max(layout.surplus_bytes, 128)  # a last run may be too long
    if layout.compression == LZW:
        if data[0] == 0 and data[1:2] and data[1] & 1:
            raise unsupported("compressed by LZW of the old style")
        return bytes(imagecodecs.lzw_decode(data, out=room))
    if layout.compression == PACKBITS:
        return bytes(imagecodecs.packbits_decode(data, out=room))
    if layout.compression == ZSTD:
        return bytes(imagecodecs.zstd_decode(data, out=room))
    if layout.compression == LERC:
        return _lerc(layout, data, part)
    return _fax(layout, data, layout.rows_of(part))


def _fax(layout: Layout, data: bytes, rows: int) -> bytes:
    import imagecodecs

    width = layout.part[0]
    if layout.compression == RLE:
        pixels = imagecodecs.ccittrle_decode(data, rows, width)
    elif layout.compression == GROUP_3:
        options = layout.directory.number(292, 0)
        pixels = imagecodecs.ccittfax3_decode(data, rows, width, t4options=options)
    else:
        pixels = imagecodecs.ccittfax4_decode(data, rows, width)
    return np.packbits(np.asarray(pixels) != 0, axis=1).tobytes()


def _lerc(layout: Layout, data: bytes, part: int) -> bytes:
    import imagecodecs

    version, packing = layout.directory.numbers(50_674, (0, 0), 2)
    room = 2 * layout.part_bytes + _FEED_BYTES
    if packing == 1:
        data = zlib.decompressobj().decompress(data, room)
    elif packing == 2:
        data = bytes(imagecodecs.zstd_decode(data, out=room))
    if version < 4 or packing > 2 or not data.startswith(b"Lerc2 ") or len(data) < 22:
        raise unsupported("compressed by LERC of an unknown version")
    rows, columns = struct.unpack_from("<ii", data, 14)
    if columns != layout.part[0] or not layout.rows_of(part) <= rows <= layout.part[1]:
        raise ValueError(f"a strip or tile holds {columns} × {rows} pixels")
    values, masks = imagecodecs.lerc_decode(data, masks=True)
    if masks is not None and not masks.all():
        raise unsupported("compressed by LERC with pixels left out")
    expected = f"{layout.kind}{layout.bits // 8}"
    if values.dtype != expected or values.size != rows * columns * layout.plane_samples:
        raise unsupported("compressed by LERC with other values than its tags say")
    return bytes(values.astype(layout.directory.order + expected).tobytes())


def _jpeg(layout: Layout, data: bytes, part: int) -> bytes:
    """Decode a JPEG whose colours are told by the TIFF's tags, as libtiff does."""
    tables = layout.directory.values(347, 1 << 16).tobytes()[2:-2]
    if data.count(b"\xff\xda") > _MAX_SCANS:
        raise ValueError(f"a JPEG in more than {_MAX_SCANS:,} scans")
    transform = int(layout.photometric == YCBCR and layout.planes == 1)
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([transform])
    whole = b"\xff\xd8" + adobe + tables + _without_its_colours(layout, data, transform)
    image = Image.open(io.BytesIO(whole), formats=("JPEG",))
    return _pixels(layout, image, part, inverted=image.mode == "CMYK")


def _without_its_colours(layout: Layout, data: bytes, transform: int) -> bytes:
    """Return a JPEG's segments without its start, and without those that say what its colours are.

    Raises:
        UnsupportedMode: These contradict the TIFF's tags; readers don't agree on whom to believe.
    """
    at, markers = 2, b""
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] not in (b"\xda", b"\xd9", b""):
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        segment = data[at + 4 : end]
        is_jfif = segment.startswith(b"JFIF\0")  # whose three colours are YCbCr
        if (segment.startswith(b"Adobe") and segment[11:12] != bytes([transform])) or (
            is_jfif and layout.plane_samples == 3 and not transform
        ):
            raise unsupported("whose JPEG data name other colours than its tags")
        if not is_jfif and not segment.startswith(b"Adobe"):
            markers += data[at:end]
        at = end
    return markers + data[at:]


def _pixels(layout: Layout, image: Image.Image, part: int, *, inverted: bool = False) -> bytes:
    """Return the samples of a picture that is a part; libjpeg's 'CMYK' is any four samples."""
    width, height = layout.part
    bands = {"L": 1, "RGB": 3, "RGBX": 4, "RGBA": 4, "CMYK": 4}.get(image.mode)
    if image.format == "WEBP" and (image.mode, layout.plane_samples) == ("RGB", 4):
        image, bands = _opaque(image, width, height), 4
    if bands != layout.plane_samples:
        raise ValueError(f"a strip or tile holds {image.mode} pixels")
    if image.width != width or not layout.rows_of(part) <= image.height <= height:
        raise ValueError(f"a strip or tile holds {image.width} × {image.height} pixels")
    values = np.asarray(image)
    return (255 - values if inverted else values).tobytes()


def _opaque(image: Image.Image, width: int, height: int) -> Image.Image:
    if image.width > width or image.height > height:
        raise ValueError(f"a strip or tile holds {image.width} × {image.height} pixels")
    return image.convert("RGBA")
