"""A phase that was stopped after any epoch ends with the very weights of an undisturbed one."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from artvec.core.types import BackboneRequest, Int64Array
from artvec.encoding import backbones
from artvec.encoding.heads import build_head
from artvec.training.checkpoint import Checkpoint, State, read_checkpoint, write_checkpoint
from artvec.training.classifier import Classifier
from artvec.training.inputs import StoredVectors
from artvec.training.loop import Task, train_phase
from artvec.training.phase import Epoch, Phase, PhaseResult

PHASE = Phase(name="p", epochs=4, batch_size=8, rate=1e-2, dropout=0.2, monitor="loss")
PHASES = {
    "adamw": replace(PHASE, weight_decay=0.05, layer_decay=0.7, warmup_epochs=1.5),
    "sgd": replace(PHASE, optimizer="sgd", schedule="step", step_epochs=2, clip_norm=1.0),
    "adagrad": replace(PHASE, optimizer="adagrad", schedule="constant", train_fraction=0.6),
    "lion": replace(PHASE, optimizer="lion", rate=1e-3, accumulate=2),
    "average": replace(PHASE, ema=0.9, batch_norm="train"),
    "plateau": replace(PHASE, schedule="plateau", plateau_epochs=1, rate=0.1),
    "pulled": replace(PHASE, l2_sp=0.1, unfreeze_every=1),
    "pairs": replace(PHASE, loss="supcon"),
    "proxies": replace(PHASE, loss="ce+0.1*arcface"),
    "mixed": replace(PHASE, mixup=0.2, label_smoothing=0.1),
    "patient": replace(PHASE, patience=1, rate=0.1, schedule="constant"),
}


class Stopped(Exception):
    pass


def task(seed: int = 0) -> Task:
    """Return 48 noisy points of three classes, and 24 to choose by."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, (72, 1))
    vectors = (rng.normal(size=(3, 6))[labels[:, 0]] + rng.normal(size=(72, 6))).astype(np.float32)
    return Task(
        StoredVectors(np.stack([vectors[:48], vectors[:48] + 0.1]), labels[:48]),
        StoredVectors(vectors[48:], labels[48:]),
        n_classes=(3,),
        seed=seed,
        phase_number=1,
    )


def network() -> Classifier:
    """Return the same small network every time: two blocks, the second with batch norm."""
    torch.manual_seed(7)
    backbone = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 5), nn.BatchNorm1d(5))
    return Classifier(backbone, [build_head("linear", 5, 3)])


def equal(a: State, b: State) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def stopped_after(epoch: int, phase: Phase, file: Path) -> None:
    def stop(finished: Epoch, checkpoint: Checkpoint) -> None:
        write_checkpoint(file, checkpoint)
        if finished.number == epoch:
            raise Stopped

    with pytest.raises(Stopped):
        train_phase(network(), phase, task(), on_epoch=stop)


def untimed(trained: PhaseResult) -> list[Epoch]:
    return [replace(epoch, seconds=0.0, images_per_second=0.0) for epoch in trained.history]


@pytest.mark.parametrize("name", PHASES)
def test_stopped_after_any_epoch(name: str, tmp_path: Path) -> None:
    whole = network()
    undisturbed = train_phase(whole, PHASES[name], task())
    for epoch in range(1, len(undisturbed.history) + 1):
        stopped_after(epoch, PHASES[name], tmp_path / "checkpoint.pt")
        model = network()
        checkpoint = read_checkpoint(tmp_path / "checkpoint.pt")
        resumed = train_phase(model, PHASES[name], task(), resume=checkpoint)
        assert equal(model.state_dict(), whole.state_dict())
        assert untimed(resumed) == untimed(undisturbed)
        assert (resumed.trace, resumed.best_epoch) == (undisturbed.trace, undisturbed.best_epoch)


def test_resuming_needs_nothing_of_the_model_but_its_shapes(tmp_path: Path) -> None:
    phase = PHASES["pulled"]
    whole = network()
    train_phase(whole, phase, task())
    stopped_after(2, phase, tmp_path / "checkpoint.pt")
    model = network()
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    torch.manual_seed(99)
    train_phase(model, phase, task(), resume=read_checkpoint(tmp_path / "checkpoint.pt"))
    assert equal(model.state_dict(), whole.state_dict())


@pytest.mark.parametrize("name", ["adamw", "mixed", "pairs"])
def test_one_seed_repeats_and_two_differ(name: str) -> None:
    ends = []
    for seed in (0, 0, 1):
        model = network()
        torch.manual_seed(seed + len(ends))  # what ran before must not matter
        train_phase(model, PHASES[name], task(seed))
        ends.append(model.state_dict())
    assert equal(ends[0], ends[1])
    assert not equal(ends[0], ends[2])


def test_the_cases_meet_what_they_are_for() -> None:
    rates = [epoch.rate for epoch in train_phase(network(), PHASES["plateau"], task()).history]
    assert len(set(rates)) > 1
    patient = train_phase(network(), PHASES["patient"], task())
    assert len(patient.history) < PHASES["patient"].epochs


class Noise:
    """Forty random pictures of 32×32, twice: a killed process and its heir paint the same."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(5)
        self.labels: Int64Array = np.arange(40)[:, np.newaxis] % 4
        self._pictures = torch.randn(40, 3, 32, 32, generator=generator)

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: Int64Array, seed: int, *, augment: bool) -> torch.Tensor:
        return self._pictures[torch.from_numpy(rows)]


def on_pictures(file: Path, *, die: bool) -> State:
    """Train simple_cnn; where asked for, die like a machine without power in the third epoch."""
    backbone = backbones.load(BackboneRequest("simple_cnn")).module
    assert backbone is not None
    torch.manual_seed(0)
    model = Classifier(backbone, [build_head("16-dropout0.5", 512, 4)])
    phase = Phase(name="scratch", epochs=4, batch_size=8, rate=1e-3, ema=0.99)

    def progress(done: int, total: int) -> None:
        if die and done > 0.6 * total:
            signal.raise_signal(signal.SIGKILL)

    train_phase(
        model,
        phase,
        Task(Noise(), Noise(), n_classes=(4,)),
        resume=read_checkpoint(file) if file.exists() else None,
        on_epoch=lambda _, checkpoint: write_checkpoint(file, checkpoint),
        progress=progress,
    )
    return model.state_dict()


@pytest.mark.long
def test_killed_in_an_epoch(tmp_path: Path) -> None:
    command = (
        "from pathlib import Path; from test_resume_identity import on_pictures; "
        f"on_pictures(Path({str(tmp_path / 'killed.pt')!r}), die=True)"
    )
    killed = subprocess.run([sys.executable, "-c", command], cwd=Path(__file__).parent)
    assert killed.returncode == -signal.SIGKILL
    assert len(read_checkpoint(tmp_path / "killed.pt").history) == 2
    resumed = on_pictures(tmp_path / "killed.pt", die=False)
    assert equal(resumed, on_pictures(tmp_path / "undisturbed.pt", die=False))
