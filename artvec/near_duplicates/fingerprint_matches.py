"""Which rows show the same picture, by the fingerprints they carry; no picture is opened."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from artvec.collection.reader import Collection, columns
from artvec.core.types import BoolArray, UInt8Array, UInt64Array
from artvec.near_duplicates.grids import CAPTION_BITS, EQUAL_LEVELS, NARROW_HASH, Grid, agree

_MIRROR = np.uint64(0x5555555555555555)
"""Mirroring changes the sign of every second coefficient of a row, and so its bit, but for those
that lie between the median and its negative."""


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of all rows, in row order.

    Attributes:
        content: (N, 4) uint64, sha256 of the files.
        hashes: (N,) uint64, perceptual hashes.
        colours: (N, 48) uint8, mean RGB of a 4×4 grid.
    """

    content: UInt64Array
    hashes: UInt64Array
    colours: UInt8Array

    def same_picture(self, row: int) -> BoolArray:
        """Say for each of the N rows whether it shows the picture of one; of itself, it does.

        A picture that shows too little to tell it from others is the same as equal files only.
        """
        same: BoolArray = (self.content == self.content[row]).all(axis=1)
        grid = self.colours[row].reshape(4, 4, 3)
        different = self.hashes ^ self.hashes[row]
        for bits, own in (
            (np.bitwise_count(different), grid),
            (np.bitwise_count(different ^ _MIRROR), grid[:, ::-1]),
        ):
            close = bits <= CAPTION_BITS
            if self._ones[row] < NARROW_HASH:  # the other bits are chance: one cell tells as much
                first = np.abs(self.colours[:, :3].astype(np.int16) - own[0, 0])
                close |= (first <= EQUAL_LEVELS).all(axis=1)
            near = np.flatnonzero(close & ~same)
            if len(near):
                others = self.colours[near].reshape(-1, 16, 3)
                ones = np.minimum(self._ones[near], self._ones[row])
                same[near[agree(Grid(own.reshape(16, 3)), others, bits[near], ones)]] = True
        return same

    @cached_property
    def _ones(self) -> UInt8Array:
        """Return the number of set bits of each of the N hashes."""
        ones: UInt8Array = np.bitwise_count(self.hashes)
        return ones

    def rows_like(self, row: int) -> list[int]:
        """Return the rows that show the picture of one, itself among them."""
        rows: list[int] = np.flatnonzero(self.same_picture(row)).tolist()
        return rows

    def hash_bits(self, row: int, other: int) -> int:
        """Return how many bits differ between the hashes of two rows, or of one mirrored."""
        different = self.hashes[row] ^ self.hashes[other]
        return int(min(np.bitwise_count(different), np.bitwise_count(different ^ _MIRROR)))


def fingerprints(collection: Collection) -> Fingerprints:
    """Read the fingerprints of all rows."""
    table = columns(collection, ["content_hash", "phash", "colour"]).combine_chunks()
    content, hashes, colours = (column.chunk(0) for column in table.columns)
    return Fingerprints(
        _bytes(content, 32).view(np.uint64),
        _bytes(hashes, 8).view(np.uint64)[:, 0],
        colours.flatten().to_numpy().reshape(-1, 48),
    )


def _bytes(array: pa.Array, width: int) -> UInt8Array:
    data = np.frombuffer(array.buffers()[1], dtype=np.uint8).reshape(-1, width)
    return data[array.offset : array.offset + len(array)]
