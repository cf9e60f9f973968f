"""Read the directory of a TIFF's first picture: which tags it holds, and their values."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from artvec.images.byte_sources import BytesStream, FileStream

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

Stream = BytesStream | FileStream

_KINDS = {
    1: "u1", 2: "u1", 3: "u2", 4: "u4", 5: "u4", 6: "i1", 7: "u1", 8: "i2", 9: "i4", 10: "i4",
    11: "f4", 12: "f8", 13: "u4", 16: "u8", 17: "i8", 18: "u8",
}  # fmt: skip
_RATIONALS = (5, 10)
_MAX_ENTRIES = 1 << 12
"""Programs write some twenty; the most that are known to be defined are about five hundred."""
_SMALL_COPY, _MASK = 1, 4
_MAX_DIRECTORIES = 64


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    count: int
    inline: bytes


@dataclass(frozen=True, slots=True)
class Directory:
    """The tags of a TIFF's first picture.

    Attributes:
        stream: The file.
        size_bytes: Its length.
        order: `<` or `>`, the byte order of all numbers.
    """

    stream: Stream
    size_bytes: int
    order: Literal["<", ">"]
    _entries: dict[int, _Entry]

    def __contains__(self, tag: int) -> bool:
        return tag in self._entries

    def count(self, tag: int) -> int:
        """Return how many values a tag has."""
        return self._entries[tag].count if tag in self._entries else 0

    def values(self, tag: int, at_most: int) -> NDArray[Any]:
        """Return a tag's values; none where the tag is missing or of no known type.

        Args:
            tag: Its number.
            at_most: So many of them, from the first on.

        Raises:
            EOFError: The file ends before they do.
        """
        entry = self._entries.get(tag)
        if entry is None or entry.kind not in _KINDS:
            return np.empty(0)
        dtype = np.dtype(self.order + _KINDS[entry.kind])
        numbers_each = 2 if entry.kind in _RATIONALS else 1
        size = dtype.itemsize * numbers_each
        data = entry.inline
        if size * entry.count > len(data):
            (offset,) = struct.unpack(self.order + ("Q" if len(data) == 8 else "I"), data)
            data = self.read(offset, size * min(entry.count, at_most))
        numbers = np.frombuffer(data, dtype, numbers_each * min(entry.count, at_most))
        if numbers_each == 1:
            return numbers
        over, under = numbers.astype(float).reshape(-1, 2).T
        quotients: NDArray[Any] = np.divide(over, under, out=np.zeros_like(over), where=under != 0)
        return quotients

    def numbers(self, tag: int, default: tuple[int, ...], at_most: int = 64) -> tuple[int, ...]:
        """Return a tag's values as whole numbers.

        Raises:
            EOFError: See `values`.
            ValueError: They are none.
        """
        values = self.values(tag, at_most)
        if not len(values):
            return default
        if values.dtype.kind == "f":
            raise ValueError(f"tag {tag} is no whole number")
        return tuple(int(value) for value in values)

    def number(self, tag: int, default: int) -> int:
        """Return a tag's first value as a whole number; see `numbers`."""
        return self.numbers(tag, (default,), 1)[0]

    def read(self, offset: int, size: int) -> bytes:
        """Read bytes of the file.

        Raises:
            EOFError: It has no such.
        """
        if offset + size > self.size_bytes:
            raise EOFError("the file ends before its picture")
        self.stream.seek(offset)
        return self.stream.read(size)


def read_directory(stream: Stream) -> Directory:
    """Read the first directory of a TIFF that is neither a small copy nor a mask of another one.

    Some programs put a thumbnail first. Source: TIFF 6.0, section 8, NewSubfileType.

    Raises:
        EOFError: The file ends before that.
        ValueError: It makes no sense.
    """
    size_bytes = stream.seek(0, 2)
    stream.seek(0)
    head = stream.read(16)
    order: Literal["<", ">"] = "<" if head.startswith(b"II") else ">"
    is_big = b"+" in head[2:4]
    if len(head) < 16:
        raise EOFError("the file ends within its header")
    (offset,) = struct.unpack_from(order + ("Q" if is_big else "I"), head, 8 if is_big else 4)
    empty = Directory(stream, size_bytes, order, {})
    first: Directory | None = None
    for directory in _directories(empty, offset, is_big=is_big):
        if not directory.number(254, 0) & (_SMALL_COPY | _MASK):
            return directory
        first = first or directory
    assert first
    return first


def _directories(empty: Directory, offset: int, *, is_big: bool) -> Iterator[Directory]:
    """Yield the directories one after the other, then those below the first one."""
    first: Directory | None = None
    for _ in range(_MAX_DIRECTORIES):
        directory, offset = _directory(empty, offset, is_big=is_big)
        yield directory
        first = first or directory
        if not offset:
            break
    for below in first.numbers(330, ()) if first else ():
        yield _directory(empty, below, is_big=is_big)[0]


def _directory(empty: Directory, offset: int, *, is_big: bool) -> tuple[Directory, int]:
    """Return a directory, and where the next one lies; 0 after the last."""
    order = empty.order
    length, layout = ("Q", "HHQ8s") if is_big else ("H", "HHI4s")
    counted = empty.read(offset, struct.calcsize(length))
    (entries,) = struct.unpack(order + length, counted)
    if not 0 < entries <= _MAX_ENTRIES:
        raise ValueError(f"its header is damaged: {entries:,} tags")
    begin, size = offset + len(counted), entries * struct.calcsize(order + layout)
    tags: dict[int, _Entry] = {}
    for tag, kind, count, inline in struct.iter_unpack(order + layout, empty.read(begin, size)):
        tags.setdefault(tag, _Entry(kind, count, inline))
    after = "Q" if is_big else "I"
    end = begin + size
    has_next = end + struct.calcsize(after) <= empty.size_bytes
    (following,) = (
        struct.unpack(order + after, empty.read(end, struct.calcsize(after))) if has_next else (0,)
    )
    return Directory(empty.stream, empty.size_bytes, order, tags), following
