"""What a PNG says of its colours and its transparency, and what is seen of it.

Where the format leaves it open, Chromium decides: its rendering of these files is expected.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tests.support.hostile import light
from tests.support.hostile.bitmaps import packed
from tests.support.hostile.colours import WHITE, from_p3, wide_profile
from tests.support.hostile.crafted import chunk, png, png_header
from tests.support.hostile.pictures import EXACT, QUARTERS, RGB, Seen

SRGB_SEEN = replace(EXACT, told="as stored")
NUMBERS = np.repeat(np.repeat(np.arange(4).reshape(2, 2), 24, 0), 32, 1)  # (48, 64)
PALETTE = QUARTERS.reshape(4, 3)
FROM_P3 = Seen(from_p3(), within=2, told="converted to sRGB")


def colours_of(stored: np.ndarray, within: int = 2, outcome: str = "converted to sRGB") -> Seen:
    return Seen(stored, within=within, told=outcome)


def _gamma(value: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", value))


def _primaries(primaries: light.Primaries) -> bytes:
    numbers = [round(number * 100_000) for point in (light.WHITE, *primaries) for number in point]
    return chunk(b"cHRM", struct.pack(">8I", *numbers))


def _codes(*points: int) -> bytes:
    return chunk(b"cICP", bytes(points))


def _png(before: bytes, picture: np.ndarray = RGB, after: bytes = b"") -> Callable[[], bytes]:
    lines = b"".join(b"\0" + line.tobytes() for line in picture)
    colour = {2: 0, 3: 2}[picture.ndim]
    if picture.ndim == 3 and picture.shape[2] == 4:
        colour = 6
    header = png_header(64, 48, 8 * picture.itemsize, colour)
    return lambda: png(header, zlib.compress(lines), before=before, after=after)


def _grey_png(depth: int, transparent: int, interlace: int = 0) -> Callable[[], bytes]:
    """Four greys, 0 to 3 times as much, one of them transparent."""
    rows = NUMBERS * (((1 << depth) - 1) // 3)
    lines = b"".join(b"\0" + line.tobytes() for line in packed(rows, depth))
    if interlace:
        steps = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4))
        steps = (*steps, (1, 0, 2, 2), (0, 1, 1, 2))
        passes = (packed(rows[y::down, x::across], depth) for x, y, across, down in steps)
        lines = b"".join(b"\0" + line.tobytes() for one in passes for line in one)
    header = png_header(64, 48, depth, 0, interlace)
    hole = chunk(b"tRNS", struct.pack(">H", transparent))
    return lambda: png(header, zlib.compress(lines), before=hole)


def _greys(hole: int) -> Seen:
    greys = np.array([0, 85, 170, 255])
    greys[hole] = 255
    quarters = np.repeat(greys.reshape(2, 2, 1), 3, axis=2)
    return Seen(quarters, told="transparent, on white")


def _rgb16(before: bytes, of_light: bool = False) -> Callable[[], bytes]:
    shares = light.decoded(RGB / 255) if of_light else RGB / 255
    return _png(before, np.rint(shares * 65_535).astype(">u2"))


def _dark16() -> Callable[[], bytes]:
    shares = light.decoded(np.full(RGB.shape, 10) / 255)
    return _png(_gamma(100_000), np.rint(shares * 65_535).astype(">u2"))


PROFILE = chunk(b"iCCP", b"P3\0\0" + zlib.compress(wide_profile()))
JUNK = chunk(b"iCCP", b"junk\0\0" + zlib.compress(b"no profile at all"))
SRGB_CHUNK = chunk(b"sRGB", b"\0")
GREY = np.full((48, 64), 87, np.uint8)
DIM = np.array([[[120, 60, 50], [60, 110, 70]], [[60, 60, 120], [130, 125, 90]]])
DIM_RGB = np.repeat(np.repeat(DIM, 24, 0), 32, 1).astype(np.uint8)
HALF = np.dstack([RGB, np.full((48, 64, 1), 128, np.uint8)])
RED = struct.pack(">3H", *(int(value) for value in QUARTERS[0, 0]))
RED_HOLE = np.concatenate([[WHITE], PALETTE[1:]]).reshape(2, 2, 3)
LINEAR = light.as_srgb(QUARTERS, light.power(1.0))
ADOBE = light.as_srgb(QUARTERS, light.power(2.2), light.ADOBE)
AS_P3 = light.as_srgb(QUARTERS, light.decoded, light.P3)
AS_2020 = light.as_srgb(QUARTERS, light.power(2.4), light.BT2020)
LINEAR_GREY = np.full((2, 2, 3), 255 * light.encoded(np.array(87 / 255)))
ON_WHITE = LINEAR * 128 / 255 + 127
# As Chromium 156 shows them.
PQ = np.array([[[143, 0, 7], [0, 99, 23]], [[0, 24, 120], [147, 124, 46]]])
HLG = np.array([[[104, 32, 31], [0, 85, 47]], [[35, 39, 86], [104, 96, 66]]])
BROKEN_CHUNKS = b"".join(
    (
        *(chunk(kind, b"\0") for kind in (b"gAMA", b"cHRM", b"cICP", b"pHYs", b"tRNS", b"acTL")),
        *(chunk(kind, b"") for kind in (b"sRGB", b"iCCP", b"zTXt", b"eXIf")),
        *(chunk(kind, b"a\0\1b")[:-1] + b"?" for kind in (b"tEXt", b"tIME", b"abCd", b"iTXt")),
    )
)
PNG = (
    ("gAMA 1.0, light itself", "gama1.png", _png(_gamma(100_000)), colours_of(LINEAR)),
    ("gAMA 1.0, grey", "gama1-grey.png", _png(_gamma(100_000), GREY), colours_of(LINEAR_GREY)),
    ("gAMA 1.0, half transparent", "gama1-rgba.png", _png(_gamma(100_000), HALF), colours_of(ON_WHITE)),
    ("gAMA 1.0, 16 bits: dark tones are kept", "gama1-16.png", _dark16(),
     colours_of(np.full((2, 2, 3), 10), 1)),
    ("gAMA 1.0, 16 bits", "light16.png", _rgb16(_gamma(100_000), True), replace(EXACT, told="converted to sRGB")),
    ("gAMA 0.45455 alone, which means sRGB", "gama22.png", _png(_gamma(45_455)), SRGB_SEEN),
    ("gAMA 0.55556 alone", "gama18.png", _png(_gamma(55_556)),
     colours_of(light.as_srgb(QUARTERS, light.power(1.8)))),
    ("gAMA and cHRM of Adobe RGB", "adobe.png", _png(_primaries(light.ADOBE) + _gamma(45_455)), colours_of(ADOBE)),
    ("cHRM without gAMA", "chrm.png", _png(_primaries(light.ADOBE)), SRGB_SEEN),
    ("cHRM that spans no colours", "chrm0.png", _png(chunk(b"cHRM", bytes(32)) + _gamma(45_455)), SRGB_SEEN),
    ("gAMA 0", "gama0.png", _png(_gamma(0)), SRGB_SEEN),
    ("gAMA beyond reason", "gama-max.png", _png(_gamma(0x7FFFFFFF)), SRGB_SEEN),
    ("sRGB comes before gAMA", "srgb.png", _png(_gamma(100_000) + SRGB_CHUNK), SRGB_SEEN),
    ("iCCP comes before sRGB and gAMA", "iccp.png", _png(SRGB_CHUNK + _gamma(100_000) + PROFILE), FROM_P3),
    ("iCCP that is no profile leaves it to gAMA", "iccp-junk.png", _png(JUNK + _gamma(100_000)), colours_of(LINEAR)),
    ("cICP comes before iCCP", "cicp.png", _png(PROFILE + _codes(1, 13, 0, 1)), SRGB_SEEN),
    ("cICP 12/13, Display P3", "cicp-p3.png", _png(_codes(12, 13, 0, 1)), colours_of(AS_P3)),
    ("cICP 9/1, BT.2020", "cicp-2020.png", _png(_codes(9, 1, 0, 1)), colours_of(AS_2020)),
    ("cICP 9/16, PQ", "cicp-pq.png", _png(_codes(9, 16, 0, 1), DIM_RGB), colours_of(PQ, 3, "tone-mapped to sRGB")),
    ("cICP 9/18, HLG", "cicp-hlg.png", _png(_codes(9, 18, 0, 1), DIM_RGB), colours_of(HLG, 3, "tone-mapped to sRGB")),
    ("cICP of video range leaves it to gAMA", "cicp-video.png", _png(_codes(12, 13, 0, 0) + _gamma(100_000)), colours_of(LINEAR)),
    ("cICP of unknown colours leaves it to gAMA", "cicp-255.png", _png(_codes(255, 255, 0, 1) + _gamma(100_000)), colours_of(LINEAR)),
    ("Of two of a kind, the first", "twice.png", _png(_gamma(100_000) + _gamma(45_455)), colours_of(LINEAR)),
    ("Colours told behind the pixels", "late.png", _png(b"", after=_codes(12, 13, 0, 1) + PROFILE), SRGB_SEEN),
    ("Chunks that are broken", "broken.png", _png(BROKEN_CHUNKS), replace(EXACT, told="read over")),
    ("tRNS, 1 bit", "trns1.png", lambda: png(png_header(64, 48, 1, 0), zlib.compress(b"".join(
        b"\0" + line.tobytes() for line in packed(NUMBERS % 2, 1))), before=chunk(b"tRNS", b"\0\0")),
     Seen(np.full((2, 2, 3), 255), told="transparent, on white")),
    ("tRNS, 2 bits", "trns2.png", _grey_png(2, 1), _greys(1)),
    ("tRNS, 4 bits", "trns4.png", _grey_png(4, 10), _greys(2)),
    ("tRNS, 4 bits, interlaced", "trns4i.png", _grey_png(4, 5, 1), _greys(1)),
    ("tRNS, 8 bits", "trns8.png", _grey_png(8, 170), _greys(2)),
    ("tRNS, colours of 8 bits", "trns-rgb.png", _png(chunk(b"tRNS", RED)), colours_of(RED_HOLE, 1, "transparent, on white")),
    ("tRNS, colours of 16 bits", "trns-rgb16.png", _rgb16(chunk(b"tRNS", struct.pack(">3H", *(
        int(value) * 257 for value in QUARTERS[0, 0])))), colours_of(RED_HOLE, 1, "transparent, on white")),
    ("tRNS that differs in the lower of 16 bits", "trns-low.png", _rgb16(chunk(b"tRNS", struct.pack(">3H", *(
        int(value) * 257 + 1 for value in QUARTERS[0, 0])))), SRGB_SEEN),
)  # fmt: skip
