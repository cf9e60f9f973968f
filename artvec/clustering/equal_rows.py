"""Rows that are equal: which they are, and that no method puts them into different groups."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from artvec.clustering.assignment import NOISE, Assignment, numbered
from artvec.core.types import FloatArray, Int64Array


def first_of_equals(vectors: FloatArray, content_hashes: Sequence[bytes]) -> Int64Array:
    """Return for every row the first row with the same vector, or of the same file.

    A file that was embedded in batches of two sizes may have vectors that differ by rounding.

    Args:
        vectors: (N, D).
        content_hashes: N.
    """
    by_file: dict[bytes, int] = {}
    by_vector: dict[bytes, int] = {}
    first = np.empty(len(vectors), dtype=np.int64)
    for row, content in enumerate(content_hashes):
        vector = vectors[by_file.setdefault(content, row)] + 0.0  # -0 is 0
        digest = blake2b(vector.tobytes(), digest_size=16).digest()
        first[row] = by_vector.setdefault(digest, row)
    return first


def together(found: Assignment, first: Int64Array, min_cluster_size: int) -> Assignment:
    """Give equal rows one cluster; so many of them are a dense place, never noise.

    HDBSCAN takes the whole for no cluster, so that equal rows beside a few others are noise.

    Args:
        found: By any method.
        first: (N,) see `first_of_equals`.
        min_cluster_size: So many rows are a cluster.
    """
    labels = found.clusters[first].astype(np.int64)
    dense = (labels == NOISE) & (
        np.bincount(first, minlength=len(first))[first] >= min_cluster_size
    )
    labels[dense] = len(first) + first[dense]
    return Assignment(
        numbered(labels),
        np.where(dense, np.float32(1), found.probabilities[first]),
        np.where(dense, np.float32(0), found.outlier_scores[first]),
    )


def one_group(rows: int) -> Assignment:
    """Return the only grouping of equal rows."""
    nothing = np.zeros(rows, dtype=np.float32)
    return Assignment(np.zeros(rows, dtype=np.int32), np.ones_like(nothing), nothing)
