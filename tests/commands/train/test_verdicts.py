"""Verdicts between phases: which pairs, against numpy's own bootstrap, and in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from artvec.commands.train.phase_verdicts import UNTRAINED, sentences, verdicts
from artvec.commands.train.train_report import WATCHED, SplitFigures, Verdict
from artvec.core.results import Interval
from artvec.core.types import Float64Array

QUERIES = 200


def _figures(**per_query: Float64Array) -> SplitFigures:
    figures: Mapping[str, Interval] = {
        name: Interval(float(values.mean()), 0.0, 1.0) for name, values in per_query.items()
    }
    none = np.zeros((QUERIES, 0), dtype=np.float32)
    return SplitFigures(figures, per_query, none, np.zeros(QUERIES, dtype=np.int64))


def _hits(share: float, seed: int = 0) -> Float64Array:
    """Outcomes such that a larger share is right wherever a smaller one is."""
    return (np.random.default_rng(seed).random(QUERIES) < share).astype(np.float64)


def _embedding(share: float) -> dict[str, Float64Array]:
    return {"precision_at_5": _hits(share), "silhouette_cosine": _hits(share) - 0.5}


STEPS = [
    (UNTRAINED, _figures(**_embedding(0.5))),
    ("head", _figures(accuracy=_hits(0.6), **_embedding(0.5))),
    ("finetune", _figures(accuracy=_hits(0.8), **_embedding(0.8))),
    ("refine", _figures(accuracy=_hits(0.7), **_embedding(0.8))),
]


def test_every_consecutive_pair_and_first_against_last() -> None:
    """Untrained there is no head, so no accuracy."""
    found = verdicts(STEPS)
    pairs = list(dict.fromkeys((one.start, one.end) for one in found))
    assert pairs == [
        ("untrained", "head"),
        ("head", "finetune"),
        ("finetune", "refine"),
        ("untrained", "refine"),
        ("head", "refine"),
    ]
    for pair in pairs:
        metrics = [one.metric for one in found if (one.start, one.end) == pair]
        judged = ["accuracy", "precision_at_5", "silhouette_cosine"]
        assert metrics == (judged[1:] if pair[0] == "untrained" else judged)
    assert {one.on for one in found} == {"test"}


@pytest.mark.parametrize(
    ("steps", "pairs"),
    [
        (STEPS[:1], []),
        (STEPS[:2], [("untrained", "head")]),
        (STEPS[1:3], [("head", "finetune")]),
        (STEPS[:3], [("untrained", "head"), ("head", "finetune"), ("untrained", "finetune")]),
        (STEPS[1:], [("head", "finetune"), ("finetune", "refine"), ("head", "refine")]),
    ],
)
def test_no_pair_twice(steps: list[tuple[str, SplitFigures]], pairs: list[tuple[str, str]]) -> None:
    found = [(v.start, v.end) for v in verdicts(steps) if v.metric == "precision_at_5"]
    assert found == pairs


def test_what_helped_and_what_did_not() -> None:
    helped = {(v.start, v.end, v.metric): v.helped for v in verdicts(STEPS)}
    assert helped["head", "finetune", "accuracy"] == "yes"
    assert helped["finetune", "refine", "accuracy"] == "no"
    assert helped["finetune", "refine", "precision_at_5"] == "inconclusive"


def test_the_interval_is_paired_as_numpy_has_it() -> None:
    """Resampled differences of the same pictures; two separate intervals would be wider."""
    one = next(v for v in verdicts(STEPS) if (v.end, v.metric) == ("finetune", "accuracy"))
    a, b = _hits(0.8), _hits(0.6)
    rng = np.random.default_rng(7)
    draws = [(a - b)[rng.integers(QUERIES, size=QUERIES)].mean() for _ in range(4000)]
    low, high = np.percentile(draws, [2.5, 97.5])
    assert one.difference.value == pytest.approx((a - b).mean())
    assert (one.difference.low, one.difference.high) == pytest.approx((low, high), abs=0.01)


def test_groups_are_resampled_whole() -> None:
    """All that differs lies in two groups of ten: nobody can tell."""
    after = _hits(0.5)
    after[:40] = 1.0
    before = _figures(accuracy=_hits(0.5))
    steps = [("head", before), ("finetune", _figures(accuracy=after))]
    alone, grouped = verdicts(steps), verdicts(steps, np.arange(QUERIES) // 20)
    assert (alone[0].helped, grouped[0].helped) == ("yes", "inconclusive")


def test_rounding_of_another_engine_is_no_help() -> None:
    silhouettes = _hits(0.5) - 0.5
    steps = [
        (UNTRAINED, _figures(silhouette_cosine=silhouettes)),
        ("head", _figures(silhouette_cosine=silhouettes + 2e-6)),
    ]
    (one,) = verdicts(steps)
    assert (one.helped, one.difference) == ("inconclusive", Interval(0.0, 0.0, 0.0))
    assert sentences([one]) == ("phase head: silhouette unchanged",)


def test_pictures_without_a_label_are_left_out() -> None:
    before, after = _hits(0.4), _hits(0.8)
    before[::3], after[::3] = np.nan, np.nan
    known = ~np.isnan(before)
    both = verdicts([("a", _figures(accuracy=before)), ("b", _figures(accuracy=after))])
    few = [("a", _figures(accuracy=before[known])), ("b", _figures(accuracy=after[known]))]
    assert both[0].difference.value == pytest.approx(verdicts(few)[0].difference.value)


def test_sentences() -> None:
    told = [
        Verdict("head", "finetune", "accuracy", Interval(0.062, 0.039, 0.084), "yes"),
        Verdict("head", "finetune", "silhouette_cosine", Interval(0.214, 0.18, 0.243), "yes"),
        Verdict("finetune", "refine", "accuracy", Interval(-0.004, -0.01, 0.02), "inconclusive"),
        Verdict("head", "refine", "silhouette_cosine", Interval(-0.05, -1.07, -0.01), "no"),
        Verdict("refine", "more", "silhouette_cosine", Interval(0.0012, 0.0004, 0.002), "yes"),
        Verdict("refine", "more", "precision_at_5", Interval(0.0004, -0.1, 0.1), "inconclusive"),
        Verdict(
            "untrained", "head", "precision_at_5", Interval(-0.11, -0.13, -0.1), "no", "things"
        ),
    ]
    assert sentences(told) == (
        "phase finetune: accuracy +6.2 points [+3.9, +8.4]: helped; "
        "silhouette +.21 [+.18, +.24]: helped",
        "phase refine: accuracy -0.4 points [-1.0, +2.0]: inconclusive",
        "from head to refine: silhouette -.05 [-1.07, -.01]: hurt",
        "phase more: silhouette +.001 [+.000, +.002]: helped; "
        "precision@5 +0.04 points [-10.00, +10.00]: inconclusive",
        "phase head, on things: precision@5 -11.0 points [-13.0, -10.0]: hurt",
    )


def test_one_group_has_no_interval() -> None:
    steps = [("a", _figures(accuracy=_hits(0.4))), ("b", _figures(accuracy=_hits(0.8)))]
    (text,) = sentences(verdicts(steps, np.zeros(QUERIES, dtype=np.int64)))
    assert text.endswith("points [no interval]: inconclusive")


def test_watched_collections_are_judged_by_their_neighbours() -> None:
    steps = [
        (UNTRAINED, _figures(knn20_accuracy=_hits(0.8), **_embedding(0.6))),
        ("head", _figures(knn20_accuracy=_hits(0.5), **_embedding(0.6))),
    ]
    found = verdicts(steps, on="things", metrics=WATCHED)
    assert [(v.metric, v.helped, v.on) for v in found] == [
        ("knn20_accuracy", "no", "things"),
        ("precision_at_5", "inconclusive", "things"),
    ]
