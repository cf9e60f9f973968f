"""Which rows show the same picture, by the fingerprints they carry; no picture is opened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from artvec.collection.reader import Collection, columns
from artvec.types import BoolArray, Float64Array, UInt8Array, UInt64Array

LIGHT_BITS = 6
"""Of 64 hash bits may differ where the light differs: brighter, darker, warmer, grey."""
LIGHT_CORRELATION = 0.97
"""Least correlation of the 4×4 luma then."""
LIGHT_SPREAD = 5.0
"""Least standard deviation of that luma, in levels: grids of flat pictures always correlate."""
EQUAL_LEVELS = 4.0
"""The light is the same where 12 of the 16 cells differ by no more levels (of 255)."""
EQUAL_BITS = 10
"""Hash bits that may differ then; the hash of a mirrored picture is known up to 10 bits."""
CAPTION_BITS = 20
"""Hash bits that may differ where those 12 cells are varied enough to say it alone."""
CAPTION_SPREAD = 10.0
"""Least standard deviation of their luma: white margins agree in many pictures.

Source of these seven: altered copies of 80 painted demo pictures and 23 photographs, and all pairs
of 300 and 23 different ones, which the figures in docs/duplicates.md don't come from.
"""
_CELLS, _AGREEING = 16, 12
_MIRROR = np.uint64(0x5555555555555555)
"""Mirroring changes the sign of every second coefficient of a row, and so its bit, but for those
that lie between the median and its negative."""
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow's mode L


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

        Equal files have equal fingerprints, so nothing else needs comparing.
        """
        same = np.zeros(len(self.hashes), dtype=np.bool_)
        grid = self.colours[row].reshape(4, 4, 3)
        different = self.hashes ^ self.hashes[row]
        for bits, own in (
            (np.bitwise_count(different), grid),
            (np.bitwise_count(different ^ _MIRROR), grid[:, ::-1]),
        ):
            near = np.flatnonzero(bits <= CAPTION_BITS)
            others = self.colours[near].reshape(-1, _CELLS, 3)
            same[near[_agree(bits[near], own.reshape(_CELLS, 3), others)]] = True
        return same

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


def _agree(bits: UInt8Array, own: UInt8Array, others: UInt8Array) -> BoolArray:
    """Say which of (n, 16, 3) grids show the picture of one, given its (n,) hash distances."""
    difference = np.abs(others.astype(np.int16) - own).mean(axis=2)  # (n, 16)
    best = np.argpartition(difference, _AGREEING - 1, axis=1)[:, :_AGREEING]  # (n, 12)
    worst = np.take_along_axis(difference, best[:, -1:], axis=1)[:, 0]  # (n,)
    luma, lumas = own @ _LUMA, others @ _LUMA  # (16,), (n, 16)
    varied = np.take_along_axis(lumas, best, axis=1).std(axis=1) >= CAPTION_SPREAD
    equal = (worst <= EQUAL_LEVELS) & ((bits <= EQUAL_BITS) | varied)
    same: BoolArray = equal | (bits <= LIGHT_BITS) & _correlate(luma, lumas)
    return same


def _correlate(luma: Float64Array, lumas: Float64Array) -> BoolArray:
    spreads, spread = lumas.std(axis=1), luma.std()
    centred = lumas - lumas.mean(axis=1, keepdims=True)
    covariance = centred @ (luma - luma.mean()) / _CELLS  # (n,)
    varied = np.minimum(spreads, spread) >= LIGHT_SPREAD
    correlate: BoolArray = varied & (covariance >= LIGHT_CORRELATION * spreads * spread)
    return correlate


def _bytes(array: pa.Array, width: int) -> UInt8Array:
    data = np.frombuffer(array.buffers()[1], dtype=np.uint8).reshape(-1, width)
    return data[array.offset : array.offset + len(array)]
