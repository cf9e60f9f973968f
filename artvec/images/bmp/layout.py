"""What the header of a BMP says: size, bits, masks, palette, profile; no pixel is read here.

Source: Microsoft, BITMAPINFOHEADER to BITMAPV5HEADER; IBM, OS/2 2.x bitmap file format.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from artvec.core.types import UInt8Array
from artvec.images.byte_sources import BytesStream, FileStream
from artvec.images.srgb import UnsupportedMode

RAW, RLE8, RLE4 = 0, 1, 2
_BITFIELDS, _ALPHA_BITFIELDS = 3, 6
_CORE_BYTES, _INFO_BYTES, _OS2_BYTES, _V4_BYTES = 12, 40, 64, 108
_HEADER_BYTES = range(16, 125)
_FILE_HEADER_BYTES = 14
_DEFAULT_MASKS = {16: (0x7C00, 0x03E0, 0x001F), 32: (0xFF0000, 0x00FF00, 0x0000FF)}
_EMBEDDED = b"DEBM"
"""PROFILE_EMBEDDED, 'MBED' as the little-endian number that it is."""
_MAX_PROFILE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Layout:
    """How a BMP is stored.

    Attributes:
        width: In pixels.
        height: In pixels.
        is_top_down: The first row is the uppermost.
        bits: Of a pixel: 1, 2, 4, 8, 16, 24 or 32.
        coding: `RAW`, `RLE8` or `RLE4`.
        masks: Of red, green, blue and alpha, where a pixel has 16 or 32 bits; alpha's may be 0.
        palette: (257, 3) colours of up to 8 bits; those not given are black.
        offset: Where the pixels begin.
        profile: ICC; empty where there is none.
    """

    width: int
    height: int
    is_top_down: bool
    bits: int
    coding: int
    masks: tuple[int, int, int, int]
    palette: UInt8Array
    offset: int
    profile: bytes

    @property
    def stride(self) -> int:
        """Bytes of a row that isn't run-length coded."""
        return (self.width * self.bits + 31) // 32 * 4


def read_layout(stream: BytesStream | FileStream) -> Layout:
    """Read a BMP's header.

    Raises:
        EOFError: It ends too early.
        ValueError: It contradicts itself.
        UnsupportedMode: It is of a kind that can't be read.
    """
    stream.seek(0)
    head = _exactly(stream, _FILE_HEADER_BYTES + 4)
    offset, size = struct.unpack_from("<II", head, 10)
    if size != _CORE_BYTES and size not in _HEADER_BYTES:
        raise ValueError(f"a header of {size} bytes")
    body = _exactly(stream, size - 4)
    if size == _CORE_BYTES:
        width, height, _, bits = struct.unpack("<HHHH", body)
        coding = colours = 0
    else:
        info = body.ljust(_INFO_BYTES - 4, b"\0")
        width, height, _, bits, coding = struct.unpack_from("<iiHHI", info)
        (colours,) = struct.unpack_from("<I", info, 28)
    if width <= 0 or height == 0:
        raise ValueError(f"{width} × {height}")
    _check_kind(bits, coding, size)
    masks = _masks(stream, body, size, bits, coding)
    entry_bytes = 3 if size == _CORE_BYTES else 4
    palette = _palette(stream, bits, colours, entry_bytes, offset)
    profile = _profile(stream, body, size)
    coding = coding if coding in (RLE8, RLE4) else RAW
    return Layout(width, abs(height), height < 0, bits, coding, masks, palette, offset, profile)


def _check_kind(bits: int, coding: int, size: int) -> None:
    by_coding = {RAW: (1, 2, 4, 8, 16, 24, 32), RLE8: (8,), RLE4: (4,)}
    if size != _OS2_BYTES:
        by_coding |= {_BITFIELDS: (16, 24, 32), _ALPHA_BITFIELDS: (16, 32)}
    if bits not in by_coding.get(coding, ()):
        message = f"a BMP of {bits} bits and compression {coding}, which can't be read here; "
        raise UnsupportedMode(f"{message}save it as PNG")


def _masks(
    stream: BytesStream | FileStream, body: bytes, size: int, bits: int, coding: int
) -> tuple[int, int, int, int]:
    """Choose masks: those of the header or behind it, else the usual ones.

    In headers from version 4 on, alpha's counts where there are no other fields, too, as browsers
    have it.
    """
    if bits not in _DEFAULT_MASKS:
        return 0, 0, 0, 0
    stored = body[_INFO_BYTES - 4 :][:16]
    if size == _INFO_BYTES and coding in (_BITFIELDS, _ALPHA_BITFIELDS):
        stored = _exactly(stream, 12 if coding == _BITFIELDS else 16)
    red, green, blue, alpha = struct.unpack("<4I", stored.ljust(16, b"\0"))
    if coding == RAW or not (red or green or blue):
        red, green, blue = _DEFAULT_MASKS[bits]
    if size == _OS2_BYTES or (coding == RAW and (bits == 16 or size < _V4_BYTES)):
        alpha = 0
    for mask in (red, green, blue, alpha):
        lowest = mask & -mask
        if mask >> bits or (mask and (mask // lowest) & (mask // lowest + 1)):
            raise UnsupportedMode(f"a BMP whose colours are masked by {mask:#x}; save it as PNG")
    return red, green, blue, alpha


def _palette(
    stream: BytesStream | FileStream, bits: int, colours: int, entry_bytes: int, offset: int
) -> UInt8Array:
    palette = np.zeros((257, 3), dtype=np.uint8)
    if bits <= 8:
        room = max(0, offset - stream.tell()) // entry_bytes
        count = min(colours or 1 << bits, 256, room or 256)
        entries = _exactly(stream, count * entry_bytes)
        table = np.frombuffer(entries, dtype=np.uint8).reshape(count, entry_bytes)
        palette[:count] = table[:, 2::-1]
    return palette


def _profile(stream: BytesStream | FileStream, body: bytes, size: int) -> bytes:
    """Return the profile that a header of version 5 embeds; one that lies outside says nothing."""
    if size != _HEADER_BYTES[-1] or body[52:56] != _EMBEDDED:
        return b""
    begin, length = struct.unpack_from("<II", body, 108)
    if not 0 < length <= _MAX_PROFILE_BYTES:
        return b""
    stream.seek(_FILE_HEADER_BYTES + begin)
    return stream.read(length)


def _exactly(stream: BytesStream | FileStream, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError("the file ends in its header")
    return data
