"""What an image file says of itself before it is decoded; only what Pillow doesn't tell or bound.

Nothing here decides whether a file is an image, and a header that makes no sense says nothing.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

from artvec.images.tiff.directory import SIGNATURES as TIFF_SIGNATURES

_PNG = b"\x89PNG\r\n\x1a\n"
_SIGNATURES = (
    b"\xff\xd8",
    b"\x89PNG",
    b"GIF8",
    *TIFF_SIGNATURES,
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


def unreadable_kind(head: bytes) -> str | None:
    """Say of what kind a sound JPEG header is that isn't read; None where it is."""
    header = _jpeg_header(io.BytesIO(head)) if head.startswith(b"\xff\xd8") else None
    return _unreadable_jpeg(header) if header else None


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
