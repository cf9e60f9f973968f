"""The learning-rate range test: which rate a phase learns fastest at; no weights are kept."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import count, islice

import numpy as np
import torch

from artvec.core.progress import Progress, silent
from artvec.core.types import Float64Array
from artvec.training.classifier import Classifier
from artvec.training.learner import Learner
from artvec.training.optimise import set_rate
from artvec.training.phase import Phase
from artvec.training.sampling import epoch_batches
from artvec.training.task import Batch, Task, epoch_seed, loaded

_LOWEST, _HIGHEST = 1e-6, 1.0
_STEPS = 100
_SMOOTHING = 0.9
_EXPLODED = 4.0
"""Times the least loss, from where it is of no interest how fast it grows."""
_WARM = 5
"""First steps, whose smoothed loss still follows single batches."""


@dataclass(frozen=True)
class RateCurve:
    """Loss against learning rate.

    Attributes:
        rates: (n,) float64 rates at the head, rising from step to step.
        losses: (n,) float64, exponentially smoothed.
        suggested: The rate at which the loss fell most steeply.
    """

    rates: Float64Array
    losses: Float64Array
    suggested: float


def find_rate(
    model: Classifier, phase: Phase, task: Task, *, progress: Progress = silent
) -> RateCurve:
    """Take steps at rising rates on a copy of a model, until the loss explodes.

    Source: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.

    Args:
        model: Is left as it was.
        phase: Its schedule doesn't count.
        task: Val isn't looked at.
        progress: Called with steps done, and all that there may be.
    """
    torch.manual_seed(epoch_seed(task, 0))
    learner = Learner(deepcopy(model), phase, task)
    learner.begin_epoch(phase.epochs)
    batches = _endless(phase, task, learner.ahead)
    rates, losses, average = list[float](), list[float](), 0.0
    for step, rate in enumerate(np.geomspace(_LOWEST, _HIGHEST, _STEPS)):
        set_rate(learner.optimizer, rate)
        results = learner.step(list(islice(batches, phase.accumulate)))
        loss = sum(batch.loss * batch.rows for batch in results) / sum(
            batch.rows for batch in results
        )
        average = _SMOOTHING * average + (1 - _SMOOTHING) * loss
        smoothed = average / (1 - _SMOOTHING ** (step + 1))  # as if it had begun at the first loss
        if not math.isfinite(loss) or (losses and smoothed > _EXPLODED * min(losses)):
            break
        rates.append(float(rate))
        losses.append(smoothed)
        progress(step + 1, _STEPS)
    return RateCurve(np.array(rates), np.array(losses), _steepest(rates, losses))


def _endless(phase: Phase, task: Task, ahead: int) -> Iterator[Batch]:
    for epoch in count(1):
        seed = epoch_seed(task, epoch)
        batches = epoch_batches(task.train.labels[:, 0], phase, seed)
        yield from loaded(task, batches, seed, ahead=ahead)


def _steepest(rates: list[float], losses: list[float]) -> float:
    """Return the rate of the steepest fall before the minimum."""
    end = int(np.argmin(losses)) + 1
    begin = min(_WARM, end - 1)
    slopes = np.gradient(losses[begin:end], np.log(rates[begin:end])) if end - begin > 1 else [0.0]
    return rates[begin + int(np.argmin(slopes))]
