"""Clusters against labels by hand, draws, and where figures are undefined."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from artvec.metrics.agreement import (
    ami,
    ari,
    contingency,
    matched_accuracy,
    nmi,
    purity,
    resampled,
)

FIGURES = [nmi, ami, ari, matched_accuracy, purity]
every_figure = pytest.mark.parametrize("figure", FIGURES)
LABELS = np.array([0, 0, 0, 1, 1, 1])
CLUSTERS = np.array([5, 5, -1, -1, -1, 7])


def test_contingency_by_hand() -> None:
    """Clusters -1, 5, 7 become columns; 6 doesn't occur."""
    assert contingency(LABELS, CLUSTERS).tolist() == [[1, 2, 0], [2, 0, 1]]


def test_figures_by_hand() -> None:
    """Pairs together in both: 1 + 1; by label 6, by cluster 3 + 1 = 4, of 15.

    ARI = (2 - 6·4/15) / (5 - 6·4/15). Entropies: log 2 for labels; for clusters of 3, 2, 1 as
    written. I = H(labels) + H(clusters) - H(both), both being sixths and thirds.
    """
    assert ari(LABELS, CLUSTERS) == pytest.approx((2 - 1.6) / (5 - 1.6))
    assert matched_accuracy(LABELS, CLUSTERS) == pytest.approx(4 / 6)
    assert purity(LABELS, CLUSTERS) == pytest.approx((2 + 2 + 1) / 6)
    clusters = math.log(2) / 2 + math.log(3) / 3 + math.log(6) / 6
    both = math.log(6) / 6 * 2 + math.log(3) / 3 * 2
    shared = math.log(2) + clusters - both
    assert nmi(LABELS, CLUSTERS) == pytest.approx(shared / ((math.log(2) + clusters) / 2))


def test_ami_is_about_0_for_lots() -> None:
    """200 clusterings of 60 rows by lot: AMI is 0 on average, NMI is not."""
    rng = np.random.default_rng(0)
    drawn = [(rng.integers(6, size=60), rng.integers(6, size=60)) for _ in range(200)]
    assert abs(np.mean([ami(*one) for one in drawn])) < 0.01
    assert np.mean([nmi(*one) for one in drawn]) > 0.1


@every_figure
def test_draws_are_copies_of_rows(figure: Callable[..., float]) -> None:
    """Groups of rows drawn 0 to 3 times; one draw takes a single row, and one takes none."""
    rng = np.random.default_rng(0)
    labels, clusters = rng.integers(5, size=(2, 80))
    group_of = rng.integers(30, size=80)
    draws = rng.integers(4, size=(20, 30))
    draws[18], draws[19] = np.arange(30) == group_of[0], 0
    for draw, found in zip(
        draws, resampled(figure, labels, clusters, group_of, draws), strict=True
    ):
        copies = np.repeat(np.arange(80), draw[group_of])
        assert found == pytest.approx(figure(labels[copies], clusters[copies]), nan_ok=True)


@every_figure
def test_names_of_clusters_play_no_part(figure: Callable[..., float]) -> None:
    rng = np.random.default_rng(0)
    labels, clusters = rng.integers(5, size=(2, 80))
    other = np.array([9, -1, 4, 0, 2])[clusters]
    assert figure(labels, other) == pytest.approx(figure(labels, clusters))


@every_figure
def test_nothing_is_nan_and_lengths_must_agree(figure: Callable[..., float]) -> None:
    assert math.isnan(figure(np.zeros(0, int), np.zeros(0, int)))
    with pytest.raises(ValueError, match="must agree"):
        figure(np.zeros(3, int), np.zeros(4, int))


def test_more_clusters_than_labels_are_never_right() -> None:
    """Three rows of one label in three clusters: one can be matched."""
    assert matched_accuracy(np.zeros(3, int), np.arange(3)) == pytest.approx(1 / 3)


@settings(deadline=None, max_examples=30)
@given(
    rows=st.integers(2, 3000),
    labels=st.integers(1, 60),
    clusters=st.integers(1, 60),
    skew=st.floats(0, 3),
    seed=st.integers(0, 2**16),
)
def test_expected_information_is_exact(
    rows: int, labels: int, clusters: int, skew: float, seed: int
) -> None:
    """Large tables, where terms far from the mean are left out: scikit-learn sums them all."""
    rng = np.random.default_rng(seed)
    a, b = ((size * rng.random(rows) ** (1 + skew)).astype(int) for size in (labels, clusters))
    # Where both entropies are all that chance gives, AMI is 0 / 0 but for rounding.
    if len(np.unique(a)) < rows / 2 or len(np.unique(b)) < rows / 2:
        assert ami(a, b) == pytest.approx(theirs.adjusted_mutual_info_score(a, b), abs=1e-8)
