"""Turn unpacked bytes of a TIFF into samples: any depth, byte order, planes, differences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from artvec.images.tiff.codecs import Unpacked, codec_bytes, unpacked
from artvec.images.tiff.codes import unsupported
from artvec.images.tiff.layout import Layout

Samples = NDArray[Any]

_BLOCK_PX = 1 << 16
_PIXEL_BYTES = 48
"""What a sample of a block takes on its way to a colour: copies of it as floats among them."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a part of the picture.

    Attributes:
        left: Column of its first pixel.
        top: Row of its first pixel.
        samples: Of shape (rows, columns, samples).
    """

    left: int
    top: int
    samples: Samples


def block_bytes(layout: Layout) -> int:
    """Return what reading blocks takes beside the picture made of them, an upper estimate."""
    lines_px = _block_lines(layout) * layout.line_rows * layout.part[0]
    return codec_bytes(layout) + _PIXEL_BYTES * layout.samples * lines_px


def blocks(layout: Layout) -> Iterator[Block]:
    """Read all samples of a picture, some rows at a time.

    Raises:
        UnsupportedMode: They are packed in a way that can't be read.
        ValueError: They are damaged.
        EOFError: The file ends before them.
    """
    parts_each = layout.across * layout.down
    for part in range(parts_each):
        planes = [unpacked(layout, part + plane * parts_each) for plane in range(layout.planes)]
        yield from _of_part(layout, part, planes)
        _check_end(layout, part, planes)


def _check_end(layout: Layout, part: int, planes: list[Unpacked]) -> None:
    """Find a wrong checksum behind the last line, and values that take more room than is said."""
    is_whole = layout.rows_of(part) == layout.part[1]
    surplus = layout.surplus_bytes if is_whole else 0
    for plane in planes:
        if len(plane.read(max(1, surplus))) >= surplus > 0:
            raise unsupported(f"of {layout.bits}-bit values that take more room than these need")


def _block_lines(layout: Layout) -> int:
    return min(layout.part_lines, max(1, _BLOCK_PX // (layout.part[0] * layout.line_rows)))


def _of_part(layout: Layout, part: int, planes: list[Unpacked]) -> Iterator[Block]:
    left = part % layout.across * layout.part[0]
    top = part // layout.across * layout.part[1]
    columns = min(layout.part[0], layout.width - left)
    bottom = top + layout.rows_of(part)
    step = _block_lines(layout)
    while top < bottom:
        lines = min(step, -(-(bottom - top) // layout.line_rows))
        rows = min(lines * layout.line_rows, bottom - top)
        stack = [_samples(layout, _exactly(plane, lines * layout.line_bytes)) for plane in planes]
        samples = stack[0] if len(stack) == 1 else np.concatenate(stack, axis=2)
        yield Block(left, top, samples[:rows, :columns])
        top += rows


def _exactly(plane: Unpacked, size: int) -> bytes | memoryview:
    data = plane.read(size)
    if len(data) < size:
        raise ValueError("a strip or tile holds fewer pixels than its header says")
    return data


def _samples(layout: Layout, data: bytes | memoryview) -> Samples:
    """Return lines of a plane as (rows, columns, samples)."""
    if layout.subsampling != (1, 1):
        return _replicated(layout, np.frombuffer(data, np.uint8))
    shape = (-1, layout.part[0], layout.plane_samples)
    bits, order = layout.bits, layout.directory.order
    if layout.predictor == 3:
        return _floats(_summed_bytes(data, shape, bits // 8), ">", bits).reshape(shape)
    if layout.kind == "f":
        if layout.predictor == 2:
            summed = _summed(np.frombuffer(data, f"{order}u{bits // 8}").reshape(shape))
            data, order = summed.astype(f">u{bits // 8}").tobytes(), ">"
        return _floats(data, order, bits).reshape(shape)
    values = _whole_numbers(layout, data).reshape(shape)
    return _summed(values) if layout.predictor == 2 else values


def _whole_numbers(layout: Layout, data: bytes | memoryview) -> Samples:
    bits, order = layout.bits, layout.directory.order
    if bits in (8, 16, 32, 64):
        return np.frombuffer(data, f"{order}{layout.kind}{bits // 8}")
    if bits == 24:
        first, middle, last = np.frombuffer(data, np.uint8).reshape(-1, 3).T.astype(np.uint32)
        low, high = (first, last) if order == "<" else (last, first)
        return low | middle << 8 | high << 16
    import imagecodecs

    # The first bit comes first, whatever the byte order; a row ends with a byte.
    row = layout.part[0] * layout.plane_samples
    return imagecodecs.packints_decode(bytes(data), "u1" if bits < 8 else "u2", bits, runlen=row)


def _floats(data: bytes | memoryview, order: Literal["<", ">"], bits: int) -> Samples:
    if bits != 24:
        return np.frombuffer(data, f"{order}f{bits // 8}")
    import imagecodecs

    return imagecodecs.float24_decode(bytes(data), byteorder=order)


def _summed(differences: Samples) -> Samples:
    """Undo horizontal differences.

    Source: TIFF 6.0, section 14; whole numbers of the sample's size wrap around.
    """
    native = differences.astype(differences.dtype.newbyteorder("="))
    return np.cumsum(native, axis=1, dtype=native.dtype, out=native)


def _summed_bytes(data: bytes | memoryview, shape: tuple[int, int, int], size: int) -> bytes:
    """Undo differences of floats' bytes, the highest bytes of a row coming first.

    Source: Adobe Photoshop TIFF Technical Note 3.
    """
    _, columns, samples = shape
    rows = _summed(np.frombuffer(data, np.uint8).reshape(-1, columns * size, samples))
    return rows.reshape(-1, size, columns * samples).swapaxes(1, 2).tobytes()


def _replicated(layout: Layout, data: NDArray[np.uint8]) -> Samples:
    """Give each of the pixels that share colour differences a copy of them.

    Source: TIFF 6.0, section 21: of each block, all luma values, then Cb, then Cr.
    """
    across, down = layout.subsampling
    units = data.reshape(-1, -(-layout.part[0] // across), across * down + 2)
    lines, columns, _ = units.shape
    planes = [units[..., n].repeat(down, 0).repeat(across, 1) for n in (-2, -1)]
    luma = units[..., :-2].reshape(lines, columns, down, across).swapaxes(1, 2)
    pixels: Samples = np.stack([luma.reshape(lines * down, columns * across), *planes], axis=-1)
    return pixels
