"""Figures, paired differences and tests against numpy and scipy written out here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.metrics import normalized_mutual_info_score

from artvec.commands.compare import CompareOptions, Comparison, compare_collections
from artvec.commands.compare.comparison_report import Pair, Verdict
from artvec.commands.compare.pairing import holm, paired_differences
from artvec.commands.compare.rankings import compare_rankings, ranks
from artvec.core.results import Interval
from artvec.evaluation import Outcomes, Selection
from artvec.metrics.bootstrap import without_rounding
from tests.support.galleries import colours

Run = Callable[..., Any]
UNTIMED = CompareOptions(encoder=None)


@dataclass
class Known:
    """What a collection holds, read without artvec."""

    paths: list[str]
    labels: np.ndarray[Any, Any]
    splits: np.ndarray[Any, Any]
    vectors: np.ndarray[Any, Any]


def read(index: Path) -> Known:
    files = sorted((index / "shards").glob("*.arrow"))
    tables = [pa.ipc.open_file(pa.memory_map(str(file))).read_all() for file in files]
    table = pa.concat_tables(tables)
    vectors = np.array(table["embedding"].to_pylist(), dtype=np.float64)
    columns = (np.array(table[name].to_pylist()) for name in ("label", "split"))
    return Known(table["path"].to_pylist(), *columns, vectors)


def knn20_hits(known: Known) -> np.ndarray[Any, Any]:
    """Say whether the 20 nearest training rows, weighted by exp(cosine / .07), name the label."""
    units = known.vectors / np.linalg.norm(known.vectors, axis=1, keepdims=True)
    train, test = known.splits == "train", known.splits == "test"
    hits = []
    for query, label in zip(units[test], known.labels[test], strict=True):
        cosines = units[train] @ query
        votes = dict.fromkeys("abc", 0.0)
        for at in np.argsort(-cosines)[:20]:
            votes[known.labels[train][at]] += np.exp(cosines[at] / 0.07)
        hits.append(max(votes, key=lambda name: votes[name]) == label)
    return np.array(hits)


@pytest.fixture(scope="module")
def both(workshop: Path) -> Iterator[Comparison]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workshop)
        yield compare_collections(["art", "art-cnn"], UNTIMED)


def pair(comparison: Comparison, metric: str) -> Pair:
    (found,) = [one for one in comparison.pairs if one.metric == metric]
    return found


def test_a_difference_is_that_of_the_same_queries(both: Comparison, workshop: Path) -> None:
    ours = knn20_hits(read(workshop / "indexes/art")).astype(float)
    theirs = knn20_hits(read(workshop / "indexes/art-cnn")).astype(float)
    assert 0 < theirs.mean() != ours.mean()  # or the test shows nothing
    found = pair(both, "knn20_accuracy")
    assert (found.a, found.b) == ("art", "art-cnn")
    assert found.difference.value == pytest.approx(ours.mean() - theirs.mean())
    drawn = stats.bootstrap(
        (ours, theirs),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=20_000,
        rng=np.random.default_rng(5),
    ).confidence_interval
    assert found.difference.low == pytest.approx(drawn.low, abs=0.035)  # a query is 1 / 30
    assert found.difference.high == pytest.approx(drawn.high, abs=0.035)


def test_mcnemar_is_the_exact_test(both: Comparison, workshop: Path) -> None:
    ours = knn20_hits(read(workshop / "indexes/art"))
    theirs = knn20_hits(read(workshop / "indexes/art-cnn"))
    only_ours, only_theirs = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    expected = stats.binomtest(only_ours, only_ours + only_theirs).pvalue
    found = pair(both, "knn20_accuracy")
    assert found.p_value == pytest.approx(expected)
    assert found.p_value is not None and found.p_value_holm is not None
    assert found.p_value <= found.p_value_holm <= min(1.0, 2 * found.p_value) + 1e-12
    assert pair(both, "nmi").p_value is None


def test_holm_by_hand() -> None:
    """Sorted .005 .01 .03 .04 times 4 3 2 1 is .02 .03 .06 .04; the last may not fall below .06."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_verdicts_are_what_the_intervals_say(both: Comparison) -> None:
    assert len(both.pairs) == 19
    for one in both.pairs:
        low, high = one.difference.low, one.difference.high
        words = {(True, False): "better", (False, True): "worse"}
        expected = words.get((low > 0, high < 0), "no evidence of a difference")
        assert one.verdict == expected, one
    assert {one.verdict for one in both.pairs} > {"better"}


def test_rows_are_those_of_eval(both: Comparison, workshop: Path, artvec: Run) -> None:
    """One collection's figures and intervals are the same in both commands."""
    told = artvec("eval", "-i", "art-cnn", "--json", cwd=workshop).json["metrics"]
    (row,) = [row for row in both.rows if row.name == "art-cnn"]
    assert set(row.metrics) == set(told)
    for name, figure in told.items():
        interval = row.metrics[name]
        assert interval.value == pytest.approx(figure["value"]), name
        assert [interval.low, interval.high] == pytest.approx(figure["ci95"]), name


def test_sizes_and_accuracy_per_million(both: Comparison) -> None:
    """The small CNN without its head: two convolutions and one dense layer, by hand."""
    row = next(row for row in both.rows if row.name == "art-cnn")
    size = row.cost.size
    assert size is not None
    parameters = (27 * 32 + 32) + (288 * 64 + 64) + (4096 * 512 + 512)
    mult_adds = 32 * 32 * (27 * 32 + 32) + 16 * 16 * (288 * 64 + 64) + (4096 * 512 + 512)
    assert (size.parameters, size.mult_adds, size.depth) == (parameters, mult_adds, 3)
    assert size.megabytes == pytest.approx(parameters * 4 / 1e6)
    accuracy = row.metrics["linear_probe_accuracy"].value
    assert row.accuracy_per_million_parameters == pytest.approx(accuracy / (parameters / 1e6))
    colour = next(row for row in both.rows if row.name == "art")
    assert colour.cost.size is None and colour.accuracy_per_million_parameters is None
    assert colour.cost.speed is None  # not asked for


def test_the_mean_rank_orders_the_rows(both: Comparison) -> None:
    for metric in both.rankings.metrics:
        values = [row.metrics[metric].value for row in both.rows]
        expected = [1 + sum(other > value for other in values) for value in values]
        assert [row.ranks[metric] for row in both.rows] == expected
    means = [np.mean(list(row.ranks.values())) for row in both.rows]
    assert [row.mean_rank for row in both.rows] == means == sorted(means)


def figures(**values: float) -> dict[str, Interval]:
    return {name: Interval(value, value, value) for name, value in values.items()}


def told(a: str, b: str, metric: str, verdict: Verdict) -> Pair:
    return Pair(a, b, metric, Interval(0, 0, 0), verdict)


def test_rankings_that_disagree_are_told() -> None:
    """By kNN x > y > z, by NMI z > y > x: reversed, tau -1; by MAP@R as by kNN."""
    each = [
        figures(knn20_accuracy=0.9, map_at_r=0.7, nmi=0.1),
        figures(knn20_accuracy=0.8, map_at_r=0.6, nmi=0.2),
        figures(knn20_accuracy=0.7, map_at_r=0.5, nmi=0.3),
    ]
    pairs = [
        told("x", "z", "knn20_accuracy", "better"),
        told("x", "z", "nmi", "worse"),
        told("x", "y", "knn20_accuracy", "better"),
        told("x", "y", "nmi", "no evidence of a difference"),
    ]
    found = compare_rankings(["x", "y", "z"], each, pairs)
    tau = {(one.a, one.b): one.kendall_tau for one in found.agreements}
    assert tau == pytest.approx(
        {
            ("knn20_accuracy", "map_at_r"): 1.0,
            ("knn20_accuracy", "nmi"): -1.0,
            ("map_at_r", "nmi"): -1.0,
        }
    )
    (swap,) = found.contradictions
    assert (swap.a, swap.b, swap.better_by, swap.worse_by) == (
        "x",
        "z",
        ("knn20_accuracy",),
        ("nmi",),
    )
    assert any("don't rank alike" in line and "-1.00" in line for line in found.words)
    assert "x is better than z by knn20_accuracy, but worse by nmi" in found.words


def test_rankings_that_agree_are_told() -> None:
    each = [figures(knn20_accuracy=0.9, nmi=0.7), figures(knn20_accuracy=0.8, nmi=0.6)]
    found = compare_rankings(["x", "y"], each, [told("x", "y", "nmi", "better")])
    assert found.words == ("all 2 headline figures rank the collections alike",)
    equal = [figures(knn20_accuracy=0.9, nmi=0.7), figures(knn20_accuracy=0.9, nmi=0.6)]
    assert compare_rankings(["x", "y"], equal, []).agreements == ()


def test_differences_that_are_rounding_are_none(here: Path) -> None:
    """They are 0, never shown as -0, and no axis is drawn to their scale."""
    none = without_rounding(Interval(-2.2e-16, -0.02, 3e-10))
    assert none == Interval(0.0, -0.02, 0.0)
    assert np.isnan(without_rounding(Interval(0.1, float("nan"), 0.2)).low)
    from artvec.reports.compare import html_page
    from artvec.reports.compare.difference_charts import charts

    colours(here / "art", here / "indexes/one")
    colours(here / "art", here / "indexes/two")
    same = compare_collections(["one", "two"], UNTIMED)
    tiny = [replace(one, difference=Interval(-1e-4, -2e-4, 1e-4)) for one in same.pairs]
    found = replace(same, pairs=tuple(tiny))
    assert "-0.000" not in html_page(found)
    for axes in charts(found)["differences"].axes:
        low, high = axes.get_xlim()
        assert high - low == pytest.approx(0.01)


def test_ties_are_told() -> None:
    """Equal but for rounding: no ranking, the better place for both, and a sentence."""
    each = [
        figures(knn20_accuracy=0.9, map_at_r=0.7, nmi=0.3),
        figures(knn20_accuracy=0.8, map_at_r=0.6, nmi=0.1 + 0.2),
    ]
    found = compare_rankings(["x", "y"], each, [])
    assert found.words == (
        "2 of 3 headline figures rank the collections alike",
        "all collections are equal by nmi",
    )
    assert ranks([0.3, 0.1 + 0.2, 0.1]) == [1, 1, 3]


def test_a_collection_without_groups_leaves_the_others_their_differences() -> None:
    """The second of three has equal vectors: nothing to agree with, so no pair with it."""
    labels, rows = np.array([0, 0, 1, 1, 0, 0, 1, 1, 0, 1]), np.arange(10)
    selection = Selection("train", "test", rows[:0], rows, rows[:0], False, labels, ("a", "b"))
    figures = {"nmi": Interval(0, 0, 0)}  # that it is there; pairs are computed from the clusters
    a, c = labels.copy(), np.array([0, 1] * 5)
    outcomes = [Outcomes(figures, {}, {}, a, {}), Outcomes({}, {}, {}, None, {})]
    (pair,) = paired_differences(
        ["a", "b", "c"], [*outcomes, Outcomes(figures, {}, {}, c, {})], selection
    )
    assert (pair.a, pair.b, pair.metric) == ("a", "c", "nmi")
    expected = 1.0 - normalized_mutual_info_score(labels, c)
    assert pair.difference.value == pytest.approx(expected)
