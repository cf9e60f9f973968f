"""Which rows make a batch: shuffled, a share of them, balanced, or several of each class."""

from __future__ import annotations

import numpy as np

from artvec.core.types import Float32Array, Int64Array
from artvec.training.losses import needs_pairs
from artvec.training.phase import Phase

_OF_A_CLASS = 4
"""Pictures of a class side by side where a loss compares pictures: K of the P × K batches of
Hermans et al., "In Defense of the Triplet Loss for Person Re-Identification", 2017."""


def epoch_batches(labels: Int64Array, phase: Phase, seed: int) -> list[Int64Array]:
    """Return the row numbers of an epoch's batches, none larger than `phase.batch_size`.

    Every row comes exactly once, in batches of equal size (up to one row), so that none is lost
    and batch normalisation never meets a last batch of one. But: `train_fraction` keeps a share of
    each class, the same in every epoch and for every seed, and a smaller share is part of a larger
    one; `balance="sampler"` draws each class equally often, as many rows in all as there are;
    and it, as losses that compare pictures, leaves rows without a label out.

    Args:
        labels: (N,) codes, -1 unknown.
        phase: Its `batch_size`, `train_fraction`, `balance` and `loss` count.
        seed: Another one every epoch.
    """
    rng = np.random.default_rng(seed)
    rows = stratified_share(labels, phase.train_fraction)
    paired, balanced = needs_pairs(phase.loss), phase.balance == "sampler"
    if paired or balanced:
        rows = rows[labels[rows] >= 0]
    if balanced:
        rows = _balanced(labels, rows, rng)
    if paired:
        return _side_by_side(labels, rows, phase.batch_size, rng)
    return _evenly(rng.permutation(rows), phase.batch_size)


def stratified_share(labels: Int64Array, share: float) -> Int64Array:
    """Return the sorted rows of a share of each class, at least one row a class."""
    if share >= 1:
        return np.arange(len(labels))
    members = _by_class(labels, np.arange(len(labels)), np.random.default_rng(0))
    chosen = [rows[: max(1, round(share * len(rows)))] for rows in members]
    return np.sort(np.concatenate(chosen)) if chosen else np.arange(0)


def class_weights(labels: Int64Array, n_classes: int) -> Float32Array:
    """Return (C,) weights in inverse proportion to the classes' rows, 0 for a class without any.

    Source: scikit-learn's `balanced`: a row weighs 1 on average.
    """
    counts = np.bincount(labels[labels >= 0], minlength=n_classes)
    present = counts > 0
    weights = counts.sum() / (present.sum() * np.maximum(counts, 1))
    return np.where(present, weights, 0).astype(np.float32)


def _by_class(labels: Int64Array, rows: Int64Array, rng: np.random.Generator) -> list[Int64Array]:
    """Return the rows of each class, shuffled."""
    shuffled = rng.permutation(rows)
    ordered = shuffled[np.argsort(labels[shuffled], kind="stable")]
    borders = np.flatnonzero(np.diff(labels[ordered])) + 1
    return [part for part in np.split(ordered, borders) if len(part)]


def _balanced(labels: Int64Array, rows: Int64Array, rng: np.random.Generator) -> Int64Array:
    """Draw each class equally often (up to one), repeating its rows as evenly as can be."""
    members = _by_class(labels, rows, rng)
    sizes = [len(part) for part in np.array_split(rows, len(members))] if members else []
    drawn = [np.resize(part, size) for part, size in zip(members, sizes, strict=True)]
    return np.concatenate(drawn) if drawn else rows


def _evenly(rows: Int64Array, batch_size: int) -> list[Int64Array]:
    return np.array_split(rows, -(-len(rows) // batch_size)) if len(rows) else []


def _side_by_side(
    labels: Int64Array, rows: Int64Array, batch_size: int, rng: np.random.Generator
) -> list[Int64Array]:
    """Deal groups of a class into batches, each class spread evenly over the epoch."""
    size = min(_OF_A_CLASS, max(2, batch_size // 2), batch_size)
    groups: list[Int64Array] = []
    places: list[float] = []
    for members in _by_class(labels, rows, rng):
        parts = np.array_split(members, -(-len(members) // size))
        groups += parts
        places += [(at + rng.random()) / len(parts) for at in range(len(parts))]
    order = _evenly(np.argsort(places), batch_size // size)
    return [np.concatenate([groups[at] for at in batch]) for batch in order]
