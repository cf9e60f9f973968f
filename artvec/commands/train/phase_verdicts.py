"""Whether a phase helped: paired differences on the same pictures, with intervals, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from artvec.commands.train.train_report import JUDGED, SplitFigures, Verdict
from artvec.core.results import Interval
from artvec.core.types import Int64Array
from artvec.metrics.bootstrap import paired_interval, verdict, without_rounding
from artvec.metrics.registry import metric_of

UNTRAINED = "untrained"
"""Name of the weights before the first phase."""
SAME = 1e-5
"""Differences below are none: two engines differ by that in the figures of the same weights.

Intervals are paired, so that without it a hundredth of a rounding step, being the same on every
picture, would be proven to help.
"""
_MOST = 5
"""Decimals of a difference: `SAME` has that many."""
_WORDS = {"yes": "helped", "no": "hurt", "inconclusive": "inconclusive"}

Step = tuple[str, SplitFigures]
"""Name of a phase, or `UNTRAINED`, and the figures of the weights that it left."""


def verdicts(
    steps: Sequence[Step],
    groups: Int64Array | None = None,
    *,
    on: str = "test",
    metrics: Sequence[str] = JUDGED,
) -> tuple[Verdict, ...]:
    """Compare every step with the one before; then the last with the first, and the first phase.

    Args:
        steps: In the order they ran, figures of the same pictures in one order.
        groups: (Q,) group codes, resampled whole; None resamples pictures.
        on: `test`, or the name of a watched collection.
        metrics: Each is compared where both sides have it (untrained there is no accuracy).

    Returns:
        Pair by pair; none twice.
    """
    return tuple(
        _judged(start, end, metric, groups, on)
        for start, end in ((steps[a], steps[b]) for a, b in _pairs([name for name, _ in steps]))
        for metric in metrics
        if metric in start[1].per_query and metric in end[1].per_query
    )


def _pairs(names: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of what is compared with what."""
    last = len(names) - 1
    firsts = (0, 1) if names[:1] == [UNTRAINED] else (0,)
    whole = ((first, last) for first in firsts if first < last)
    return list(dict.fromkeys([*pairwise(range(len(names))), *whole]))


def _judged(start: Step, end: Step, metric: str, groups: Int64Array | None, on: str) -> Verdict:
    found = paired_interval(end[1].per_query[metric], start[1].per_query[metric], groups)
    difference = without_rounding(found, SAME)
    return Verdict(start[0], end[0], metric, difference, verdict(difference), on)


def outcome(verdict: Verdict) -> str:
    """Return a verdict's word: `unchanged`, `helped`, `hurt` or `inconclusive`."""
    found = verdict.difference
    same = (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
    return "unchanged" if same else _WORDS[verdict.helped]


def sentences(found: Sequence[Verdict]) -> tuple[str, ...]:
    """Say the verdicts, a sentence for each pair of steps.

    As in `phase finetune: accuracy +6.2 points [+3.9, +8.4]: helped; silhouette +.21 [+.18, +.24]:
    helped`. A pair of steps that don't follow each other begins with `from head to refine`.

    Args:
        found: In the order of `verdicts`.
    """
    parts: dict[tuple[str, str, str], list[str]] = {}
    before: dict[
        tuple[str, str], str
    ] = {}  # the first start that an end is reported with is its own
    for one in found:
        before.setdefault((one.on, one.end), one.start)
        parts.setdefault((one.on, one.start, one.end), []).append(_part(one))
    return tuple(
        f"{_step(start, end, before[on, end])}{_where(on)}: {'; '.join(texts)}"
        for (on, start, end), texts in parts.items()
    )


def _step(start: str, end: str, before: str) -> str:
    return f"phase {end}" if start == before else f"from {start} to {end}"


def _where(on: str) -> str:
    return "" if on == "test" else f", on {on}"


def _part(one: Verdict) -> str:
    name, word = metric_of(one.metric).short, outcome(one)
    if word == "unchanged":
        return f"{name} {word}"
    return f"{name} {_difference(one.difference, one.metric)}: {word}"


def _difference(found: Interval, metric: str) -> str:
    """Write shares as percentage points, silhouettes as they are; no difference as a zero."""
    plain = metric == "silhouette_cosine"
    scale, least = (1, 2) if plain else (100, 1)
    decimals = next((n for n in range(least, _MOST) if round(scale * found.value, n)), _MOST)
    value, low, high = (
        f"{scale * number:+.{decimals}f}".replace("0.", "." if plain else "0.", 1)
        for number in (found.value, found.low, found.high)
    )
    unit = "" if plain else " points"
    ends = "no interval" if math.isnan(found.low) else f"{low}, {high}"
    return f"{value}{unit} [{ends}]"
