"""Where a phase stands after an epoch, kept in one file; written whole, read without code."""

from __future__ import annotations

import io
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from artvec.core.errors import ArtvecError
from artvec.core.files import write_whole
from artvec.training.phase import Epoch

State = dict[str, torch.Tensor]
_FORMAT = 1


@dataclass(frozen=True)
class LearnerState:
    """What the next step depends on, beside the phase and its task.

    Attributes:
        steps: Taken so far.
        model: As trained.
        losses: Parameters that losses have of their own.
        optimizer: Its state.
        average: Of the weights; None where the phase doesn't average.
        start: Weights that the phase began with, where it is pulled toward them.
    """

    steps: int
    model: State
    losses: State
    optimizer: dict[str, Any]
    average: State | None
    start: tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Checkpoint:
    """Where a phase stands after an epoch.

    The tensors are those of the running training: write them, or copy them, before it goes on.

    Attributes:
        history: Finished epochs.
        trace: Loss of every batch so far.
        seconds: Wall time so far.
        best: The model's weights in the best epoch, averaged where the phase averages.
        learner: See `LearnerState`.
    """

    history: tuple[Epoch, ...]
    trace: tuple[float, ...]
    seconds: float
    best: State
    learner: LearnerState


def copy_weights(module: nn.Module) -> State:
    """Copy a module's weights: safetensors wants them contiguous, each with memory of its own."""
    return {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in module.state_dict().items()
    }


def write_checkpoint(file: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; a crash leaves the one before.

    Raises:
        OSError: It can't be written.
    """
    record = {
        **vars(checkpoint),
        "format": _FORMAT,
        "history": [asdict(epoch) for epoch in checkpoint.history],
        "learner": vars(checkpoint.learner),
    }
    written = io.BytesIO()  # torch tells nobody that a disk is full
    torch.save(record, written)
    write_whole(file, written.getbuffer())


def read_checkpoint(file: Path) -> Checkpoint:
    """Read a checkpoint onto the CPU.

    Raises:
        ArtvecError: It is damaged, or of another version of artvec.
    """
    try:
        record: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        if record.pop("format") != _FORMAT:
            raise ValueError("another version of artvec wrote it")
        record["history"] = tuple(Epoch(**epoch) for epoch in record["history"])
        return Checkpoint(**{**record, "learner": LearnerState(**record["learner"])})
    except (
        OSError,
        RuntimeError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        pickle.UnpicklingError,
    ) as error:
        raise ArtvecError(
            f"{file} can't be resumed from: {' '.join(str(error).split())[:200]}",
            "begin anew under another name: artvec train … --name NAME",
        ) from error
