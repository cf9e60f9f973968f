"""Lay properties into an AVIF or HEIC that lacks them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_CHILDREN_AT = {b"meta": 12}


def box(kind: bytes, body: bytes) -> bytes:
    """Return a box."""
    return struct.pack(">I", 8 + len(body)) + kind + body


def clap(width: int, height: int, across: int = 0, down: int = 0) -> bytes:
    """Return a clean aperture, its centre so many pixels from the picture's."""
    return box(b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, across, 1, down, 1))


def turned(quarters: int) -> bytes:
    """Return a turn against the clock."""
    return box(b"irot", bytes([quarters]))


def mirrored(axis: int) -> bytes:
    """Return a mirroring: 0 exchanges top and bottom, 1 left and right."""
    return box(b"imir", bytes([axis]))


def code_points(primaries: int, transfer: int, matrix: int = 6) -> bytes:
    """Return colours by their code points, full range."""
    return box(b"colr", b"nclx" + struct.pack(">3HB", primaries, transfer, matrix, 0x80))


def with_properties(data: bytes, *new: bytes, without: bytes = b"") -> bytes:
    """Return a file of one picture with more properties, all essential.

    Args:
        data: The file; its first item is the picture.
        new: Boxes.
        without: A kind of property to take away.
    """
    meta_at, meta_end = _find(data, b"meta")
    list_at, list_end = _find(data, b"meta", b"iprp", b"ipco")
    held = [data[at:end] for at, end in _boxes(data, list_at + 8, list_end)]
    held = [box(b"free", b"") if without and one[4:8] == without else one for one in held]
    uses_at, uses_end = _find(data, b"meta", b"iprp", b"ipma")
    uses = bytearray(data[uses_at:uses_end])
    count = uses[18]
    uses[19 + count : 19 + count] = bytes(0x81 + len(held) + at for at in range(len(new)))
    uses[18] += len(new)
    properties = box(b"ipco", b"".join([*held, *new])) + box(b"ipma", bytes(uses[8:]))
    iprp_at, iprp_end = _find(data, b"meta", b"iprp")
    inside = data[meta_at + 8 : iprp_at] + box(b"iprp", properties) + data[iprp_end:meta_end]
    meta = bytearray(box(b"meta", inside))
    _move_items(meta, len(meta) - (meta_end - meta_at))
    return data[:meta_at] + bytes(meta) + data[meta_end:]


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    while at + 8 <= end:
        size = int.from_bytes(data[at : at + 4])
        yield at, at + size
        at += size


def _find(data: bytes, *path: bytes) -> tuple[int, int]:
    at, end = 0, len(data)
    for depth, kind in enumerate(path):
        found = (span for span in _boxes(data, at, end) if data[span[0] + 4 : span[0] + 8] == kind)
        here, end = next(found)
        at = here + _CHILDREN_AT.get(kind, 8) if depth + 1 < len(path) else here
    return at, end


def _move_items(meta: bytearray, by: int) -> None:
    """Add to the places of all items, which lie behind. Source: ISO/IEC 14496-12, 8.11.3."""
    at, _ = next(span for span in _boxes(meta, 12, len(meta)) if meta[span[0] + 4 :][:4] == b"iloc")
    version, offset_bytes, length_bytes = meta[at + 8], meta[at + 12] >> 4, meta[at + 12] & 15
    base_bytes, index_bytes = meta[at + 13] >> 4, meta[at + 13] & 15 if version else 0
    items = int.from_bytes(meta[at + 14 : at + 16])
    at += 16
    for _ in range(items):
        at += 4 + (2 if version else 0) + base_bytes
        extents = int.from_bytes(meta[at : at + 2])
        at += 2
        for _ in range(extents):
            at += index_bytes
            place = int.from_bytes(meta[at : at + offset_bytes]) + by
            meta[at : at + offset_bytes] = place.to_bytes(offset_bytes)
            at += offset_bytes + length_bytes
