"""Exact silhouettes by label: cosine by class sums, Euclidean by pairs in blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from artvec.core.progress import Progress, silent
from artvec.core.types import Float32Array, Float64Array, FloatArray, Int64Array
from artvec.metrics.blocks import codes_of, spans, unit_rows

_ROUNDING = 1e-12
"""Cosine distances below this are rounding of 0, as between copies of a vector."""

_PAIR_ROWS = 512
"""Rows of a block of pairs: what is done to its 1 MB of distances stays in a core's cache."""

_NEAR = 0.1
"""Squared distances below this share of both squared lengths lose digits in single precision."""


def cosine_silhouettes(vectors: FloatArray, labels: Int64Array) -> Float64Array:
    """Return the silhouette of every row by label, with cosine distance; exact, in O(N·C·D).

    s = (b - a) / max(a, b), where a is the mean distance (1 - cosine) to the other rows of the own
    class, and b the mean distance to the nearest other class. Mean distances come from the sum of
    a class's unit vectors, so no pair is ever visited.

    Args:
        vectors: (N, D) as emitted; a zero vector has distance 1 to everything.
        labels: (N,) integers; unlabelled rows are left out by the caller.

    Returns:
        (N,) float64 in [-1, 1]: near 1, the row lies well inside its class; 0, between two; below
        0, nearer to another class. 0 where a row is alone in its class, and where a = b = 0. NaN
        throughout where there are fewer than two classes, or as many as rows: scikit-learn
        refuses these.

    Raises:
        ValueError: There is not one label a row.

    Source: Rousseeuw 1987; the same figure as scikit-learn's `silhouette_samples(metric="cosine")`.
    """
    codes, counts = codes_of(labels, len(vectors))
    if not 1 < len(counts) < len(codes):
        return np.full(len(codes), np.nan)
    sums: Float64Array = np.zeros((len(counts), vectors.shape[1]))  # (C, D)
    for span in spans(len(codes)):
        members = sparse.csr_array(
            (np.ones(span.stop - span.start), (codes[span], np.arange(span.stop - span.start))),
            shape=(len(counts), span.stop - span.start),
        )
        sums += members @ unit_rows(vectors[span])
    silhouettes = np.empty(len(codes))
    for span in spans(len(codes)):
        units = unit_rows(vectors[span])
        distances = counts - units @ sums.T  # (n, C), summed over each class
        own = np.arange(len(units)), codes[span]
        distances[own] -= 1.0 - np.vecdot(units, units)  # a row's distance to itself
        silhouettes[span] = _silhouettes(distances, codes[span], counts, _ROUNDING)
    return silhouettes


def euclidean_silhouettes(
    vectors: FloatArray, labels: Int64Array, progress: Progress = silent
) -> Float64Array:
    """Return the silhouette of every row by label, with Euclidean distance; exact, over all pairs.

    As `cosine_silhouettes`, but with ‖x - y‖ of the vectors as emitted. Every pair is computed
    once, in blocks of 512 × 512. Products are in single precision; where a block holds a pair
    so near that this would lose digits, and on the diagonal, in double precision.

    Args:
        vectors: (N, D) as emitted.
        labels: (N,) integers; unlabelled rows are left out by the caller.
        progress: Told of the pairs of blocks that are done.

    Returns:
        (N,) float64 in [-1, 1], read as `cosine_silhouettes`, with the same cases of 0 and NaN.

    Raises:
        ValueError: There is not one label a row.

    Source: Rousseeuw 1987; the same figure as scikit-learn's `silhouette_samples`.
    """
    codes, counts = codes_of(labels, len(vectors))
    if not 1 < len(counts) < len(codes):
        return np.full(len(codes), np.nan)
    by_class = np.argsort(codes, kind="stable")
    rows, codes = _rows(vectors, by_class), codes[by_class]
    totals: Float64Array = np.zeros((len(codes), len(counts)))  # distance to each class, summed
    blocks = list(spans(len(codes), _PAIR_ROWS))
    done, pairs = 0, len(blocks) * (len(blocks) + 1) // 2
    for at, first in enumerate(blocks):
        for second in blocks[at:]:
            distances = _distances(rows, first, second)
            _add(totals[first], distances, codes[second])
            if first != second:
                _add(totals[second], distances.T, codes[first])
            done += 1
            progress(done, pairs)
    silhouettes = np.empty(len(codes))
    silhouettes[by_class] = _silhouettes(totals, codes, counts, 0.0)
    return silhouettes


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in order of class, around their mean and at most 1 in any coordinate.

    Silhouettes don't change by that, and single precision keeps more digits.

    Attributes:
        vectors: (N, D) as emitted, in the caller's order.
        order: (N,) the caller's rows by class.
        mean: (D,) of all rows.
        widest: Largest distance of a coordinate from its mean.
        single: (N, D) in order of class.
        squares: (N,) squared lengths of these.
    """

    vectors: FloatArray
    order: Int64Array
    mean: Float64Array
    widest: float
    single: Float32Array
    squares: Float32Array

    def double(self, span: slice) -> Float64Array:
        """Return a block in double precision, from the vectors as emitted."""
        rows: Float64Array = (self.vectors[self.order[span]] - self.mean) / self.widest
        return rows


def _rows(vectors: FloatArray, order: Int64Array) -> _Rows:
    mean = vectors.mean(axis=0, dtype=np.float64)
    widest = max(float(np.abs(vectors[span] - mean).max()) for span in spans(len(vectors)))
    single, squares = np.empty(vectors.shape, np.float32), np.empty(len(order), np.float32)
    rows = _Rows(vectors, order, mean, widest or 1.0, single, squares)
    for span in spans(len(order)):
        single[span] = rows.double(span)
        squares[span] = np.vecdot(single[span], single[span])
    return rows


def _distances(rows: _Rows, first: slice, second: slice) -> FloatArray:
    """Return the (n, m) Euclidean distances between two blocks of rows."""
    if first != second:
        one, other = rows.squares[first], rows.squares[second]
        squares = _squared_distances(rows.single[first], rows.single[second], one, other)
        may_be_near = squares.min() < _NEAR * (one.max() + other.max())
        if not may_be_near or not (squares < _NEAR * np.add.outer(one, other)).any():
            return np.sqrt(squares, out=squares)
    a, b = rows.double(first), rows.double(second)
    squares = _squared_distances(a, b, np.vecdot(a, a), np.vecdot(b, b))
    np.sqrt(np.maximum(squares, 0.0, out=squares), out=squares)
    if first == second:
        np.fill_diagonal(squares, 0.0)
    return squares


def _squared_distances(
    a: FloatArray, b: FloatArray, one: FloatArray, other: FloatArray
) -> FloatArray:
    """Return (n, m) ‖a‖² + ‖b‖² - 2ab; `one` and `other` are the squared lengths."""
    squares: FloatArray = a @ b.T
    squares *= -2.0
    squares += one[:, None]
    squares += other
    return squares


def _add(totals: Float64Array, distances: FloatArray, codes: Int64Array) -> None:
    """Add (n, m) distances to (n, C) totals by the class of their column; `codes` ascend."""
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    totals[:, codes[starts]] += np.add.reduceat(distances, starts, axis=1, dtype=np.float64)


def _silhouettes(
    totals: Float64Array, codes: Int64Array, counts: Int64Array, rounding: float
) -> Float64Array:
    """Return silhouettes from (n, C) summed distances; own codes (n,); class sizes (C,)."""
    own = np.arange(len(totals)), codes
    others = np.maximum(counts[codes] - 1, 1)
    within = totals[own] / others
    means = totals / counts
    means[own] = np.inf
    between = means.min(axis=1)
    within, between = (np.where(value < rounding, 0.0, value) for value in (within, between))
    larger = np.maximum(within, between)
    ratio = np.divide(between - within, larger, out=np.zeros_like(larger), where=larger > 0)
    silhouettes: Float64Array = np.where(counts[codes] > 1, ratio, 0.0)
    return silhouettes
