"""Which rows show the same picture, by the fingerprints they carry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from artvec.collection.reader import Collection, columns
from artvec.types import BoolArray, UInt8Array

HASH_BITS = 6
"""Perceptual hashes that differ in more of their 64 bits show different pictures.

Source: measured on 600 pictures of the demo gallery (60 scenes, each in ten styles, so that
different pictures are hard to tell apart) and altered copies of 150. JPEG at quality 50, a quarter
of the size, 10 % more brightness, 15 % more contrast and a warmer light change 4 bits at most,
JPEG at quality 20 changes 6. Of 179,700 pairs of different pictures 2 differ in 6 bits or less;
within 10 bits, the usual threshold elsewhere, there are 24.
"""
COLOUR_LEVELS = 20
"""Nor may their 4×4 colours differ by more levels (of 255) on average.

The altered copies reached 18; with this, no pair of different pictures is left within 8 bits. It
also tells flat pictures apart, whose hashes are all alike.
"""


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of all rows, in row order.

    Attributes:
        content: (N, 4) uint64, sha256 of the files.
        hashes: (N,) uint64, perceptual hashes.
        colours: (N, 48) uint8, mean RGB of a 4×4 grid.
    """

    content: npt.NDArray[np.uint64]
    hashes: npt.NDArray[np.uint64]
    colours: UInt8Array

    def same_picture(self, row: int) -> BoolArray:
        """Say for each of the N rows whether it shows the picture of one; of itself, it does."""
        same: BoolArray = (self.content == self.content[row]).all(axis=1)
        near = np.flatnonzero(np.bitwise_count(self.hashes ^ self.hashes[row]) <= HASH_BITS)
        levels = np.abs(self.colours[near].astype(np.int16) - self.colours[row]).mean(axis=1)
        same[near[levels <= COLOUR_LEVELS]] = True
        return same


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
