"""Present a BMP as a Pillow picture that is decoded when it is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from artvec.core.types import UInt8Array, UInt16Array, UInt32Array
from artvec.images.bmp.layout import RAW, RLE4, Layout, read_layout
from artvec.images.byte_sources import BytesStream, FileStream

_BAND_PX = 1 << 18
_UNWRITTEN = 256
"""An index that no run-length code writes; its colour is black, as in browsers."""
_END_OF_LINE, _END, _DELTA = 0, 1, 2


class BmpPicture(Image.Image):
    """The picture of a BMP; its mode is RGB, or RGBA where a mask says where alpha is.

    Attributes:
        codec_bytes: What decoding takes beside the picture.
    """

    format = "BMP"
    format_description = "Windows Bitmap"

    def __init__(self, stream: BytesStream | FileStream) -> None:
        """Read its header, and no pixel; raises what `read_layout` does."""
        super().__init__()
        self._layout = read_layout(stream)
        self._stream: BytesStream | FileStream | None = stream
        self._mode = "RGBA" if self._layout.masks[3] else "RGB"
        self._size = self._layout.width, self._layout.height
        self.codec_bytes = 0
        if self._layout.coding != RAW:
            self.codec_bytes = 2 * self.width * self.height + _longest(self._layout)
        if self._layout.profile:
            self.info["icc_profile"] = self._layout.profile

    def load(self) -> Any:
        """Decode it, unless that has been done.

        Raises:
            EOFError: The file ends before its pixels do.
            ValueError: It is damaged.
        """
        if self._stream is not None:
            stream, self._stream = self._stream, None
            self.im = _decoded(self._layout, stream, self.mode).im
        return super().load()


def _decoded(layout: Layout, stream: BytesStream | FileStream, mode: str) -> Image.Image:
    canvas = Image.new(mode, (layout.width, layout.height))
    bands = _raw(layout, stream) if layout.coding == RAW else _run_length(layout, stream)
    for first, pixels in bands:
        rows = pixels.shape[0]
        top = first if layout.is_top_down else layout.height - first - rows
        upright = pixels if layout.is_top_down else pixels[::-1]
        canvas.paste(Image.fromarray(np.ascontiguousarray(upright)), (0, top))
    return canvas


def _raw(layout: Layout, stream: BytesStream | FileStream) -> Iterator[tuple[int, UInt8Array]]:
    """Yield bands of rows as stored: the first row's number, and (rows, width, 3 or 4) values."""
    stream.seek(layout.offset)
    each = _rows_each(layout)
    for first in range(0, layout.height, each):
        rows = min(each, layout.height - first)
        data = stream.read(rows * layout.stride)
        # The last row's padding may be missing.
        if len(data) < rows * layout.stride - 3:
            raise EOFError("the file ends in its pixels")
        table = np.frombuffer(data.ljust(rows * layout.stride, b"\0"), dtype=np.uint8)
        yield first, _colours(layout, table.reshape(rows, layout.stride))


def _colours(layout: Layout, table: UInt8Array) -> UInt8Array:
    """Turn rows of bytes, (rows, stride), into colours."""
    width, bits = layout.width, layout.bits
    if bits == 24:
        return table[:, : 3 * width].reshape(-1, width, 3)[..., ::-1]
    if bits > 8:
        values = table.view(np.dtype(f"<u{bits // 8}"))[:, :width]
        present = layout.masks if layout.masks[3] else layout.masks[:3]
        return np.stack([_channel(values, mask) for mask in present], axis=-1)
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    indices = (table[..., None] >> shifts) & ((1 << bits) - 1)
    colours: UInt8Array = layout.palette[indices.reshape(table.shape[0], -1)[:, :width]]
    return colours


def _channel(values: UInt16Array | UInt32Array, mask: int) -> UInt8Array:
    """Take one channel out, and bring it to 0 to 255."""
    if mask == 0:
        return np.zeros(values.shape, dtype=np.uint8)
    shift = (mask & -mask).bit_length() - 1
    excess = max(0, (mask >> shift).bit_length() - 16)
    most = mask >> (shift + excess)
    channel = (values.astype(np.uint32) & mask) >> (shift + excess)
    scaled: UInt8Array = ((channel * 255 + most // 2) // most).astype(np.uint8)
    return scaled


def _run_length(
    layout: Layout, stream: BytesStream | FileStream
) -> Iterator[tuple[int, UInt8Array]]:
    stream.seek(layout.offset)
    indices = _indices(stream.read(_longest(layout)), layout)
    each = _rows_each(layout)
    for first in range(0, layout.height, each):
        yield first, layout.palette[indices[first : first + each]]


def _indices(data: bytes, layout: Layout) -> UInt16Array:
    """Follow the codes; returns (height, width) numbers of colours.

    Raises:
        EOFError: They end before the picture does.
        ValueError: They lead out of it.
    """
    indices = np.full((layout.height, layout.width), _UNWRITTEN, dtype=np.uint16)
    at = x = y = 0
    while y < layout.height:
        if at + 2 > len(data):
            if (y, x) == (layout.height - 1, layout.width):
                break  # all is there but the mark of the end
            raise EOFError("the file ends in its pixels")
        count, code = data[at], data[at + 1]
        at += 2
        if count == 0 and code == _END:
            break
        if count == 0 and code == _END_OF_LINE:
            x, y = 0, y + 1
        elif count == 0 and code == _DELTA:
            right, down = data[at : at + 2].ljust(2, b"\0")
            x, y, at = x + right, y + down, at + 2
        else:
            length, taken = (count, 0) if count else (code, _literal_bytes(code, layout))
            stored = bytes([code]) * count if count else data[at : at + taken]
            at += taken + taken % 2
            values = _halves(stored) if layout.coding == RLE4 else stored
            if x + length > layout.width or len(values) < length:
                raise ValueError("a run of pixels goes beyond its row")
            indices[y, x : x + length] = np.frombuffer(values, np.uint8)[:length]
            x += length
    return indices


def _literal_bytes(count: int, layout: Layout) -> int:
    return (count + 1) // 2 if layout.coding == RLE4 else count


def _halves(data: bytes) -> bytes:
    return bytes(half for byte in data for half in (byte >> 4, byte & 15))


def _longest(layout: Layout) -> int:
    """Return how many bytes of run-length codes are read at most."""
    return 4 * layout.height * (layout.width + 2) + 1_024


def _rows_each(layout: Layout) -> int:
    return max(1, _BAND_PX // layout.width)
