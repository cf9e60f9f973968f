"""Logs for TensorBoard: numbers by run and step, written as they come. The home of its package."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from artvec.core.errors import ArtvecError
from artvec.training.phase import Epoch

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

Log = Callable[[str, Mapping[str, float | None], int], None]
"""Told a run, its numbers by tag (None is left out) and the step they belong to."""


def epoch_logger(folder: Path) -> Callable[[Epoch], None]:
    """Return what logs an epoch; it can be read while the next one is trained.

    A phase is a run of its own below the folder, its step is the epoch within the phase: a resumed
    phase goes on where it was, and phases of one name can be laid over one another.

    Args:
        folder: Made with the first epoch.

    Raises:
        ArtvecError: The package `tensorboard` isn't installed.
    """
    log = number_logger(folder)

    def log_epoch(epoch: Epoch) -> None:
        numbers = {
            "loss/train": epoch.train_loss,
            "loss/val": epoch.val_loss,
            "accuracy/train": epoch.train_accuracy,
            "accuracy/val": epoch.val_accuracy,
            "monitored": epoch.monitored,
            "rate": epoch.rate,
            "images_per_second": epoch.images_per_second,
        }
        log(epoch.phase, numbers, epoch.number)

    return log_epoch


def number_logger(folder: Path) -> Log:
    """Return what logs numbers of several runs, each into a folder of its own below this one.

    Raises:
        ArtvecError: The package `tensorboard` isn't installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as missing:
        raise ArtvecError(
            "--tensorboard needs the package tensorboard, which is not installed",
            "pip install 'artvec[tensorboard]'",
            usage=True,
        ) from missing
    writers: dict[str, SummaryWriter] = {}

    def log(run: str, numbers: Mapping[str, float | None], step: int) -> None:
        place = re.sub(r"[^\w-]", "_", run)  # a name is no path
        if place not in writers:
            writers[place] = SummaryWriter(str(folder / place))
        for tag, number in numbers.items():
            if number is not None:
                writers[place].add_scalar(tag, number, step)
        writers[place].flush()

    return log
