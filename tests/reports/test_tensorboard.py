"""Logs for TensorBoard: read by its own reader; a clear line where its package is missing."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from artvec.core.errors import ArtvecError
from artvec.reports.train import write_tensorboard
from artvec.training.tensorboard import epoch_logger
from tests.support.made_run import whole_run

Scalars = dict[str, list[tuple[int, float]]]


def scalars(folder: Path) -> Scalars:
    """Read a run as TensorBoard does: tag → steps and values."""
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = reader.EventAccumulator(str(folder))
    found.Reload()
    return {
        tag: [(one.step, one.value) for one in found.Scalars(tag)]
        for tag in found.Tags()["scalars"]
    }


def test_epochs_can_be_read_as_soon_as_they_are_logged(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    phases = whole_run(tmp_path).phases
    log = epoch_logger(tmp_path / "log")
    for number, epoch in enumerate(phases[0].result.history, 1):
        log(epoch)
        read = scalars(tmp_path / "log" / "head")
        assert len(read["loss/val"]) == number
        assert read["loss/val"][-1] == (number, pytest.approx(epoch.val_loss))
    assert set(read) == {
        *("loss/train", "loss/val", "accuracy/train", "accuracy/val"),
        *("monitored", "rate", "images_per_second"),
    }
    log(phases[2].result.history[0])  # labels were mixed: no accuracy on train
    assert "accuracy/train" not in scalars(tmp_path / "log" / "refine")


def test_a_resumed_phase_goes_on_where_it_was(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    history = whole_run(tmp_path).phases[1].result.history
    for some in (history[:5], history[5:]):
        log = epoch_logger(tmp_path)
        for epoch in some:
            log(epoch)
    steps = [step for step, _ in scalars(tmp_path / "finetune")["rate"]]
    assert sorted(steps) == list(range(1, len(history) + 1))


def test_figures_of_phases_stand_at_their_best_epoch(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    write_tensorboard(whole_run(tmp_path, watch="things"), tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {"untrained", "head", "finetune", "refine"}
    final = scalars(tmp_path / "refine")
    assert final["test/accuracy"] == [(5, pytest.approx(0.956))]
    assert final["watched things/precision_at_5"] == [(5, pytest.approx(1.5 * 0.644 - 0.5))]
    assert scalars(tmp_path / "untrained")["test/silhouette_cosine"][0][0] == 0


def test_a_phases_name_is_no_path(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    epoch = replace(whole_run(tmp_path).phases[0].result.history[0], phase="../../out")
    epoch_logger(tmp_path / "log")(epoch)
    assert [one.name for one in tmp_path.iterdir()] == ["log"]
    assert [one.name for one in (tmp_path / "log").iterdir()] == ["______out"]


def test_without_the_package_there_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    with pytest.raises(ArtvecError) as told:
        epoch_logger(tmp_path / "log")
    assert told.value.hint == "pip install 'artvec[tensorboard]'"
    assert not (tmp_path / "log").exists()
