"""BMP files of every header, depth, mask and run-length code, byte by byte."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Header:
    """What a BMP says of itself.

    Attributes:
        bits: Of a pixel.
        size: Of the header in bytes, which is its version.
        coding: 0 none, 1 and 2 run-length, 3 masks, 6 masks with alpha.
        masks: Red, green, blue and alpha.
        palette: (n, 3) colours.
        is_top_down: The uppermost row comes first.
        space: What a header of version 4 or 5 says behind its masks.
    """

    bits: int
    size: int = 40
    coding: int = 0
    masks: tuple[int, ...] = ()
    palette: np.ndarray | None = None
    is_top_down: bool = False
    space: bytes = b""


def bmp(header: Header, width: int, height: int, pixels: bytes, behind: bytes = b"") -> bytes:
    """Lay a BMP out; pixels are as stored, the lowest row first but for top-down ones."""
    palette = b""
    colours = 0
    if header.palette is not None:
        colours = len(header.palette)
        filler = b"" if header.size == 12 else b"\0"
        palette = b"".join(bytes(colour[::-1]) + filler for colour in header.palette.tolist())
    if header.size == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, header.bits)
        palette = palette.ljust(3 << header.bits, b"\0") if palette else b""
    else:
        rows = -height if header.is_top_down else height
        info = struct.pack("<IiiHHI", header.size, width, rows, 1, header.bits, header.coding)
        info += struct.pack("<IiiII", len(pixels), 2_835, 2_835, colours, 0)
        masks = struct.pack(f"<{len(header.masks)}I", *header.masks)
        if header.size == 40:
            info += masks if header.coding else b""
        else:
            info = (info + masks.ljust(16, b"\0") + header.space).ljust(header.size, b"\0")
            info = info[: header.size]
    offset = 14 + len(info) + len(palette)
    head = b"BM" + struct.pack("<IHHI", offset + len(pixels) + len(behind), 0, 0, offset)
    return head + info + palette + pixels + behind


def padded(rows: np.ndarray, *, is_top_down: bool = False) -> bytes:
    """Return (h, n) bytes as rows of whole 32-bit words, upside down but for top-down files."""
    filled = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    return np.ascontiguousarray(filled if is_top_down else filled[::-1]).tobytes()


def bgr(picture: np.ndarray) -> np.ndarray:
    """Return (h, w, 3) colours as rows of bytes."""
    return picture[..., ::-1].reshape(len(picture), -1)


def packed(indices: np.ndarray, bits: int) -> np.ndarray:
    """Return (h, w) numbers of colours as rows of bytes, the first pixel in the highest bits."""
    spread = np.unpackbits(indices.astype(np.uint8)[..., None], axis=-1)[..., 8 - bits :]
    return np.packbits(spread.reshape(len(indices), -1), axis=-1)


def masked(picture: np.ndarray, masks: tuple[int, ...], bits: int, alpha: int = 0) -> np.ndarray:
    """Return colours in the fields of 16 or 32 bits, each on its own scale, as rows of bytes."""
    values = np.zeros(picture.shape[:2], dtype=np.uint64)
    planes = [*np.moveaxis(picture, -1, 0), np.full(picture.shape[:2], alpha)]
    for plane, mask in zip(planes, masks, strict=False):
        if mask:
            shift = (mask & -mask).bit_length() - 1
            most = mask >> shift
            values |= np.rint(plane / 255 * most).astype(np.uint64) << np.uint64(shift)
    return values.astype(f"<u{bits // 8}").view(np.uint8).reshape(len(picture), -1)


def run_length(indices: np.ndarray, *, bits: int = 8, literal: bool = False) -> bytes:
    """Return (h, w) numbers of colours as runs of equal ones, or as they are, in even pieces."""
    codes = b""
    for row in indices[::-1].tolist():
        for at in range(0, len(row), 32):
            piece = row[at : at + 32]
            if literal:
                held = packed(np.array([piece]), bits).tobytes()
                codes += bytes([0, len(piece)]) + held + bytes(len(held) % 2)
            else:
                assert len(set(piece)) == 1
                codes += bytes([len(piece), piece[0] * (17 if bits == 4 else 1)])
        codes += b"\0\0"
    return codes + b"\0\1"
