"""Files laid out byte by byte: headers that claim anything, pixels that cost no memory to write."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """Return a picture as a file's bytes."""
    buffer = io.BytesIO()
    image.copy().save(buffer, form, **options)  # saving leaves options in an image
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header(width: int, height: int, depth: int, colour: int, interlace: int = 0) -> bytes:
    """Return a PNG's IHDR chunk; colour 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGBA."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def png(header: bytes, pixels: bytes, *, before: bytes = b"", after: bytes = b"") -> bytes:
    """Return a PNG of compressed pixels, with other chunks before and after them."""
    end = chunk(b"IEND", b"")
    return PNG_SIGNATURE + header + before + chunk(b"IDAT", pixels) + after + end


def deflated_zeros(length: int) -> bytes:
    """Return so many compressed zero bytes."""
    packer = zlib.compressobj(1)
    block = bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(length >> 20)]
    parts.append(packer.compress(bytes(length & ((1 << 20) - 1))))
    return b"".join([*parts, packer.flush()])


def tiff(
    tags: dict[int, tuple[int, Iterable[int]]], data: bytes = b"", *, big: bool = False
) -> bytes:
    """Return a little-endian TIFF: one directory first, then values too long for it, then data.

    Args:
        tags: Tag → (type 3 SHORT or 4 LONG, values); None as the value of 273 or 324 is not
            allowed, -1 in them stands for where the data begin.
        data: Strips or tiles.
        big: Write a BigTIFF.
    """
    head, entry, inline = (16, "<HHQ", 8) if big else (8, "<HHI", 4)
    count_bytes, next_bytes = (8, 8) if big else (2, 4)
    entry_bytes = struct.calcsize(entry) + inline
    begin = head + count_bytes + len(tags) * entry_bytes + next_bytes
    values = {tag: (kind, list(numbers)) for tag, (kind, numbers) in sorted(tags.items())}
    sizes = {tag: {1: 1, 3: 2, 4: 4}[k] * len(v) for tag, (k, v) in values.items()}
    start = begin + sum(size for size in sizes.values() if size > inline)
    table, extra = b"", b""
    for tag, (kind, numbers) in values.items():
        code = {1: "B", 3: "H", 4: "I"}[kind]
        packed = struct.pack(
            f"<{len(numbers)}{code}", *(n if n >= 0 else start + ~n for n in numbers)
        )
        table += struct.pack(entry, tag, kind, len(numbers))
        if len(packed) > inline:
            table += struct.pack("<Q" if big else "<I", begin + len(extra))
            extra += packed
        else:
            table += packed.ljust(inline, b"\0")
    if big:
        top = struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, len(tags))
    else:
        top = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    return top + table + bytes(next_bytes) + extra + data


def tiff_tags(
    width: int, height: int, photometric: int, bits: list[int], *, compression: int = 1
) -> dict[int, tuple[int, Iterable[int]]]:
    """Return the tags of a TIFF in one strip, whose data come first after them."""
    size = width * height * sum(bits) // 8
    return {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, bits),
        259: (3, [compression]),
        262: (3, [photometric]),
        273: (4, [-1]),
        277: (3, [len(bits)]),
        278: (4, [height]),
        279: (4, [size & 0xFFFFFFFF]),
    }


def write_sparse(file: Path, head: bytes, size: int) -> None:
    """Write a file whose bytes beyond the head are zeros that take no room on the disk."""
    with file.open("wb") as handle:
        handle.write(head)
        handle.truncate(size)


def lossless_jpeg(grey: np.ndarray) -> bytes:
    """Return a lossless JPEG (SOF3) of an (H, W) uint8 picture, each value less the one before.

    Source: ITU-T T.81, annex H: predictor 1, the first value less 128, the first of a line less
    the one above it; categories 0 to 8 have codes of four bits.
    """
    height, width = grey.shape
    values = grey.astype(int)
    predicted = np.empty_like(values)
    predicted[:, 1:] = values[:, :-1]
    predicted[1:, 0] = values[:-1, 0]
    predicted[0, 0] = 128
    bits = ""
    for difference in (values - predicted).ravel().tolist():
        category = abs(difference).bit_length()
        bits += f"{category:04b}"
        if category:
            low = difference if difference > 0 else difference + (1 << category) - 1
            bits += f"{low:0{category}b}"
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8).replace(b"\xff", b"\xff\0")
    frame = struct.pack(">HBHHB3B", 11, 8, height, width, 1, 1, 0x11, 0)
    table = struct.pack(">HB", 2 + 1 + 16 + 9, 0) + bytes([0, 0, 0, 9, *[0] * 12, *range(9)])
    start = struct.pack(">HB2B3B", 8, 1, 1, 0x00, 1, 0, 0)
    return (
        b"\xff\xd8\xff\xc4" + table + b"\xff\xc3" + frame + b"\xff\xda" + start + scan + b"\xff\xd9"
    )
