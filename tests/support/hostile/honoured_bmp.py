"""What a BMP says of its pixels, and what is seen of it."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

from tests.support.hostile import bitmaps
from tests.support.hostile.bitmaps import Header, bmp, masked, packed, padded
from tests.support.hostile.colours import wide_profile
from tests.support.hostile.honoured_png import FROM_P3, NUMBERS, PALETTE, SRGB_SEEN, colours_of
from tests.support.hostile.pictures import EXACT, QUARTERS, RGB, Seen


def _bmp(header: Header, rows: np.ndarray | bytes, behind: bytes = b"") -> Callable[[], bytes]:
    pixels = rows if isinstance(rows, bytes) else padded(rows, is_top_down=header.is_top_down)
    return lambda: bmp(header, 64, 48, pixels, behind)


def _fields(
    bits: int, *masks: int, size: int = 40, coding: int = 3, alpha: int = 0
) -> Callable[[], bytes]:
    return _bmp(Header(bits, size, coding, masks), masked(RGB, masks, bits, alpha))


PLAIN = bitmaps.bgr(RGB)
EMBEDDED = b"DEBM" + bytes(48) + struct.pack("<4I", 2, 124 + 64 * 48 * 3, len(wide_profile()), 0)
SPILL = np.zeros((48, 64, 4), np.uint8)
SPILL[..., :3] = RGB[..., ::-1]
OVER_WHITE = colours_of(QUARTERS * 128 / 255 + 127, 1, "on white")
DELTA = b"\0\2\x20\0\x20\3\0\0" * 48 + b"\0\1"
BMP = (
    *((f"{bits} bits", f"{bits}.bmp", _bmp(Header(bits, palette=PALETTE), packed(NUMBERS, bits)), EXACT) for bits in (2, 4, 8)),
    ("1 bit", "1.bmp", _bmp(Header(1, palette=PALETTE[:2]), packed(NUMBERS % 2, 1)), Seen(QUARTERS[[0, 0]])),
    *((f"24 bits, a header of {size} bytes", f"24-{size}.bmp", _bmp(Header(24, size), PLAIN), EXACT)
      for size in (12, 16, 40, 52, 56, 64, 108, 124)),
    ("24 bits, top row first", "top.bmp", _bmp(Header(24, is_top_down=True), PLAIN), EXACT),
    ("8 bits, OS/2", "os2.bmp", _bmp(Header(8, 12, palette=PALETTE), packed(NUMBERS, 8)), EXACT),
    ("16 bits, 5 a colour", "555.bmp", _fields(16, 0x7C00, 0x3E0, 0x1F, coding=0), colours_of(QUARTERS, 4, "embedded")),
    ("16 bits, 5, 6, 5", "565.bmp", _fields(16, 0xF800, 0x7E0, 0x1F), colours_of(QUARTERS, 4, "embedded")),
    ("16 bits, 4 a colour", "444.bmp", _fields(16, 0xF00, 0xF0, 0xF), colours_of(QUARTERS, 8, "embedded")),
    ("16 bits, 4 a colour and alpha", "4444.bmp", _fields(16, 0xF00, 0xF0, 0xF, 0xF000, size=108, alpha=136),
     colours_of(QUARTERS * 136 / 255 + 119, 5, "on white")),
    ("32 bits, the fourth byte unused", "32.bmp", _bmp(Header(32), SPILL.reshape(48, -1)), EXACT),
    ("32 bits, red in the lowest byte", "rgbx.bmp", _fields(32, 0xFF, 0xFF00, 0xFF0000), EXACT),
    ("32 bits, 10 a colour", "101010.bmp", _fields(32, 0x3FF00000, 0xFFC00, 0x3FF), EXACT),
    ("32 bits with alpha, version 5", "alpha5.bmp",
     _fields(32, 0xFF0000, 0xFF00, 0xFF, 0xFF000000, size=124, alpha=128), OVER_WHITE),
    ("32 bits with alpha behind the header", "alpha6.bmp",
     _fields(32, 0xFF0000, 0xFF00, 0xFF, 0xFF000000, coding=6, alpha=128), OVER_WHITE),
    ("Run-length, 8 bits", "rle8.bmp", _bmp(Header(8, coding=1, palette=PALETTE), bitmaps.run_length(NUMBERS)), EXACT),
    ("Run-length, 4 bits", "rle4.bmp", _bmp(Header(4, coding=2, palette=PALETTE), bitmaps.run_length(NUMBERS, bits=4)), EXACT),
    ("Run-length, 4 bits, pixels as they are", "rle4-literal.bmp",
     _bmp(Header(4, coding=2, palette=PALETTE), bitmaps.run_length(NUMBERS, bits=4, literal=True)), EXACT),
    ("Run-length, pixels left out", "rle-delta.bmp", _bmp(Header(8, coding=1, palette=PALETTE), DELTA),
     Seen(np.array([[[0] * 3, PALETTE[3]]] * 2), told="black there")),
    ("A profile (version 5)", "profile.bmp", _bmp(Header(24, 124, space=EMBEDDED), PLAIN, wide_profile()), FROM_P3),
    ("A gamma (version 4)", "gamma.bmp", _bmp(Header(24, 108, space=bytes(40) + struct.pack("<3I", *(65_536,) * 3)), PLAIN), SRGB_SEEN),
)  # fmt: skip
