"""Confusion, figures of each class and McNemar's test, by hand; k-means; geometry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from artvec.metrics.classification import ConfusedPair, confused_pairs, confusion, per_class
from artvec.metrics.geometry import anisotropy, effective_rank, spread
from artvec.metrics.kmeans import kmeans_clusters
from artvec.metrics.mcnemar_test import mcnemar

LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
PREDICTED = np.array([0, 1, 1, 1, 0, 1, 1, 0, 2])


def test_confusion_by_hand() -> None:
    """Rows are the true classes; class 3 doesn't occur."""
    table = confusion(LABELS, PREDICTED, 4)
    assert table.tolist() == [[1, 2, 0, 0], [1, 1, 0, 0], [1, 2, 1, 0], [0, 0, 0, 0]]


def test_per_class_by_hand() -> None:
    found = per_class(confusion(LABELS, PREDICTED, 4))
    assert np.allclose(found.precision, [1 / 3, 1 / 5, 1, np.nan], equal_nan=True)
    assert np.allclose(found.recall, [1 / 3, 1 / 2, 1 / 4, np.nan], equal_nan=True)
    assert np.allclose(found.f1, [2 / 6, 2 / 7, 2 / 5, np.nan], equal_nan=True)
    assert (found.support.tolist(), found.predicted.tolist()) == ([3, 2, 4, 0], [3, 5, 1, 0])


def test_a_class_never_predicted_has_no_precision() -> None:
    """Precision NaN, not 0; recall and F1 are 0, since its rows are there and missed."""
    found = per_class(confusion(np.array([0, 1]), np.array([0, 0]), 2))
    assert np.isnan(found.precision[1])
    assert (found.recall[1], found.f1[1]) == (0, 0)


def test_confused_pairs_by_hand() -> None:
    """Twice 2: 0 → 1 is 2 of 3 rows, 2 → 1 only 2 of 4. Then 1 → 0 (1 of 2), 2 → 0 (1 of 4)."""
    table = confusion(LABELS, PREDICTED, 4)
    assert confused_pairs(table) == (
        ConfusedPair(0, 1, 2, 2 / 3),
        ConfusedPair(2, 1, 2, 2 / 4),
        ConfusedPair(1, 0, 1, 1 / 2),
        ConfusedPair(2, 0, 1, 1 / 4),
    )
    assert len(confused_pairs(table, most=1)) == 1
    assert confused_pairs(np.diag([3, 4])) == ()


@pytest.mark.parametrize("codes", [[0, 3], [0, -1]])
def test_codes_out_of_range_are_refused(codes: list[int]) -> None:
    for arguments in ((np.array(codes), np.zeros(2, int)), (np.zeros(2, int), np.array(codes))):
        with pytest.raises(ValueError, match="between 0 and 2"):
            confusion(*arguments, 3)
    with pytest.raises(ValueError, match="must agree"):
        confusion(np.zeros(2, int), np.zeros(3, int), 3)


def test_no_rows_no_confusion() -> None:
    assert confusion(np.zeros(0, int), np.zeros(0, int), 2).tolist() == [[0, 0], [0, 0]]


def answers(only_a: int, only_b: int, both: int) -> tuple[np.ndarray, np.ndarray]:
    a = np.repeat([True, False, True, False], [only_a, only_b, both, 3])
    b = np.repeat([False, True, True, False], [only_a, only_b, both, 3])
    return a, b


@pytest.mark.parametrize(("only_a", "only_b"), [(1, 0), (5, 1), (8, 21), (40, 40), (300, 220)])
def test_mcnemar_counts_coins(only_a: int, only_b: int) -> None:
    """Twice the chance of at most so few heads, counted with binomial coefficients."""
    tries = only_a + only_b
    heads = sum(math.comb(tries, k) for k in range(min(only_a, only_b) + 1))
    expected = min(1.0, 2 * heads / 2**tries)
    for both in (0, 500):
        assert mcnemar(*answers(only_a, only_b, both)) == pytest.approx(expected, rel=1e-9)
        assert mcnemar(*answers(only_b, only_a, both)) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_without_a_difference() -> None:
    assert mcnemar(*answers(0, 0, 9)) == 1
    assert mcnemar(np.zeros(0, bool), np.zeros(0, bool)) == 1
    with pytest.raises(ValueError, match="same queries"):
        mcnemar(np.ones(2, bool), np.ones(3, bool))


def test_kmeans_finds_directions_not_lengths() -> None:
    """Two directions, lengths from 1 to 1,000: two clusters by direction; the seed repeats."""
    rng = np.random.default_rng(0)
    directions = np.array([[1, 0, 0.1], [0, 1, 0.1]])[np.arange(60) % 2]
    rows = directions + rng.normal(0, 0.05, (60, 3))
    rows = (rows * 10 ** rng.uniform(0, 3, (60, 1))).astype(np.float32)
    clusters = kmeans_clusters(rows, 2, seed=5)
    assert clusters.dtype == np.int64
    assert len(set(clusters[::2])) == len(set(clusters[1::2])) == 1
    assert clusters[0] != clusters[1]
    assert np.array_equal(clusters, kmeans_clusters(rows, 2, seed=5))


def test_kmeans_at_its_ends(recwarn: pytest.WarningsRecorder) -> None:
    """A row a cluster; copies make fewer clusters and no warning; more than rows is refused."""
    rows = np.eye(4, dtype=np.float32)
    assert sorted(kmeans_clusters(rows, 4)) == [0, 1, 2, 3]
    assert set(kmeans_clusters(np.ones((5, 3), np.float32), 2)) == {0}
    assert not recwarn.list
    for wrong in (0, 5):
        with pytest.raises(ValueError, match="can't make"):
            kmeans_clusters(rows, wrong)


def test_geometry_by_hand() -> None:
    """East twice and north: cosines 1, 0, 0. Mean (2/3, 1/3), mean squared length 1."""
    rows = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    assert anisotropy(rows * np.array([[5], [1], [9]], np.float32)) == pytest.approx(1 / 3)
    assert spread(rows) == pytest.approx(1 - 5 / 9)
    assert effective_rank(rows) == pytest.approx(1)  # three points on a line


def test_directions_used_alike_are_counted() -> None:
    """±1 along each of 6 axes of 20: six equal singular values."""
    axes = np.eye(6, 20, dtype=np.float32)
    assert effective_rank(np.concatenate([axes, -axes])) == pytest.approx(6)
    assert anisotropy(np.concatenate([axes, -axes])) == pytest.approx(-1 / 11)
    assert spread(np.concatenate([axes, -axes])) == pytest.approx(1)


def test_geometry_where_it_is_undefined() -> None:
    nothing, single = np.zeros((0, 3), np.float32), np.ones((1, 3), np.float32)
    for rows in (nothing, single):
        assert np.isnan([anisotropy(rows), spread(rows), effective_rank(rows)]).all()
    constant = np.full((9, 3), 0.1, np.float32)
    assert np.isnan(effective_rank(constant))
    assert (anisotropy(constant), spread(constant)) == pytest.approx((1, 0))
    assert np.isnan(spread(constant * 0))
