"""What a PNG says before its pixels of depth, transparency and colour; nothing is decoded here.

A chunk that a picture can do without never costs the picture: broken ones are hidden from Pillow,
which would refuse the file.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import PngImagePlugin

from artvec.images import code_points
from artvec.images.byte_sources import BytesStream, FileStream
from artvec.images.profiles import SRGB_CURVE, SRGB_PRIMARIES, Chromaticities, Curve, matrix_profile

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_WITH_ALPHA, RGB_WITH_ALPHA = 0, 2, 3, 4, 6

_MAX_PROFILE_BYTES = 4 << 20
_UNIT = 100_000
_GAMMAS = range(_UNIT // 10, 10 * _UNIT + 1)
"""Values of gAMA that a picture may have; those beyond make it black or white."""
_DISPLAY_GAMMA, _LIKE_SRGB = 2.2, 0.05
"""A gamma this near to a screen's, told alone, is sRGB's: libpng's threshold, and Chromium's."""
_LENGTHS = {
    b"gAMA": 4,
    b"cHRM": 32,
    b"sRGB": 1,
    b"cICP": 4,
    b"pHYs": 9,
    b"acTL": 8,
    b"fcTL": 26,
}
_READ_KINDS = frozenset(
    (b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"iCCP", b"eXIf")
)
_TRANSPARENT_BYTES = {GREY: 2, RGB: 6}
_PIXELS = (b"IDAT", b"fdAT", b"IEND")
_LONGEST_BYTES = 16 << 20
_HIDDEN = b"arTv"
"""Ancillary, private, as safe to copy as any: what Pillow reads over."""


@dataclass(frozen=True, slots=True)
class Colours:
    """Where a PNG's colours lie, as its chunks say.

    Attributes:
        profile: Of the values as stored; empty where it is sRGB.
        primaries: Of it, where primaries and a curve are all it is.
        curve: Likewise.
    """

    profile: bytes = b""
    primaries: Chromaticities | None = None
    curve: Curve | None = None

    def under_srgb_curve(self) -> bytes:
        """Return the profile of the values once they are stored by sRGB's curve."""
        if self.primaries in (None, SRGB_PRIMARIES):
            return b""
        return matrix_profile(self.primaries, SRGB_CURVE)


@dataclass(frozen=True, slots=True)
class PngHead:
    """A PNG up to its pixels.

    Attributes:
        depth: Bits per sample.
        kind: Colour type.
        transparency: The chunk tRNS.
        colours: Where its colours lie.
        hides: Bytes that have to be read otherwise, by where they lie.
    """

    depth: int
    kind: int
    transparency: bytes
    colours: Colours
    hides: dict[int, bytes] = field(default_factory=dict)

    @property
    def transparent(self) -> tuple[int, ...]:
        """The one grey or colour that is transparent, on the scale of the depth.

        Bits beyond the depth don't count. Source: PNG specification, third edition, 11.3.1.1.
        """
        if len(self.transparency) != _TRANSPARENT_BYTES.get(self.kind):
            return ()
        values = struct.unpack(f">{len(self.transparency) // 2}H", self.transparency)
        return tuple(value & ((1 << self.depth) - 1) for value in values)


def png_head(stream: BytesStream | FileStream) -> PngHead | None:
    """Read a PNG's chunks up to its pixels; None where the stream isn't one."""
    stream.seek(0)
    if stream.read(len(SIGNATURE)) != SIGNATURE:
        return None
    chunks: dict[bytes, bytes] = {}
    hides: dict[int, bytes] = {}
    for at, kind, body, is_sound in _chunks(stream):
        fits = is_sound and _is_read_by_pillow(kind, body, chunks)
        if kind[:1].islower() and not fits:
            hides[at + 4] = _HIDDEN
            hides[at + 8 + len(body)] = struct.pack(">I", zlib.crc32(_HIDDEN + body))
        if kind in _READ_KINDS and (fits or (is_sound and kind == b"iCCP")):
            chunks.setdefault(kind, body)
    header = chunks.get(b"IHDR", b"")
    if len(header) < 13:
        return None
    depth, kind_of_colour = header[8], header[9]
    transparency = chunks.get(b"tRNS", b"")
    return PngHead(depth, kind_of_colour, transparency, _colours(chunks), hides)


def _chunks(stream: BytesStream | FileStream) -> Iterator[tuple[int, bytes, bytes, bool]]:
    """Yield where each chunk begins, its kind, its body, and whether its checksum is right."""
    at = len(SIGNATURE)
    while len(head := stream.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind in _PIXELS or not kind.isalpha() or length > _LONGEST_BYTES:
            return
        body, checksum = stream.read(length), stream.read(4)
        if len(checksum) < 4:
            return
        yield at, kind, body, zlib.crc32(kind + body) == int.from_bytes(checksum)
        at += length + 12


def _is_read_by_pillow(kind: bytes, body: bytes, before: dict[bytes, bytes]) -> bool:
    """Say whether a chunk with a right checksum is one that Pillow doesn't stumble over."""
    if kind in _LENGTHS:
        return len(body) == _LENGTHS[kind]
    if kind == b"tRNS":
        return _transparency_fits(body, before)
    if kind == b"eXIf":
        return kind not in before  # Pillow would take the last
    if kind == b"iCCP":
        is_deflated = body.partition(b"\0")[2][:1] == b"\0"
        return is_deflated and len(_unpacked(body)) <= PngImagePlugin.MAX_TEXT_CHUNK
    return kind != b"zTXt" or body.partition(b"\0")[2][:1] in (b"\0", b"")


def _transparency_fits(body: bytes, before: dict[bytes, bytes]) -> bool:
    kind = before.get(b"IHDR", bytes(10))[9]
    if kind == PALETTE:
        return b"PLTE" in before
    return len(body) == _TRANSPARENT_BYTES.get(kind, len(body))


def _colours(chunks: dict[bytes, bytes]) -> Colours:
    """Choose among what the chunks say; one that says nothing leaves it to the next.

    Source: PNG specification, third edition, table 1 of 4.3: cICP, iCCP, sRGB, gAMA and cHRM.
    """
    if (coded := _by_code_points(chunks.get(b"cICP", b""))) is not None:
        return coded
    profile = _unpacked(chunks.get(b"iCCP", b""))
    is_grey = chunks[b"IHDR"][9] in (GREY, GREY_WITH_ALPHA)
    spaces = (b"GRAY", b"RGB ") if is_grey else (b"RGB ",)
    if profile[36:40] == b"acsp" and profile[16:20] in spaces:
        return Colours(profile)
    if chunks.get(b"sRGB", b"\xff")[0] <= 3:
        return Colours()
    return _by_gamma(chunks.get(b"gAMA", bytes(4)), chunks.get(b"cHRM"))


def _by_code_points(body: bytes) -> Colours | None:
    if len(body) != 4:
        return None
    primaries, transfer, matrix, is_full_range = body
    if matrix != 0 or is_full_range != 1:
        return None
    profile = code_points.png_profile(primaries, transfer)
    if profile is None:
        return None
    return Colours(profile, code_points.primaries_of(primaries), code_points.curve_of(transfer))


def _by_gamma(gamma: bytes, chromaticities: bytes | None) -> Colours:
    """Follow Chromium: chromaticities say nothing without a gamma, nor where they make no sense."""
    value = int.from_bytes(gamma)
    if value not in _GAMMAS:
        return Colours()
    curve = Curve(_UNIT / value)
    if chromaticities is None:
        if abs(value / _UNIT * _DISPLAY_GAMMA - 1) < _LIKE_SRGB:
            return Colours()
        return Colours(matrix_profile(SRGB_PRIMARIES, curve), SRGB_PRIMARIES, curve)
    points = struct.unpack(">8I", chromaticities)
    primaries: Chromaticities = tuple(point / _UNIT for point in points)
    try:
        return Colours(matrix_profile(primaries, curve), primaries, curve)
    except ValueError:
        return Colours()


def _unpacked(body: bytes) -> bytes:
    """Return the profile in a chunk iCCP; empty where there is none, or too much."""
    packed = body.partition(b"\0")[2]
    if packed[:1] != b"\0":
        return b""
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(packed[1:], _MAX_PROFILE_BYTES)
    except zlib.error:
        return b""
    return b"" if unpacker.unconsumed_tail else profile
