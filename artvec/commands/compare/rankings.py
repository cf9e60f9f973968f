"""Do the figures rank the collections alike? Never one metric alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from scipy.stats import kendalltau, rankdata

from artvec.commands.compare.comparison_report import Agreement, Contradiction, Pair, Rankings
from artvec.core.results import Interval

HEADLINES = (
    "head_accuracy",
    "linear_probe_accuracy",
    "knn20_accuracy",
    "map_at_r",
    "nmi",
    "silhouette_cosine",
)
"""One figure of each kind, so that the many of one kind don't outvote the others."""
_ALIKE = 0.999
_DIGITS = 9
"""Figures that agree so far are equal: the rest is rounding."""


def headlines(figures: Sequence[Mapping[str, Interval]]) -> tuple[str, ...]:
    """Return the headline figures that all collections have."""
    return tuple(name for name in HEADLINES if all(name in one for one in figures))


def ranks(values: Sequence[float]) -> list[int]:
    """Return the place of each, 1 for the largest; equal ones share the better place."""
    return [int(place) for place in rankdata([-value for value in _rounded(values)], method="min")]


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, _DIGITS) for value in values]


def compare_rankings(
    names: Sequence[str], figures: Sequence[Mapping[str, Interval]], pairs: Sequence[Pair]
) -> Rankings:
    """Say whether the headline figures rank alike, and which pairs contradict one another.

    Args:
        names: Of the collections.
        figures: Theirs.
        pairs: All paired differences.
    """
    metrics = headlines(figures)
    agreements = tuple(_agreements(metrics, figures)) if len(names) > 1 else ()
    contradictions = tuple(_contradictions(pairs))
    tied = [
        name for name in metrics if len(set(_rounded([one[name].value for one in figures]))) == 1
    ]
    words = tuple(_words(len(names), metrics, agreements, contradictions, tied))
    return Rankings(metrics, agreements, contradictions, words)


def _agreements(
    metrics: Sequence[str], figures: Sequence[Mapping[str, Interval]]
) -> Iterator[Agreement]:
    for a, b in combinations(metrics, 2):
        values_a, values_b = (_rounded([one[metric].value for one in figures]) for metric in (a, b))
        if len(set(values_a)) > 1 and len(set(values_b)) > 1:
            yield Agreement(a, b, float(kendalltau(values_a, values_b).statistic))


def _contradictions(pairs: Sequence[Pair]) -> Iterator[Contradiction]:
    by_names: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        by_names.setdefault((pair.a, pair.b), []).append(pair)
    for (a, b), their in by_names.items():
        better = tuple(pair.metric for pair in their if pair.verdict == "better")
        worse = tuple(pair.metric for pair in their if pair.verdict == "worse")
        if better and worse:
            yield Contradiction(a, b, better, worse)


def _words(
    count: int,
    metrics: Sequence[str],
    agreements: Sequence[Agreement],
    contradictions: Sequence[Contradiction],
    tied: Sequence[str],
) -> Iterator[str]:
    if count < 2 or not metrics:
        return
    unlike = [one for one in agreements if one.kendall_tau < _ALIKE]
    if not agreements:
        yield "no two figures tell the collections apart, so there is no ranking to agree on"
    elif not unlike:
        of = f"{len(metrics) - len(tied)} of {len(metrics)}" if tied else f"all {len(metrics)}"
        yield f"{of} headline figures rank the collections alike"
    else:
        least = min(unlike, key=lambda one: one.kendall_tau)
        yield (
            f"the figures don't rank alike: {least.a} and {least.b} agree least "
            f"(Kendall's tau {least.kendall_tau:.2f}); "
            f"{len(unlike)} of {len(agreements)} pairs of figures differ in order"
        )
    if tied:
        yield f"all collections are equal by {_listed(tied)}"
    for one in contradictions:
        yield (
            f"{one.a} is better than {one.b} by {_listed(one.better_by)}, "
            f"but worse by {_listed(one.worse_by)}"
        )
    if unlike and not contradictions:
        yield "no pair is better by one figure and worse by another beyond what chance explains"


def _listed(metrics: Sequence[str]) -> str:
    return ", ".join(metrics)
