"""How good an index is, and how it must be set: recall against the exact scan, and latency."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from artvec.core.types import Float32Array, Int64Array
from artvec.vector_search.approximate import Approximate
from artvec.vector_search.exact import exact_search
from artvec.vector_search.faiss_library import search_effort, set_effort
from artvec.vector_search.index_building import Blocks, take_passing
from artvec.vector_search.rerank import cosines
from artvec.vector_search.vectors import unit_rows

K = 10
_DEPTHS = (1, 2, 4, 8, 16, 32, 64)
_TIE = 1e-3
"""A row counts as found if it is no further than the k-th nearest by more than this (Euclidean
distance of unit vectors)."""
_TIMED = 100
_WARM_UP = 10


@dataclass(frozen=True)
class Truth:
    """Held-out rows as queries, and how far their ten nearest other rows are.

    Attributes:
        rows: (Q,) row numbers.
        queries: (Q, dim) their vectors.
        kth: (Q,) cosine of the tenth nearest other row (of the last, where there are fewer).
        k: Ten, or how many other rows there are.
    """

    rows: Int64Array
    queries: Float32Array
    kth: Float32Array
    k: int


@dataclass(frozen=True, slots=True)
class Setting:
    """How thoroughly to search, and what that finds.

    Attributes:
        parameters: Search effort by its FAISS name, and `depth`, candidates scored for a hit.
        recall: Recall@10 on the worse half of the held-out rows: a setting is chosen by its
            recall, so a single figure would be flattered by the choice.
    """

    parameters: dict[str, int]
    recall: float

    @property
    def cost(self) -> int:
        """A measure of work: clusters or nodes visited, times candidates scored."""
        return int(np.prod(list(self.parameters.values())))


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of a single query: the median, and what 95 % stay below."""

    p50: float
    p95: float


def find_truth(blocks: Blocks, held_out: Int64Array) -> Truth:
    """Search the exact nearest rows of (Q,) held-out rows; their own is removed by its number."""
    queries = take_passing(blocks(), held_out)
    some = queries.any(axis=1)  # a zero vector is equally far from everything
    rows, queries = held_out[some], queries[some]
    found = exact_search(blocks(), queries, K + 1)
    scores = np.where(found.rows == rows[:, None], -np.inf, found.scores)
    others = -np.sort(-scores, axis=1)
    k = int(np.isfinite(others).sum(axis=1).min(initial=K))
    return Truth(rows, queries, others[:, max(0, k - 1)], k)


def tune(approximate: Approximate, truth: Truth, recall: float) -> Setting:
    """Return the cheapest setting that reaches a recall, else the one that finds most.

    One search as deep as any tells the recall at every lesser depth; so effort rises until some
    depth suffices, then one step further, where a lesser depth may be cheaper in the end.
    """
    measured: list[Setting] = []
    steps = 0
    for settings in _by_effort(approximate, truth):
        measured += settings
        steps += any(setting.recall >= recall for setting in measured)
        if steps == 2:
            break
    enough = [setting for setting in measured if setting.recall >= recall]
    if enough:
        return min(enough, key=lambda setting: setting.cost)
    return max(measured, key=lambda setting: (setting.recall, -setting.cost))


def recall_at(approximate: Approximate, truth: Truth, parameters: dict[str, int]) -> Setting:
    """Return what a given setting finds."""
    approximate = approximate.with_parameters(parameters)
    scores = _proposed(approximate, truth, approximate.depth)
    return _setting(parameters, scores, truth)


def latency(search: Callable[[Float32Array], object], queries: Float32Array) -> Latency | None:
    """Time a search one query at a time, after a warm-up; None without queries."""
    if not len(queries):
        return None
    times = []
    for at in range(_WARM_UP + _TIMED):
        started = time.perf_counter()
        search(queries[at % len(queries)][None])
        times.append(1000 * (time.perf_counter() - started))
    p50, p95 = np.percentile(times[_WARM_UP:], (50, 95))
    return Latency(float(p50), float(p95))


def _by_effort(approximate: Approximate, truth: Truth) -> Iterator[list[Setting]]:
    name, values = search_effort(approximate.index)
    for value in values or (0,):
        set_effort(approximate.index, name, value)
        # A graph search is as thorough as its answer is long: no longer than its effort, then.
        depths = [d for d in _DEPTHS if name != "efSearch" or d == 1 or d * K <= value]
        scores = _proposed(approximate, truth, depths[-1])
        effort = {name: value} if name else {}
        widths = [approximate.positions_for(truth.k * depth + 1) for depth in depths]
        yield [
            _setting({**effort, "depth": depth}, scores[:, :width], truth)
            for depth, width in zip(depths, widths, strict=True)
        ]


def _proposed(approximate: Approximate, truth: Truth, depth: int) -> Float32Array:
    """Return the (Q, C) exact cosines of what is proposed, the query's own row at -inf."""
    units = unit_rows(truth.queries)
    rows = approximate.propose(units, truth.k * depth + 1)
    rows = np.where(rows == truth.rows[:, None], -1, rows)
    return cosines(approximate.vectors, units, rows)


def _setting(parameters: dict[str, int], scores: Float32Array, truth: Truth) -> Setting:
    found = -np.sort(-scores, axis=1)[:, : truth.k]
    near = _distance(found) <= _distance(truth.kth)[:, None] + _TIE
    share = near.sum(axis=1) / max(1, truth.k)  # (Q,)
    return Setting(parameters, min(_mean(share[::2]), _mean(share[1::2])))


def _distance(cosine: Float32Array) -> Float32Array:
    distance: Float32Array = np.sqrt(np.maximum(0, 2 - 2 * cosine))
    return distance


def _mean(shares: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Average; without a single query (all vectors are zero, and scanned) nothing is missed."""
    return float(shares.mean()) if len(shares) else 1.0
