"""What all figures share: blocks of rows, lengths, unit rows in double precision."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from artvec.core.types import Float64Array, FloatArray, Int64Array

Result = TypeVar("Result")
ROWS = 4096
"""Rows of a block: 42 MB in double precision at 1,280 dimensions, enough to keep BLAS busy."""


def spans(count: int, size: int = ROWS) -> Iterator[slice]:
    """Yield slices of at most `size` that cover `count` rows in order."""
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))


def in_threads(work: Callable[[slice], Result], parts: Iterable[slice]) -> Iterator[Result]:
    """Map in a thread a core; results come in order, so that their sum is the same each time."""
    allowed = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    with ThreadPoolExecutor(len(allowed)) as pool:
        yield from pool.map(work, parts)


def lengths(vectors: FloatArray) -> Float64Array:
    """Return the (N,) float64 Euclidean lengths of (N, D) vectors."""
    squares: Float64Array = np.zeros(len(vectors))
    for span in spans(len(vectors)):
        wide = vectors[span].astype(np.float64)
        squares[span] = np.vecdot(wide, wide)
    return np.sqrt(squares)


def inverse_lengths(vectors: FloatArray) -> Float64Array:
    """Return (N,) float64 1 / length, and 0 for a zero vector, which is similar to nothing."""
    norms = lengths(vectors)
    return np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)


def unit_rows(vectors: FloatArray) -> Float64Array:
    """Return an (N, D) float64 copy at length 1; a zero vector stays zero."""
    units: Float64Array = vectors.astype(np.float64) * inverse_lengths(vectors)[:, None]
    return units


def codes_of(labels: Int64Array, rows: int) -> tuple[Int64Array, Int64Array]:
    """Return (N,) codes 0 … C-1 of the labels that occur, and (C,) how often each does.

    Raises:
        ValueError: There is not one label a row.
    """
    if labels.shape != (rows,):
        raise ValueError(f"{rows} rows need labels of shape ({rows},), not {labels.shape}")
    codes, counts = np.unique(labels, return_inverse=True, return_counts=True)[1:]
    return codes.astype(np.int64), counts.astype(np.int64)
