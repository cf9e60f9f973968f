"""From proposed rows to exact results: cosines computed from the mapped vectors themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from artvec.core.results import Matches
from artvec.core.types import Float32Array, Int64Array
from artvec.vector_search.vectors import cosines_of, lengths

_CHUNK_BYTES = 16 << 20
"""Vectors gathered at once."""


@dataclass(frozen=True)
class MappedVectors:
    """The (N, dim) vectors of a collection, block by block where they lie; made by `mapped`.

    Attributes:
        blocks: (n, dim) each, in row order; of one type and width, contiguous and aligned, for
            `take` looks at all of them as one array.
        firsts: Number of each block's first row.
    """

    blocks: Sequence[np.ndarray[Any, Any]]
    firsts: Int64Array

    @cached_property
    def count(self) -> int:
        """How many vectors there are."""
        return sum(len(block) for block in self.blocks)

    @cached_property
    def _addresses(self) -> Int64Array:
        return np.array([block.ctypes.data for block in self.blocks], dtype=np.int64)

    @cached_property
    def _window(self) -> np.ndarray[Any, Any]:
        """One read-only view of dim numbers from any address between the blocks' ends.

        It overlaps itself and covers what lies between the blocks, too: only `take` may ask it.
        """
        ends = self._addresses + np.array([block.nbytes for block in self.blocks])
        first = self.blocks[int(np.argmin(self._addresses))]
        dim, step = first.shape[1], first.itemsize
        count = int(ends.max() - self._addresses.min()) // step - dim + 1
        return as_strided(first, (count, dim), (step, step), writeable=False)

    @cached_property
    def _places(self) -> Int64Array:
        """Where each block begins in the window, less the width of all rows before it."""
        dim, step = self._window.shape[1], self._window.itemsize
        places: Int64Array = (self._addresses - self._addresses.min()) // step - self.firsts * dim
        return places

    def take(self, rows: Int64Array) -> Float32Array:
        """Return the (n, dim) vectors of (n,) rows, float16 widened.

        A search touches a row or two in each of hundreds of blocks, and numpy gathers rows of one
        array in half the time of a loop over many: so the blocks are looked at as one.

        Raises:
            IndexError: There is no such row.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if len(rows) and not (rows.min() >= 0 and rows.max() < self.count):
            raise IndexError(f"rows {rows.min()} to {rows.max()} of {self.count}")
        which = np.searchsorted(self.firsts, rows, side="right") - 1
        near = self._window[self._places[which] + rows * self._window.shape[1]]
        vectors: Float32Array = near.astype(np.float32, copy=False)
        return vectors


def mapped(blocks: Sequence[np.ndarray[Any, Any]]) -> MappedVectors:
    """Number the rows of (n, dim) blocks; empty ones are passed over.

    Blocks of one type that lie in order are not copied.

    Raises:
        ValueError: Their widths differ.
    """
    blocks = [block for block in blocks if len(block)]
    if len(widths := {block.shape[1] for block in blocks}) > 1:
        raise ValueError(f"blocks of vectors have different widths: {sorted(widths)}")
    if blocks:
        kind = np.result_type(*blocks)
        blocks = [np.require(block, kind, ["C_CONTIGUOUS", "ALIGNED"]) for block in blocks]
    firsts = np.cumsum([0, *(len(block) for block in blocks[:-1])], dtype=np.int64)
    return MappedVectors(blocks, firsts)


def cosines(vectors: MappedVectors, units: Float32Array, rows: Int64Array) -> Float32Array:
    """Return the exact (Q, C) cosines of (Q, dim) unit queries and their (Q, C) rows.

    Row -1 has -inf; a zero vector has 0.
    """
    scores = np.full(rows.shape, -np.inf, dtype=np.float32)
    width = max(1, rows.shape[1])
    chunk = max(1, _CHUNK_BYTES // (width * units.shape[1] * 4))
    for first in range(0, len(rows), chunk):
        some = rows[first : first + chunk]  # (q, C)
        near = vectors.take(np.maximum(some, 0).ravel())  # (q·C, dim)
        norms = lengths(near).reshape(some.shape)
        near = near.reshape(*some.shape, -1)
        found = cosines_of(near, norms, units[first : first + chunk, None])
        scores[first : first + chunk] = np.where(some >= 0, found, -np.inf)
    return scores


def best(rows: Int64Array, scores: Float32Array, k: int) -> Matches:
    """Return the k best of (Q, C) scored rows, best first, ties by row number."""
    if (missing := k - rows.shape[1]) > 0:
        rows = np.pad(rows, ((0, 0), (0, missing)), constant_values=-1)
        scores = np.pad(scores, ((0, 0), (0, missing)), constant_values=-np.inf)
    order = np.lexsort((rows, -scores), axis=1)[:, :k]
    each = np.arange(len(rows))[:, None]
    return Matches(rows[each, order], scores[each, order])
