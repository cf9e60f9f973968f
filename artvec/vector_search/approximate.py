"""Search by an approximate index: it proposes rows, the mapped vectors decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from artvec.core.results import Matches
from artvec.core.types import Float32Array, Int64Array
from artvec.vector_search.exact import exact_search
from artvec.vector_search.faiss_library import Index, ask, search_effort, set_effort
from artvec.vector_search.rerank import MappedVectors, best, cosines
from artvec.vector_search.vectors import unit_rows

_FEWEST = 32
"""Candidates that are scored in any case: they cost little, and few rows need no more."""


@dataclass(frozen=True)
class Approximate:
    """An index over the rows of a collection.

    Attributes:
        index: FAISS's; it numbers vectors by position.
        rows: (positions,) row of each position, -1 where it is gone.
        vectors: Of the rows.
        depth: Candidates scored exactly for each hit that is wanted.
    """

    index: Index
    rows: Int64Array
    vectors: MappedVectors
    depth: int = 1

    @cached_property
    def present(self) -> int:
        """Positions whose row is not gone; counted once, not at every query."""
        return int(np.count_nonzero(self.rows >= 0))

    def with_parameters(self, parameters: Mapping[str, int]) -> Approximate:
        """Return it set to search as thoroughly as `parameters` say.

        Raises:
            KeyError: One is missing.
        """
        name, _ = search_effort(self.index)
        if name:
            set_effort(self.index, name, parameters[name])
        return replace(self, depth=parameters["depth"])

    def positions_for(self, count: int) -> int:
        """Return how many positions to ask for to get `count` rows that are not gone."""
        wanted = max(count, _FEWEST) * len(self.rows)
        return min(len(self.rows), -(-wanted // max(1, self.present)))

    def propose(self, units: Float32Array, count: int) -> Int64Array:
        """Return (Q, C) rows near each of (Q, dim) unit queries, -1 where one is gone."""
        positions = ask(self.index, units, self.positions_for(count))
        rows: Int64Array = np.where(positions >= 0, self.rows[positions], -1)
        return rows


def approximate_search(approximate: Approximate, queries: Float32Array, k: int) -> Matches:
    """Return k similar rows of each query, best first, with exact cosines, ties by row number.

    A query for which the index proposes fewer than k rows though there are k, and a zero query,
    are answered by an exact scan.

    Args:
        approximate: See `Approximate`.
        queries: (Q, dim), not normalised.
        k: Fewer come back where there are fewer rows: the rest is row -1, score -inf.
    """
    units = unit_rows(queries)
    rows = approximate.propose(units, k * approximate.depth)
    matches = best(rows, cosines(approximate.vectors, units, rows), k)
    short = (matches.rows >= 0).sum(axis=1) < min(k, approximate.vectors.count)
    again = np.flatnonzero(short | ~units.any(axis=1))
    if len(again):
        scanned = exact_search(approximate.vectors.blocks, queries[again], k)
        matches.rows[again], matches.scores[again] = scanned.rows, scanned.scores
    return matches
