"""The figures of a run for TensorBoard, beside the curves that were logged while it went."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from artvec.commands.train.train_report import SplitFigures, TrainReport
from artvec.training.tensorboard import number_logger


def write_tensorboard(report: TrainReport, folder: Path) -> None:
    """Add each phase's figures by split and watched collection, at the step of its best epoch.

    Args:
        report: Of the run; the untrained backbone is a run of its own, at step 0.
        folder: That of `artvec.training.tensorboard.epoch_logger`.

    Raises:
        ArtvecError: The package `tensorboard` isn't installed.
    """
    log = number_logger(folder)
    if report.untrained:
        log("untrained", _numbers(report.untrained), 0)
    for part in report.phases:
        log(part.phase.name, _numbers(part.splits), part.result.best_epoch)
        log(part.phase.name, _numbers(part.watched, "watched "), part.result.best_epoch)


def _numbers(found: Mapping[str, SplitFigures], before: str = "") -> dict[str, float | None]:
    return {
        f"{before}{split}/{name}": interval.value
        for split, figures in found.items()
        for name, interval in figures.figures.items()
    }
