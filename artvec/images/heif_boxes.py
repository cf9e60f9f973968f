"""What the boxes of an AVIF or HEIC say of its first picture: colours, and which part is shown."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from artvec.images.bands import PixelBox
from artvec.images.byte_sources import BytesStream, FileStream

_MAX_META_BYTES = 4 << 20
_MAX_BOXES = 10_000


@dataclass(frozen=True, slots=True)
class Properties:
    """Properties of the first picture.

    Attributes:
        code_points: Of its primaries and its transfer; None where it names none.
        shown: The part of the stored picture that is shown; None where that is all of it.
    """

    code_points: tuple[int, int] | None = None
    shown: PixelBox | None = None


def properties(stream: BytesStream | FileStream, size: tuple[int, int]) -> Properties:
    """Read the properties of the primary item; boxes that make no sense say nothing.

    Args:
        stream: The file.
        size: (width, height) as stored.
    """
    try:
        found = list(_of_primary_item(_meta(stream)))
    except (struct.error, LookupError):
        return Properties()
    coded = [body for kind, body in found if kind == b"colr" and body[:4] == b"nclx"]
    cuts = [body for kind, body in found if kind == b"clap"]
    points = struct.unpack_from(">HH", coded[0], 4) if coded and len(coded[0]) >= 11 else None
    return Properties(points, _shown(cuts[0], size) if len(cuts) == 1 else None)


def _meta(stream: BytesStream | FileStream) -> bytes:
    """Return what the box `meta` holds."""
    stream.seek(0)
    for _ in range(_MAX_BOXES):
        head = stream.read(8)
        length, kind = struct.unpack(">I4s", head)
        taken = 8
        if length == 1:
            (length,) = struct.unpack(">Q", stream.read(8))
            taken = 16
        if kind == b"meta":
            return stream.read(min(length, _MAX_META_BYTES) - taken)[4:]
        if length < taken:
            break
        stream.seek(length - taken, 1)
    return b""


def _of_primary_item(meta: bytes) -> Iterator[tuple[bytes, bytes]]:
    inside = dict(_boxes(meta))
    primary = inside[b"pitm"]
    item = int.from_bytes(primary[4:6] if primary[0] == 0 else primary[4:8])
    held = dict(_boxes(inside[b"iprp"]))
    all_properties = list(_boxes(held[b"ipco"]))
    for index in _associated(held[b"ipma"], item):
        if 0 < index <= len(all_properties):
            yield all_properties[index - 1]


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the body of each box."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        length = length or len(data) - at
        if length < 8:
            return
        yield kind, data[at + 8 : at + length]
        at += length


def _associated(ipma: bytes, item: int) -> list[int]:
    """Return which properties, counted from 1, an item has. Source: ISO/IEC 23008-12, 9.3."""
    version, is_wide = ipma[0], ipma[3] & 1
    (entries,) = struct.unpack_from(">I", ipma, 4)
    at, id_bytes, bytes_each = 8, 2 if version == 0 else 4, 2 if is_wide else 1
    for _ in range(min(entries, _MAX_BOXES)):
        which = int.from_bytes(ipma[at : at + id_bytes])
        count = ipma[at + id_bytes]
        at += id_bytes + 1
        listed = ipma[at : at + count * bytes_each]
        at += count * bytes_each
        if which == item:
            mask = 0x7FFF if is_wide else 0x7F
            starts = range(0, len(listed), bytes_each)
            return [int.from_bytes(listed[n : n + bytes_each]) & mask for n in starts]
    return []


def _shown(clap: bytes, size: tuple[int, int]) -> PixelBox | None:
    """Return what a clean aperture shows where it begins at the top left, else None.

    Chromium shows all others whole. Source: ISO/IEC 14496-12, 12.1.4.
    """
    width, w_parts, height, h_parts, x, x_parts, y, y_parts = struct.unpack(">IIIIiIiI", clap)
    if not (w_parts and h_parts and x_parts and y_parts) or width % w_parts or height % h_parts:
        return None
    across, down = width // w_parts, height // h_parts
    # The centre of what is shown lies x / x_parts to the right of the picture's.
    begins_left = 2 * x + (size[0] - across) * x_parts == 0
    begins_top = 2 * y + (size[1] - down) * y_parts == 0
    fits = 0 < across <= size[0] and 0 < down <= size[1]
    if not (begins_left and begins_top and fits) or (across, down) == size:
        return None
    return (0, 0, across, down)
