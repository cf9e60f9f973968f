"""The vectors of an evaluation, gathered once out of the mapped shards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artvec.collection.reader import Collection, blocks, columns
from artvec.core.finite import finite_rows, not_finite
from artvec.core.types import Float32Array, Int64Array
from artvec.evaluation.selection import Selection
from artvec.vector_search import unit_rows


@dataclass(frozen=True)
class Vectors:
    """Vectors of the rows of a selection, as emitted (not normalised).

    Attributes:
        gallery: (G, D) float32.
        queries: (Q, D) float32.
        val: (V, D) float32.
    """

    gallery: Float32Array
    queries: Float32Array
    val: Float32Array


def gather_vectors(collection: Collection, selection: Selection) -> Vectors:
    """Return the embeddings of a selection's rows.

    Raises:
        ArtvecError: Some are not finite numbers.
    """
    sides = (selection.gallery, selection.queries, selection.val)
    return Vectors(*(rows_of(collection, rows) for rows in sides))


def colour_vectors(collection: Collection, selection: Selection) -> Vectors:
    """Return the stored 4×4 colour grids, centred on mid-grey as `colour:4x4` embeds them."""
    stored = columns(collection, ["colour"]).column("colour").combine_chunks()
    grids = stored.flatten().to_numpy().reshape(-1, 48)  # (N, 48)
    sides = (selection.gallery, selection.queries, selection.val)
    half = np.float32(127.5)
    return Vectors(*((grids[rows].astype(np.float32) - half) / half for rows in sides))


def concatenate(parts: Sequence[Vectors]) -> Vectors:
    """Return vectors of several encoders side by side, each at length 1, so that all weigh alike.

    Args:
        parts: Of the same pictures in the same order.
    """
    return Vectors(
        np.hstack([unit_rows(part.gallery) for part in parts]),
        np.hstack([unit_rows(part.queries) for part in parts]),
        np.hstack([unit_rows(part.val) for part in parts]),
    )


def rows_of(collection: Collection, rows: Int64Array) -> Float32Array:
    """Return the (n, D) float32 vectors of rows, in the order asked for.

    Raises:
        ArtvecError: Some are not finite numbers.
    """
    vectors = np.empty((len(rows), collection.manifest.encoder.dim), dtype=np.float32)
    first = 0
    for block in blocks(collection):
        here = np.flatnonzero((rows >= first) & (rows < first + len(block)))
        vectors[here] = block[rows[here] - first]
        first += len(block)
    broken = int(np.count_nonzero(~finite_rows(vectors)))
    if broken:
        raise not_finite(broken, collection.folder)
    return vectors
