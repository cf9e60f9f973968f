"""Batches hold every row once, or what the phase asks for instead; chance is the seed's alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from artvec.training.phase import Phase
from artvec.training.sampling import class_weights, epoch_batches, stratified_share

PLAIN = Phase(name="a", batch_size=8)
PAIRS = replace(PLAIN, loss="ce+0.5*supcon")
SAMPLER = replace(PLAIN, balance="sampler")

labels_given = st.lists(st.integers(-1, 5), min_size=1, max_size=120).map(np.array)
sizes = st.integers(1, 40)
seeds = st.integers(0, 2**32)


@settings(deadline=None)
@given(labels_given, sizes, seeds)
def test_every_row_comes_once_in_batches_of_equal_size(
    labels: np.ndarray, size: int, seed: int
) -> None:
    batches = epoch_batches(labels, replace(PLAIN, batch_size=size), seed)
    assert sorted(np.concatenate(batches)) == list(range(len(labels)))
    lengths = [len(batch) for batch in batches]
    assert max(lengths) <= size
    assert max(lengths) - min(lengths) <= 1


def test_no_last_batch_of_one() -> None:
    batches = epoch_batches(np.zeros(33, np.int64), replace(PLAIN, batch_size=32), 0)
    assert sorted(len(batch) for batch in batches) == [16, 17]


@settings(deadline=None)
@given(labels_given, sizes, seeds)
def test_pairs_lose_no_labelled_row_and_leave_none_alone(
    labels: np.ndarray, size: int, seed: int
) -> None:
    batches = epoch_batches(labels, replace(PAIRS, batch_size=size), seed)
    rows = [row for batch in batches for row in batch]
    assert sorted(rows) == list(np.flatnonzero(labels >= 0))
    often = Counter(labels[rows])
    for batch in batches:
        assert 0 < len(batch) <= size
        if size >= 6:  # room for groups of three or more: one that is left over joins another
            for label, count in Counter(labels[batch]).items():
                assert count > 1 or often[label] == 1


def test_pairs_come_with_other_classes() -> None:
    labels = np.repeat(np.arange(4), 40)
    for batch in epoch_batches(labels, replace(PAIRS, batch_size=16), 1):
        assert len(set(labels[batch])) >= 3
        assert min(Counter(labels[batch]).values()) >= 4


@settings(deadline=None)
@given(labels_given, seeds, st.sampled_from(["ce", "supcon"]))
def test_the_sampler_draws_each_class_equally_often(
    labels: np.ndarray, seed: int, loss: str
) -> None:
    batches = epoch_batches(labels, replace(SAMPLER, loss=loss), seed)
    rows = [row for batch in batches for row in batch]
    assert len(rows) == np.count_nonzero(labels >= 0)
    counts = Counter(labels[rows])
    if rows:
        classes = min(len(rows), len(set(labels) - {-1}))
        assert len(counts) == classes
        assert max(counts.values()) - min(counts.values()) <= 1
    for label in counts:  # rows of a class come equally often, too
        repeats = Counter(row for row in rows if labels[row] == label)
        shown = [repeats[row] for row in np.flatnonzero(labels == label)]
        assert max(shown) - min(shown) <= 1


@settings(deadline=None)
@given(labels_given, st.floats(0.01, 1), seeds)
def test_a_share_is_of_each_class_and_the_same_in_every_epoch(
    labels: np.ndarray, share: float, seed: int
) -> None:
    kept = stratified_share(labels, share)
    for label, count in Counter(labels).items():
        assert np.count_nonzero(labels[kept] == label) == max(1, round(share * count))
    batches = epoch_batches(labels, replace(PLAIN, train_fraction=share), seed)
    assert sorted(np.concatenate(batches)) == list(kept)
    assert set(stratified_share(labels, share / 2)) <= set(kept)


@pytest.mark.parametrize("phase", [PLAIN, PAIRS, SAMPLER])
def test_a_seed_repeats_and_two_differ(phase: Phase) -> None:
    labels = np.random.default_rng(0).integers(0, 4, 100)
    one, again, other = (epoch_batches(labels, phase, seed) for seed in (1, 1, 2))
    assert [list(batch) for batch in one] == [list(batch) for batch in again]
    assert [list(batch) for batch in one] != [list(batch) for batch in other]


def test_nothing_labelled_makes_no_batches() -> None:
    unknown = np.full(5, -1)
    assert epoch_batches(unknown, PAIRS, 0) == []
    assert epoch_batches(unknown, SAMPLER, 0) == []
    assert epoch_batches(np.zeros(0, np.int64), PLAIN, 0) == []


def test_class_weights_are_scikit_learns() -> None:
    labels = np.array([0] * 7 + [1] * 2 + [3])
    expected = compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=labels)
    found = class_weights(np.append(labels, -1), 5)
    np.testing.assert_allclose(found, [expected[0], expected[1], 0, expected[2], 0], rtol=1e-6)
