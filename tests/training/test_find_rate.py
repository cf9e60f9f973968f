"""The range test finds a rate that learns, draws a curve, and leaves the model alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from artvec.encoding.heads import build_head
from artvec.training.classifier import Classifier
from artvec.training.inputs import StoredVectors
from artvec.training.loop import Task, train_phase
from artvec.training.phase import Phase
from artvec.training.rate_range_test import RateCurve, find_rate

PHASE = Phase(name="p", epochs=3, batch_size=16, schedule="constant", optimizer="adamw")


def task() -> Task:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (120, 1))
    vectors = (rng.normal(size=(3, 8))[labels[:, 0]] + rng.normal(size=(120, 8))).astype(np.float32)
    inputs = StoredVectors(vectors, labels)
    return Task(inputs, inputs, (3,))


def network() -> Classifier:
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8), nn.BatchNorm1d(8))
    return Classifier(backbone, [build_head("linear", 8, 3)])


def curve(phase: Phase = PHASE) -> RateCurve:
    return find_rate(network(), phase, task())


def test_the_model_is_left_as_it_was() -> None:
    model = network()
    model.backbone[0].requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    find_rate(model, replace(PHASE, batch_norm="train"), task())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert model.training
    assert [p.requires_grad for p in model.backbone[0].parameters()] == [False, False]
    assert all(p.grad is None for p in model.parameters())


def test_rates_rise_in_equal_ratios_and_one_of_them_is_suggested() -> None:
    found = curve()
    assert len(found.rates) == len(found.losses) > 10
    ratios = found.rates[1:] / found.rates[:-1]
    np.testing.assert_allclose(ratios, ratios[0])
    assert found.suggested in found.rates


def test_it_ends_where_the_loss_explodes() -> None:
    found = curve(replace(PHASE, optimizer="sgd", loss="ce", l2_sp=30.0))
    assert len(found.rates) < 100
    assert found.losses.max() <= 4 * found.losses.min() + 1e-9
    assert np.isfinite(found.losses).all()


def test_the_suggestion_learns_better_than_rates_far_below_and_far_above() -> None:
    suggested = curve().suggested
    ends = []
    for rate in (suggested / 100, suggested, suggested * 100):
        trained = train_phase(network(), replace(PHASE, rate=rate), task())
        ends.append(trained.history[-1].val_loss)
    assert ends[1] == min(ends)


def test_it_repeats() -> None:
    np.testing.assert_array_equal(curve().losses, curve().losses)
