"""Losses are what the papers write down; a spelling that is none is refused with what there is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from artvec.core.errors import ArtvecError
from artvec.training.losses import NAMES, build_loss, needs_pairs, teaches_head

RNG = np.random.default_rng(0)
LABELS = np.array([0, 0, 1, 1, 2, 0, 3])  # 2 and 3 are alone: no anchors


def vectors(rows: int = 7, dim: int = 5) -> torch.Tensor:
    return torch.from_numpy(RNG.normal(size=(rows, dim)).astype(np.float32)).requires_grad_()


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def supcon_by_hand(embedding: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Khosla et al. 2020, equation 2: for each anchor the mean over its positives."""
    units = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    similar = units @ units.T / temperature
    losses = []
    for anchor in range(len(labels)):
        others = [row for row in range(len(labels)) if row != anchor]
        positives = [row for row in others if labels[row] == labels[anchor]]
        if positives:
            total = np.log(sum(np.exp(similar[anchor, row]) for row in others))
            losses.append(-np.mean([similar[anchor, row] - total for row in positives]))
    return float(np.mean(losses))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=4, max_size=12), st.integers(0, 999))
def test_supcon_is_the_papers(labels: list[int], seed: int) -> None:
    labels += [0, 0, 1]  # there is a pair, and another class
    embedding = np.random.default_rng(seed).normal(size=(len(labels), 6))
    loss = build_loss("supcon", 6, 4)
    found = loss(torch.tensor(embedding), torch.zeros(len(labels), 4), torch.tensor(labels))
    assert float(found) == pytest.approx(supcon_by_hand(embedding, np.array(labels), 0.1), rel=1e-4)


def test_cross_entropy_smooths_and_weighs() -> None:
    logits = RNG.normal(size=(5, 3))
    labels, weights = np.array([0, 1, 2, 2, 0]), np.array([1.0, 2.0, 0.5])
    logs = log_softmax(logits)
    # each class of the smoothed target weighs what the class does, as torch has it; mean over rows
    smooth = 0.8 * np.eye(3)[labels] + 0.2 / 3
    expected = -(smooth * weights * logs).sum() / 5
    loss = build_loss("ce", 4, 3, 0.2, torch.tensor(weights, dtype=torch.float32))
    found = loss(vectors(5, 4), torch.tensor(logits), torch.tensor(labels))
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_a_sum_is_the_sum_of_its_terms() -> None:
    embedding, logits, labels = vectors(), torch.randn(7, 4), torch.from_numpy(LABELS)
    ce, supcon, triplet = (
        build_loss(name, 5, 4)(embedding, logits, labels) for name in ("ce", "supcon", "triplet")
    )
    both = build_loss("ce+0.5*supcon+.25*triplet", 5, 4)(embedding, logits, labels)
    torch.testing.assert_close(both, ce + 0.5 * supcon + 0.25 * triplet)


def test_arcface_moves_the_own_class_by_its_margin() -> None:
    """Deng et al. 2019: softmax of 64 cos(θ), of the own class 64 cos(θ + 28.6°)."""
    loss = build_loss("arcface", 5, 4)
    (points,) = loss.parameters()  # (D, C)
    embedding = vectors()
    units = torch.nn.functional.normalize(embedding.double(), dim=1)
    angles = torch.acos(units @ torch.nn.functional.normalize(points.double(), dim=0))
    own = torch.eye(4, dtype=torch.double)[LABELS]
    expected = log_softmax(64 * torch.cos(angles + own * np.radians(28.6)).detach().numpy())
    found = loss(embedding, torch.zeros(7, 4), torch.from_numpy(LABELS))
    assert found.item() == pytest.approx(-expected[np.arange(7), LABELS].mean(), rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_unknown_labels_change_nothing(name: str, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    loss = build_loss(name, 5, 4)
    embedding, logits = vectors().to(dtype), torch.randn(7, 4).to(dtype)
    unknown = torch.from_numpy(np.concatenate([LABELS, [-1, -1]]))
    more = torch.cat([embedding, vectors(2).to(dtype)]), torch.cat([logits, torch.ones(2, 4)])
    plain = loss(embedding, logits, torch.from_numpy(LABELS))
    torch.testing.assert_close(loss(*more, unknown), plain)
    assert plain.dtype == torch.float32
    assert plain > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_that_teaches_nothing_is_zero_and_can_be_stepped(name: str) -> None:
    embedding, logits = vectors(), torch.randn(7, 4, requires_grad=True)
    nothing = build_loss(name, 5, 4)(embedding, logits, torch.full((7,), -1))
    assert float(nothing) == 0
    nothing.backward()
    assert embedding.grad is not None
    assert not embedding.grad.any()


@pytest.mark.parametrize("name", ["supcon", "triplet", "contrastive", "multisimilarity", "circle"])
def test_a_batch_of_one_class_is_finite(name: str) -> None:
    embedding = vectors()
    loss = build_loss(name, 5, 4)(embedding, torch.randn(7, 4), torch.zeros(7, dtype=torch.long))
    loss.backward()
    assert torch.isfinite(loss)
    assert embedding.grad is not None
    assert torch.isfinite(embedding.grad).all()


def test_mixed_targets_are_for_cross_entropy() -> None:
    logits = RNG.normal(size=(3, 3))
    shares = np.array([[0.7, 0.3, 0], [0, 0, 1], [0, 0, 0]])  # the last one: unknown
    found = build_loss("ce", 4, 3)(vectors(3, 4), torch.tensor(logits), torch.tensor(shares))
    expected = -(shares[:2] * log_softmax(logits)[:2]).sum(axis=1).mean()
    assert float(found) == pytest.approx(expected, rel=1e-5)
    for name in NAMES[1:]:
        with pytest.raises(ArtvecError, match=f"loss {name} wants one class a picture") as caught:
            build_loss(f"ce+{name}", 4, 3)(
                vectors(3, 4), torch.tensor(logits), torch.tensor(shares)
            )
        assert "mixup" in caught.value.hint


@pytest.mark.parametrize(
    ("spelling", "message", "hint"),
    [
        ("tripet", "no loss 'tripet'", "triplet"),
        ("ce+zzz", "no loss 'zzz'", "proxyanchor"),
        ("", "'' is no loss", "ce+0.5*supcon"),
        ("ce+", r"'ce\+' is no loss", "supcon"),
        ("ce+-1*supcon", "is no loss", "supcon"),
        ("ce + supcon", "is no loss", "supcon"),
        ("inf*ce", "is no loss", "supcon"),
        ("0.5supcon", "is no loss", "supcon"),
    ],
)
def test_what_is_no_loss_is_refused(spelling: str, message: str, hint: str) -> None:
    for refused in (lambda: build_loss(spelling, 4, 3), lambda: needs_pairs(spelling)):
        with pytest.raises(ArtvecError, match=message) as caught:
            refused()
        assert caught.value.usage
        assert hint in caught.value.hint


def test_what_losses_ask_of_batches_and_heads() -> None:
    assert [name for name in NAMES if needs_pairs(name)] == [
        "supcon",
        "ntxent",
        "triplet",
        "contrastive",
        "multisimilarity",
        "circle",
    ]
    assert needs_pairs("ce+0.5*supcon")
    assert not needs_pairs("ce+0.1*arcface")
    assert teaches_head("0.1*supcon+ce")
    assert not teaches_head("supcon+proxyanchor")
