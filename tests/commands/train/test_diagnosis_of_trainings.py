"""What real trainings on stored vectors are told, at rates far too low, good, and far too high."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from artvec.commands.train.diagnosis import advice
from artvec.commands.train.inspection import Rows, figures_of_split
from artvec.commands.train.train_report import Advice, PhaseReport
from artvec.encoding.heads import build_head
from artvec.training.classifier import Classifier, answers
from artvec.training.inputs import StoredVectors
from artvec.training.loop import train_phase
from artvec.training.phase import Phase
from artvec.training.task import Task

CLASSES = tuple("abcd")
DIM = 32


def _vectors(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Four clouds that overlap a little: about 95 of 100 can be told apart."""
    centres = np.random.default_rng(0).normal(size=(4, DIM))
    labels = np.arange(count) % 4
    noise = np.random.default_rng(seed).normal(size=(count, DIM)) * 1.8
    return (centres[labels] + noise).astype(np.float32), labels[:, None]


def _trained(phase: Phase, n_train: int = 320) -> tuple[Advice, ...]:
    sides = {"train": _vectors(n_train, 1), "val": _vectors(120, 2)}
    inputs = {name: StoredVectors(*side) for name, side in sides.items()}
    torch.manual_seed(0)
    model = Classifier(nn.Identity(), [build_head("linear", DIM, 4)])
    task = Task(train=inputs["train"], val=inputs["val"], seed=0, phase_number=1, n_classes=(4,))
    trained = train_phase(model, phase, task)
    rows = {name: Rows(vectors, labels[:, 0]) for name, (vectors, labels) in sides.items()}
    splits = {}
    for name, own in rows.items():
        logits = torch.from_numpy(answers(model, inputs[name]).logits[0])
        odds = logits.softmax(dim=1).numpy()
        splits[name] = figures_of_split(own, rows["train"], probabilities=odds)
    return advice(PhaseReport(phase, trained, splits, {}, DIM * 4 + 4, None), CLASSES)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_a_rate_far_too_low(optimizer: str, schedule: str) -> None:
    phase = Phase(
        name="head",
        trainable="head",
        epochs=12,
        rate=1e-6,
        optimizer=optimizer,
        schedule=schedule,  # type: ignore[arg-type]
    )
    found = _trained(phase)
    findings = " / ".join(one.finding for one in found)
    assert "nothing moved" in findings
    assert "rate too low" in findings
    assert found[-1].flag == "--set head.rate=1e-05"


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_a_rate_far_too_high(schedule: str) -> None:
    phase = Phase(name="head", trainable="head", epochs=12, rate=10.0, schedule=schedule)  # type: ignore[arg-type]
    found = _trained(phase)
    assert [one.flag for one in found] == ["--set head.rate=1"]
    assert found[0].finding.startswith("rate too high")


def test_a_rate_that_overshoots_within_the_first_epoch() -> None:
    phase = Phase(name="head", trainable="head", epochs=12, rate=1.0, optimizer="sgd")
    (found,) = _trained(phase)
    assert "never below" in found.finding


def test_a_rate_that_learns() -> None:
    phase = Phase(name="head", trainable="head", epochs=40, rate=3e-3)
    assert _trained(phase) == ()


def test_a_good_rate_with_too_few_epochs() -> None:
    phase = Phase(name="head", trainable="head", epochs=4, rate=1e-3, schedule="constant")
    (found,) = _trained(phase)
    assert found.finding.startswith("too few epochs")
    assert found.flag == "--set head.epochs=8"


def test_few_pictures_are_learned_by_heart() -> None:
    phase = Phase(name="head", trainable="head", epochs=60, rate=1e-2, schedule="constant")
    (found,) = _trained(phase, n_train=24)
    assert found.finding.startswith("overfitting")
    assert found.flag == "--set head.weight_decay=0.1"
