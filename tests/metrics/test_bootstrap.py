"""Intervals: against scipy's bootstrap, by coverage, over groups, and where nothing is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import normalized_mutual_info_score

from artvec.core.results import Interval
from artvec.metrics.agreement import ami, ari, matched_accuracy, nmi, purity
from artvec.metrics.bootstrap import (
    agreement_interval,
    interval,
    intervals,
    paired_agreement_intervals,
    paired_interval,
    paired_intervals,
    verdict,
)


def test_the_same_as_scipy() -> None:
    """Both estimate the same percentiles, so they agree but for their own draws."""
    values = np.random.default_rng(0).exponential(size=300)
    found = interval(values)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=1
    ).confidence_interval
    width = theirs.high - theirs.low
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(theirs.low, abs=width * 0.08)
    assert found.high == pytest.approx(theirs.high, abs=width * 0.08)


def test_it_covers_95_of_100() -> None:
    """400 samples of 80 from a population of mean .3: 95 % ± 3 standard errors (1.1 %)."""
    rng = np.random.default_rng(0)
    samples = rng.random((400, 80)) < 0.3
    found = [interval(sample, seed=at, resamples=400) for at, sample in enumerate(samples)]
    covered = np.mean([one.low <= 0.3 <= one.high for one in found])
    assert 0.90 < covered < 0.98


def test_groups_widen_it() -> None:
    """Ten copies of each of 40 outcomes know as much as 40, so √10 of the width of 400."""
    outcomes = (np.arange(40) % 3 == 0).astype(float)
    values, groups = np.repeat(outcomes, 10), np.repeat(np.arange(40), 10)
    few, grouped, naive = interval(outcomes), interval(values, groups), interval(values)
    assert grouped.value == naive.value == few.value
    assert (grouped.low, grouped.high) == pytest.approx((few.low, few.high))
    assert (grouped.high - grouped.low) / (naive.high - naive.low) == pytest.approx(
        math.sqrt(10), rel=0.15
    )


def test_groups_of_any_size_and_unknown_ones() -> None:
    """The value is the mean over queries, not over groups; -1 makes each query its own group."""
    values = np.array([1.0, 1, 1, 0, 0])
    assert interval(values, np.array([7, 7, 7, 2, 2])).value == pytest.approx(0.6)
    assert interval(values, np.full(5, -1)) == interval(values)


def test_nan_is_left_out() -> None:
    values = np.array([1.0, np.nan, 0, np.nan])
    found = interval(values)
    assert (found.value, found.low, found.high) == (0.5, 0, 1)


@pytest.mark.parametrize("values", [np.zeros(0), np.full(3, np.nan)])
def test_no_outcome_no_figure(values: np.ndarray) -> None:
    found = interval(values)
    assert np.isnan([found.value, found.low, found.high]).all()


@pytest.mark.parametrize(("values", "groups"), [([1.0], None), ([1.0, 0.0, 1.0], [4, 4, 4])])
def test_one_group_has_no_spread(values: list[float], groups: list[int] | None) -> None:
    """Ends are NaN, not the value: one artist says nothing of others; and no verdict follows."""
    found = interval(np.array(values), None if groups is None else np.array(groups))
    assert found.value == pytest.approx(np.mean(values))
    assert np.isnan([found.low, found.high]).all()
    assert verdict(found) == "inconclusive"


def test_columns_share_their_draws() -> None:
    rng = np.random.default_rng(0)
    values, groups = rng.random((50, 3)), rng.integers(9, size=50)
    values[::7, 1] = np.nan
    for found, column in zip(intervals(values, groups), values.T, strict=True):
        alone = interval(column, groups)
        assert found.value == pytest.approx(np.nanmean(column))
        assert (found.low, found.high) == pytest.approx((alone.low, alone.high))


def test_seeds_repeat_and_differ() -> None:
    values = np.random.default_rng(0).random(50)
    assert interval(values, seed=3) == interval(values, seed=3)
    assert interval(values, seed=3) != interval(values, seed=4)


def test_many_groups_go_in_blocks() -> None:
    """9,000 queries take two blocks of draws; normal theory tells the width."""
    values = np.random.default_rng(0).standard_normal(9000)
    found = interval(values)
    assert found.high - found.low == pytest.approx(2 * 1.96 / math.sqrt(9000), rel=0.15)


def test_pairing_takes_out_what_is_hard_for_both() -> None:
    """One query in ten differs: the difference is known better than either side."""
    rng = np.random.default_rng(0)
    a = rng.random(400) < 0.5
    b = a.copy()
    b[::10] = False
    found = paired_interval(a, b)
    assert found.value == pytest.approx(a.mean() - b.mean())
    assert found.low > 0
    assert found.high - found.low < (interval(a).high - interval(a).low) / 2
    assert paired_interval(b, a).value == -found.value
    assert paired_interval(a, a) == Interval(0, 0, 0)


def test_pairs_of_columns() -> None:
    values = np.random.default_rng(0).random((60, 3))
    first, second = paired_intervals(values, [(0, 2), (1, 0)])
    assert first == paired_interval(values[:, 0], values[:, 2])
    assert second == paired_interval(values[:, 1], values[:, 0])


def test_no_difference_is_rarely_seen() -> None:
    """Two equal coins on 100 queries, 300 times: about 1 in 20 intervals excludes 0."""
    rng = np.random.default_rng(1)
    verdicts = [
        verdict(paired_interval(*(rng.random((2, 100)) < 0.5), seed=at, resamples=300))
        for at in range(300)
    ]
    assert 0.01 < np.mean([one != "inconclusive" for one in verdicts]) < 0.11


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="same queries"):
        paired_interval(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="3 outcomes need groups"):
        interval(np.ones(3), np.zeros(4, int))


@pytest.mark.parametrize("figure", [nmi, ami, ari, matched_accuracy, purity])
def test_agreement_holds_its_figure(figure: Callable[..., float]) -> None:
    """Copies lift resampled figures; moved back, the interval lies around the figure."""
    rng = np.random.default_rng(0)
    labels = rng.integers(6, size=90)
    clusters = np.where(rng.random(90) < 0.5, labels, rng.integers(6, size=90))
    found = agreement_interval(figure, labels, clusters, resamples=300)
    assert found.value == pytest.approx(figure(labels, clusters))
    assert 0.02 < found.value - found.low < 0.25
    assert 0.02 < found.high - found.value < 0.25


def test_agreement_spreads_as_new_samples_do() -> None:
    """The interval's width is that of NMI over fresh samples of the same kind (scikit-learn's)."""
    rng = np.random.default_rng(2)

    def sample() -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(4, size=300)
        return labels, np.where(rng.random(300) < 0.6, labels, rng.integers(4, size=300))

    fresh = [normalized_mutual_info_score(*sample()) for _ in range(400)]
    found = agreement_interval(nmi, *sample(), resamples=400)
    low, high = np.percentile(fresh, [2.5, 97.5])
    assert found.high - found.low == pytest.approx(high - low, rel=0.25)


def test_agreement_ends_at_1() -> None:
    labels = np.arange(60) % 3
    clusters = labels.copy()
    clusters[0] = 1
    found = agreement_interval(nmi, labels, clusters)
    assert found.low < found.value < found.high <= 1
    assert agreement_interval(ari, labels, labels) == Interval(1, 1, 1)


def test_agreement_of_groups_and_of_nothing() -> None:
    labels, clusters = np.repeat([0, 1], 30), np.repeat([0, 1, 0, 1, 0, 1], 10)
    groups = np.repeat(np.arange(6), 10)
    plain = agreement_interval(ari, labels, clusters)
    grouped = agreement_interval(ari, labels, clusters, groups)
    assert grouped.high - grouped.low > 1.5 * (plain.high - plain.low)
    nothing = agreement_interval(nmi, labels[:0], clusters[:0])
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()


def test_differences_of_clusterings_are_paired() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=200)
    good = np.where(rng.random(200) < 0.9, labels, 0)
    worse = np.where(rng.random(200) < 0.5, good, 0)
    found, back = paired_agreement_intervals(nmi, labels, [good, worse], [(0, 1), (1, 0)])
    assert found.value == pytest.approx(nmi(labels, good) - nmi(labels, worse))
    assert verdict(found) == "yes"
    assert verdict(back) == "no"
    (same,) = paired_agreement_intervals(nmi, labels, [good, good], [(0, 1)])
    assert same == Interval(0, 0, 0)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.1, 0.2, "yes"), (-0.2, -0.1, "no"), (-0.1, 0.1, "inconclusive"), (0, 0.1, "inconclusive")],
)
def test_verdicts(low: float, high: float, word: str) -> None:
    assert verdict(Interval(0.0, low, high)) == word
