"""Checkpoints: what was written is read; damage, other versions and code are refused."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
import torch

from artvec.core.errors import ArtvecError
from artvec.training.checkpoint import Checkpoint, LearnerState, read_checkpoint, write_checkpoint
from artvec.training.phase import Epoch

EPOCH = Epoch("head", 1, 1e-3, 0.5, None, 0.4, 0.9, 0.9, 1.5, 20.0)
CHECKPOINT = Checkpoint(
    (EPOCH,),
    (0.6, 0.4),
    1.5,
    {"weight": torch.arange(3.0)},
    LearnerState(
        steps=2,
        model={"weight": torch.ones(3)},
        losses={},
        optimizer={"state": {0: {"step": torch.tensor(2.0)}}, "param_groups": [{"lr": 1e-3}]},
        average=None,
        start=(torch.zeros(3),),
    ),
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "checkpoint.pt", CHECKPOINT)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]
    found = read_checkpoint(tmp_path / "checkpoint.pt")
    assert (found.history, found.trace, found.seconds) == ((EPOCH,), (0.6, 0.4), 1.5)
    assert torch.equal(found.best["weight"], torch.arange(3.0))
    assert torch.equal(found.learner.model["weight"], torch.ones(3))
    assert torch.equal(found.learner.start[0], torch.zeros(3))
    assert found.learner.optimizer == CHECKPOINT.learner.optimizer
    assert (found.learner.steps, found.learner.average) == (2, None)


@pytest.mark.parametrize("kept", [0, 40, 0.5, 0.99])
def test_a_part_of_a_checkpoint_is_refused(tmp_path: Path, kept: float) -> None:
    file = tmp_path / "checkpoint.pt"
    write_checkpoint(file, CHECKPOINT)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept if kept > 1 else kept * len(whole))])
    with pytest.raises(ArtvecError, match="can't be resumed from") as refused:
        read_checkpoint(file)
    assert "artvec train" in refused.value.hint


def test_a_disk_without_space_is_told_and_the_checkpoint_before_stays(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    write_checkpoint(file, CHECKPOINT)
    before = file.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(OSError):
            write_checkpoint(file, CHECKPOINT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [one.name for one in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert file.read_bytes() == before


def test_a_missing_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtvecError, match="can't be resumed from"):
        read_checkpoint(tmp_path / "checkpoint.pt")


def test_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    torch.save({"format": 99, "model": {}}, file)
    with pytest.raises(ArtvecError, match="another version"):
        read_checkpoint(file)


def test_no_code_is_run(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    torch.save({"format": 1, "history": Path("x")}, file)
    with pytest.raises(ArtvecError, match="can't be resumed from"):
        read_checkpoint(file)
