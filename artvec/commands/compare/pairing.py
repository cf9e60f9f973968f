"""Every two collections, every figure: the difference on the same queries, and a verdict.

Intervals are of one comparison each, at 95 %, and are not adjusted for how many there are; the p
values of McNemar's test are, by Holm's method over all tests of the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from artvec.commands.compare.comparison_report import Pair, Verdict
from artvec.core.results import Interval
from artvec.evaluation import Outcomes, Selection
from artvec.metrics.agreement import AGREEMENTS
from artvec.metrics.bootstrap import (
    paired_agreement_intervals,
    paired_intervals,
    verdict,
    without_rounding,
)
from artvec.metrics.mcnemar_test import mcnemar

TESTED = ("knn20_accuracy", "linear_probe_accuracy", "head_accuracy")
"""The classifiers' accuracies, to which McNemar's test applies."""
SIGNIFICANT = 0.05
_NAMED = 3
_WORDS: Mapping[str, Verdict] = {
    "yes": "better",
    "no": "worse",
    "inconclusive": "no evidence of a difference",
}


def paired_differences(
    names: Sequence[str], outcomes: Sequence[Outcomes], selection: Selection
) -> tuple[Pair, ...]:
    """Compare every two collections by every figure that both have.

    Args:
        names: Of the collections.
        outcomes: Theirs, on the same queries in the same order.
        selection: Those queries.

    Returns:
        Pair by pair, figures in the protocol's order.
    """
    places = list(combinations(range(len(names)), 2))
    found = _of_means(outcomes, places, selection) | _of_clusters(outcomes, places, selection)
    differences = {key: without_rounding(difference) for key, difference in found.items()}
    order = dict.fromkeys(name for one in outcomes for name in one.figures)
    p_values = _p_values(outcomes, places)
    adjusted = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    return tuple(
        Pair(
            names[a],
            names[b],
            metric,
            differences[metric, a, b],
            _WORDS[verdict(differences[metric, a, b])],
            p_values.get((metric, a, b)),
            adjusted.get((metric, a, b)),
        )
        for a, b in places
        for metric in order
        if (metric, a, b) in differences
    )


Key = tuple[str, int, int]
"""A figure, and the places of two collections."""


def _of_means(
    outcomes: Sequence[Outcomes], places: Sequence[tuple[int, int]], selection: Selection
) -> dict[Key, Interval]:
    """Return the differences of figures that are means over queries, from one set of draws."""
    columns = {
        (metric, at): values
        for at, one in enumerate(outcomes)
        for metric, values in one.per_query.items()
        if metric in one.figures
    }
    column_of = {key: number for number, key in enumerate(columns)}
    keys = [
        (metric, a, b)
        for a, b in places
        for metric in outcomes[a].per_query
        if (metric, a) in columns and (metric, b) in columns
    ]
    if not keys:
        return {}
    found = paired_intervals(
        np.stack(list(columns.values()), axis=1),
        [(column_of[metric, a], column_of[metric, b]) for metric, a, b in keys],
        selection.query_groups,
    )
    return dict(zip(keys, found, strict=True))


def _of_clusters(
    outcomes: Sequence[Outcomes], places: Sequence[tuple[int, int]], selection: Selection
) -> dict[Key, Interval]:
    """Return the differences of agreements with the labels; assignments stay fixed."""
    known = {at: one.clusters for at, one in enumerate(outcomes) if one.clusters is not None}
    number = {at: n for n, at in enumerate(known)}
    pairs = [(a, b) for a, b in places if a in known and b in known]
    if not pairs:
        return {}
    clusterings, columns = list(known.values()), [(number[a], number[b]) for a, b in pairs]
    labels, groups = selection.query_labels, selection.query_groups
    return {
        (metric, a, b): interval
        for metric, agreement in AGREEMENTS.items()
        for (a, b), interval in zip(
            pairs,
            paired_agreement_intervals(agreement, labels, clusterings, columns, groups),
            strict=True,
        )
    }


def _p_values(outcomes: Sequence[Outcomes], places: Sequence[tuple[int, int]]) -> dict[Key, float]:
    return {
        (metric, a, b): mcnemar(
            outcomes[a].per_query[metric] == 1.0, outcomes[b].per_query[metric] == 1.0
        )
        for a, b in places
        for metric in TESTED
        if metric in outcomes[a].per_query and metric in outcomes[b].per_query
    }


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values adjusted so that the chance of any false alarm among them stays bounded.

    The i-th smallest of m is multiplied by m - i + 1, never falls below its predecessor, and is at
    most 1.

    Source: Holm 1979.
    """
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for place, at in enumerate(np.argsort(p_values, kind="stable").tolist()):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[at]))
        adjusted[at] = largest
    return adjusted


def cautions(pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Say how many differences there are, and how far their verdicts can be trusted."""
    if not pairs:
        return ()
    sentences = [
        f"{len(pairs)} differences, each with an interval of its own: where nothing differs, one "
        "in twenty such intervals excludes 0 by chance"
    ]
    tested = [pair for pair in pairs if pair.p_value_holm is not None]
    soft = [
        pair
        for pair in tested
        if pair.verdict in ("better", "worse") and (pair.p_value_holm or 0.0) >= SIGNIFICANT
    ]
    if soft:
        named = ", ".join(f"{pair.metric} of {pair.a} and {pair.b}" for pair in soft[:_NAMED])
        sentences.append(
            f"{len(soft)} of the differences in accuracy are not significant by McNemar's test, "
            f"adjusted for all {len(tested)} tests: {named}{', …' if len(soft) > _NAMED else ''}"
        )
    return tuple(sentences)
