"""What an image file says of itself before it is decoded; only what Pillow doesn't tell or bound.

Nothing here decides whether a file is an image, and a header that makes no sense says nothing.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

_PNG = b"\x89PNG\r\n\x1a\n"
_SIGNATURES = (
    b"\xff\xd8",
    b"\x89PNG",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
)
_HEIF_BRANDS = (
    *(b"", b"avif", b"avis", b"mif1", b"msf1"),
    *(b"heic", b"heim", b"heis", b"heix", b"hevc", b"hevm", b"hevs", b"hevx"),
)
_BMP_HEADER_KINDS = (12, 16, 40, 52, 56, 64, 108, 124)
_MARKER_SOS = 0xDA
_MARKERS_SOF = frozenset((*range(0xC0, 0xD0), 0xF7)) - {0xC4, 0xC8, 0xCC}
_MARKERS_SEQUENTIAL = frozenset((0xC0, 0xC1, 0xC3, 0xC9, 0xCB))
_MARKER_JPEG_LS = 0xF7
_MARKERS_HIERARCHICAL = frozenset((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF))
_MARKERS_ALONE = frozenset(range(0xD0, 0xD9)) | {0x00, 0x01}
_TIFF_NUMBERS = {3: "H", 4: "I", 16: "Q"}


def begins_like_an_image(head: bytes) -> bool:
    """Say whether these first bytes are those of a format that we read, complete or not."""
    is_webp = head.startswith(b"RIFF") and head[8:12] in (b"WEBP", b"")
    is_heif = head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS
    return head.startswith(_SIGNATURES) or is_webp or is_heif or _begins_like_bmp(head)


def _begins_like_bmp(head: bytes) -> bool:
    # Two letters are little to go by: much text begins with BM.
    kind = int.from_bytes(head[14:18], "little")
    return head.startswith(b"BM") and (
        (len(head) >= 18 and kind in _BMP_HEADER_KINDS)
        or (len(head) < 18 and not head[2:].isascii())
    )


def lacks_bytes(head: bytes, size_bytes: int) -> bool:
    """Say whether a file is shorter than its own lengths say, as far as its beginning tells."""
    if head.startswith(b"RIFF"):
        return int.from_bytes(head[4:8], "little") + 8 > size_bytes
    if head[4:8] == b"ftyp":
        return _end_of_boxes(head, size_bytes) > size_bytes
    if head.startswith(_PNG):
        return _end_of_chunks(head) > size_bytes
    if head.startswith((b"II", b"MM")):
        return _end_of_directory(head) > size_bytes
    return head.startswith(b"\xff\xd8") and b"\xff\xda" not in head


def _end_of_boxes(head: bytes, size_bytes: int) -> int:
    """Where the boxes that a HEIC or AVIF file consists of end."""
    at = 0
    while at + 8 <= len(head):
        length = int.from_bytes(head[at : at + 4])
        if length == 1:
            length = int.from_bytes(head[at + 8 : at + 16])
        if length < 8:  # 0: to the end of the file
            return size_bytes
        at += length
    return at if at == size_bytes else at + 8


def _end_of_chunks(head: bytes) -> int:
    """Where the last of a PNG's chunks ends that its beginning names."""
    at = len(_PNG)
    while at + 8 <= len(head):
        length, kind = struct.unpack_from(">I4s", head, at)
        at += int(length) + 12
        if kind == b"IEND":
            return at
    return at if at > len(head) else at + 8


def _end_of_directory(head: bytes) -> int:
    """Where a TIFF's first directory ends, as far as its beginning tells."""
    order = "<" if head.startswith(b"II") else ">"
    is_big = b"+" in head[2:4]
    where, number, entry_bytes = (8, "Q", 20) if is_big else (4, "I", 12)
    if len(head) < 16:
        return 16
    (at,) = struct.unpack_from(order + number, head, where)
    if at + 8 > len(head):
        return int(at) + 8
    (entries,) = struct.unpack_from(order + ("Q" if is_big else "H"), head, at)
    return int(at + entries * entry_bytes)


def unreadable_kind(head: bytes) -> str | None:
    """Say of what kind a sound JPEG or TIFF header is that isn't read; None where it is."""
    stream = io.BytesIO(head)
    if head.startswith(b"\xff\xd8"):
        header = _jpeg_header(stream)
        return _unreadable_jpeg(header) if header else None
    if head.startswith((b"II", b"MM")):
        try:
            return "a TIFF of a kind" if tiff_layout(stream).parts > 0 else None
        except struct.error:
            return None
    return None


def _unreadable_jpeg(header: _JpegHeader) -> str | None:
    if header.frame == _MARKER_JPEG_LS:
        return "a JPEG-LS"
    if header.frame in _MARKERS_HIERARCHICAL:
        return "a hierarchical JPEG"
    if header.bits not in (0, 8):
        return f"a JPEG of {header.bits} bits a colour"
    if header.components not in (0, 1, 3, 4):
        return f"a JPEG of {header.components} colours a pixel"
    return None


def jpeg_has_several_scans(stream: BinaryIO) -> bool:
    """Say whether libjpeg has to hold all coefficients of a JPEG until its end."""
    header = _jpeg_header(stream)
    return header is None or header.in_first_scan < header.components


@dataclass(frozen=True, slots=True)
class _JpegHeader:
    """What a JPEG says before its first scan; a progressive one has no component whole in it."""

    frame: int
    bits: int
    components: int
    in_first_scan: int


def _jpeg_header(stream: BinaryIO) -> _JpegHeader | None:
    frame = bits = components = 0
    sequential = True
    while (marker := _next_marker(stream)) is not None:
        if marker in _MARKERS_ALONE:
            continue
        length = int.from_bytes(stream.read(2))
        body = stream.read(length - 2) if length >= 8 else b""
        if marker == _MARKER_SOS:
            return _JpegHeader(frame, bits, components, body[0] if body and sequential else 0)
        if marker in _MARKERS_SOF and len(body) >= 6:
            frame, bits, components = marker, body[0], body[5]
            sequential = marker in _MARKERS_SEQUENTIAL
    return None


def _next_marker(stream: BinaryIO) -> int | None:
    byte = stream.read(1)
    while byte and byte != b"\xff":
        byte = stream.read(1)
    while byte == b"\xff":  # any number of them may come before a marker
        byte = stream.read(1)
    return byte[0] if byte else None


@dataclass(frozen=True, slots=True)
class TiffLayout:
    """How a TIFF's first picture is stored.

    Attributes:
        parts: Strips or tiles.
        part_bytes: Size of one, uncompressed; 0 where it is read row by row.
    """

    parts: int
    part_bytes: int


def tiff_layout(stream: BinaryIO) -> TiffLayout:
    """Read the first directory of a TIFF.

    Raises:
        struct.error: It ends too early.
    """
    tags = _tiff_tags(stream)
    width, height = tags.get(256, _NONE).value, tags.get(257, _NONE).value
    samples = max(tags.get(277, _NONE).value, tags.get(258, _NONE).count, 1)
    bits = max(tags.get(258, _NONE).value, 1)
    rows = tags[278].value if 278 in tags else height
    area = width * min(rows, height)
    if 322 in tags and 323 in tags:
        area = tags[322].value * tags[323].value
    parts = max(tags.get(273, _NONE).count, tags.get(324, _NONE).count)
    is_raw = tags.get(259, _RAW).value == 1
    return TiffLayout(parts, 0 if is_raw else area * samples * bits // 8)


@dataclass(frozen=True, slots=True)
class _Tag:
    count: int
    value: int


_NONE = _Tag(0, 0)
_RAW = _Tag(1, 1)


def _tiff_tags(stream: BinaryIO) -> dict[int, _Tag]:
    head = stream.read(8)
    order = "<" if head[:2] == b"II" else ">"
    is_big = b"+" in head[2:4]
    (offset,) = struct.unpack(order + "I", head[4:8])
    if is_big:
        (offset,) = struct.unpack(order + "Q", stream.read(8))
    stream.seek(offset)
    number, entry = ("Q", "HHQ8s") if is_big else ("H", "HHI4s")
    (entries,) = struct.unpack(order + number, stream.read(struct.calcsize(order + number)))
    size = struct.calcsize(order + entry)
    table = stream.read(size * min(entries, 1 << 16))
    tags = {}
    for tag, kind, count, inline in struct.iter_unpack(
        order + entry, table[: len(table) // size * size]
    ):
        if kind in _TIFF_NUMBERS:
            tags[tag] = _Tag(count, _first(stream, order, _TIFF_NUMBERS[kind], count, inline))
    return tags


def _first(stream: BinaryIO, order: str, code: str, count: int, inline: bytes) -> int:
    """Return the first of a tag's values, which lie elsewhere where there are many."""
    size = struct.calcsize(order + code)
    if size * count > len(inline):
        here = stream.tell()
        (offset,) = struct.unpack(order + ("Q" if len(inline) == 8 else "I"), inline)
        stream.seek(offset)
        inline = stream.read(size)
        stream.seek(here)
    (value,) = struct.unpack(order + code, inline[:size])
    return int(value)
