"""What a phase learns from, and its batches, made ahead of the steps that want them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch

from artvec.core.types import Int64Array
from artvec.training.classifier import Classifier
from artvec.training.inputs import Inputs
from artvec.training.prefetch import made_ahead

Batch = tuple[Int64Array, torch.Tensor]
"""Row numbers (B,), and what the model takes for them."""


@dataclass(frozen=True)
class Task:
    """What a phase learns from, and where.

    Attributes:
        train: Rows to learn from.
        val: Rows to choose the best epoch by.
        n_classes: A label column.
        seed: Of the run.
        phase_number: In the recipe.
        device: Of the model.
        precision: `bf16` computes in mixed precision.
        monitor: Returns a classifier's figure on val, where the phase watches another one than
            accuracy or loss.
    """

    train: Inputs
    val: Inputs
    n_classes: tuple[int, ...]
    seed: int = 0
    phase_number: int = 0
    device: torch.device | str = "cpu"
    precision: Literal["fp32", "bf16"] = "fp32"
    monitor: Callable[[Classifier], float] | None = None


def epoch_seed(task: Task, epoch: int) -> int:
    """Return a seed for an epoch; 0 is what comes before the first."""
    entropy = np.random.SeedSequence((task.seed, task.phase_number, epoch))
    return int(entropy.generate_state(1, np.uint64)[0] >> 1)


def loaded(task: Task, batches: Sequence[Int64Array], seed: int, *, ahead: int) -> Iterator[Batch]:
    """Yield batches in order, so many of them made ahead, in as many threads."""
    make = partial(task.train.batch, seed=seed, augment=True)
    made = made_ahead(make, batches, ahead=ahead, device=task.device)
    yield from zip(batches, made, strict=True)
