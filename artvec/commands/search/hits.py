"""Vectors to hits: the k best rows of each query, own rows left out, equal pictures folded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from artvec.collection.index.reading import Nearest, nearest
from artvec.collection.reader import Collection, blocks, row
from artvec.commands.search.query_vectors import Query
from artvec.commands.search.search_results import Hit, QueryHits, SearchOptions
from artvec.core.results import Matches
from artvec.core.types import BoolArray, Float32Array, Int64Array
from artvec.images.find import file_of
from artvec.near_duplicates import Fingerprints, fingerprints
from artvec.vector_search import exact_search

_GROWTH = 4
"""How many times more rows are fetched when folding has left fewer than k."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A row that becomes a hit, its cosine, and the other rows that show its picture."""

    row: int
    score: float
    duplicates: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class FoundHits:
    """Hits of each query, and notes for the user about how they were found."""

    queries: tuple[QueryHits, ...]
    notes: tuple[str, ...]


def find_hits(
    collection: Collection,
    queries: Sequence[Query],
    options: SearchOptions,
    chosen: BoolArray | None,
) -> FoundHits:
    """Return k hits of each query, or as many as there are.

    Args:
        collection: Not empty.
        queries: Any number.
        options: See `SearchOptions`.
        chosen: (N,), the rows to search; None for all.
    """
    if chosen is None:
        chosen = np.ones(collection.rows, dtype=np.bool_)
    available = int(np.count_nonzero(chosen))
    keep = partial(_unique, fingerprints(collection), chosen) if options.unique else _best
    notes: tuple[str, ...] = ()
    candidates: dict[int, tuple[_Candidate, ...]] = dict.fromkeys(range(len(queries)), ())
    waiting = list(candidates) if available else []
    k = options.k + max((len(query.own) for query in queries), default=0)
    while waiting:
        k = min(k, available)
        vectors = np.stack([queries[at].vector for at in waiting])  # (Q, dim)
        found = _nearest(collection, vectors, k, chosen, exact=options.exact)
        matches, notes = found.matches, found.notes
        for at, rows, scores in zip(waiting, matches.rows, matches.scores, strict=True):
            candidates[at] = keep(rows, scores, queries[at].own, options.k)
        waiting = [at for at in waiting if len(candidates[at]) < options.k and k < available]
        k *= _GROWTH
    hits = tuple(
        QueryHits(query.text, query.pictures, _hits(collection, candidates[at]))
        for at, query in enumerate(queries)
    )
    return FoundHits(hits, notes)


def _nearest(
    collection: Collection, vectors: Float32Array, k: int, chosen: BoolArray, *, exact: bool
) -> Nearest:
    """Find the k nearest of the chosen rows, of which there are k at least.

    An index knows no conditions, so a choice of rows is scanned.
    """
    if chosen.all():
        return nearest(collection, vectors, k, exact=exact)
    found = exact_search(blocks(collection, chosen), vectors, k)
    return Nearest(Matches(np.flatnonzero(chosen)[found.rows], found.scores))


def _best(
    rows: Int64Array, scores: Float32Array, own: frozenset[int], k: int
) -> tuple[_Candidate, ...]:
    pairs = zip(rows.tolist(), scores.tolist(), strict=True)
    return tuple(_Candidate(number, score) for number, score in pairs if number not in own)[:k]


def _unique(
    prints: Fingerprints,
    chosen: BoolArray,
    rows: Int64Array,
    scores: Float32Array,
    own: frozenset[int],
    k: int,
) -> tuple[_Candidate, ...]:
    """Let each picture through once, with the other chosen rows that show it as duplicates."""
    free = chosen.copy()  # (N,) rows that are nobody's duplicate yet
    free[list(own)] = False
    candidates: list[_Candidate] = []
    for number, score in zip(rows.tolist(), scores.tolist(), strict=True):
        if free[number] and len(candidates) < k:
            same = free & prints.same_picture(number)
            free &= ~same
            others = tuple(int(n) for n in np.flatnonzero(same) if n != number)
            candidates.append(_Candidate(number, score, others))
    return tuple(candidates)


def _hits(collection: Collection, candidates: Sequence[_Candidate]) -> tuple[Hit, ...]:
    return tuple(_hit(collection, rank, one) for rank, one in enumerate(candidates, 1))


def _hit(collection: Collection, rank: int, candidates: _Candidate) -> Hit:
    record = row(collection, candidates.row)
    values = {name: record[name] for name in collection.manifest.columns}
    duplicates = candidates.duplicates
    return Hit(
        rank=rank,
        row=candidates.row,
        path=record["path"],
        file=file_of(collection.source, record["path"]),
        # Rounding can leave a cosine a hair outside its range.
        score=max(-1.0, min(1.0, candidates.score)),
        label=record["label"],
        metadata={name: value for name, value in values.items() if _is_finite(value)},
        split=record["split"],
        width=record["width"],
        height=record["height"],
        size_bytes=record["size_bytes"],
        duplicates=None
        if duplicates is None
        else tuple(row(collection, number)["path"] for number in duplicates),
    )


def _is_finite(value: Any) -> bool:
    """JSON has no NaN and no infinity; a figure that doesn't apply is absent."""
    return not isinstance(value, float) or math.isfinite(value)
