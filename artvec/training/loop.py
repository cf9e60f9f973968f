"""The loop: epoch by epoch, for pictures and for stored embeddings alike; the best one is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from itertools import islice

import torch
from torch import nn

from artvec.core.errors import ArtvecError
from artvec.core.progress import Progress, silent
from artvec.core.runtime import keep_freed_memory
from artvec.training.checkpoint import Checkpoint, State
from artvec.training.classifier import Classifier, answers
from artvec.training.learner import BatchResult, Learner
from artvec.training.optimise import best_of, is_better, rate_factor, set_rate
from artvec.training.phase import Epoch, Phase, PhaseResult
from artvec.training.sampling import epoch_batches
from artvec.training.task import Task, epoch_seed, loaded

__all__ = ["Diverged", "Task", "train_phase"]


class Diverged(ArtvecError):
    """The loss is no longer finite; the model holds the best weights so far."""


def train_phase(
    model: Classifier,
    phase: Phase,
    task: Task,
    *,
    resume: Checkpoint | None = None,
    on_epoch: Callable[[Epoch, Checkpoint], None] = lambda epoch, checkpoint: None,
    progress: Progress = silent,
) -> PhaseResult:
    """Train a model as a phase says; it then holds the weights of the best epoch.

    Every epoch seeds torch's generator anew, so that the outcome depends on the arguments only: on
    a CPU, a phase that was stopped after any epoch and resumed ends with the very weights of an
    undisturbed one.

    Args:
        model: With one head a label column; on resuming, any weights of the same shapes.
        phase: What to do.
        task: With what.
        resume: Where to go on.
        on_epoch: Called after each epoch; what it raises ends the training.
        progress: Called with the batches done, and all that there may be.

    Raises:
        Diverged: The loss is no longer finite.
        ArtvecError: The phase names what isn't there.
    """
    if torch.device(task.device).type == "cpu":
        keep_freed_memory()
    torch.manual_seed(epoch_seed(task, 0))
    learner = Learner(model, phase, task)
    stand = Checkpoint((), (), 0.0, _copied(model), learner.state())
    if resume is not None:
        learner.restore(resume.learner)
        stand = resume
    while not _is_over(stand.history, phase):
        began = time.perf_counter()
        try:
            epoch, results = _epoch(learner, phase, task, stand.history, progress)
        except Diverged:
            model.load_state_dict(stand.best)
            raise
        is_best = not stand.history or is_better(epoch, best_of(stand.history, phase), phase)
        stand = Checkpoint(
            (*stand.history, epoch),
            (*stand.trace, *(batch.loss for batch in results)),
            stand.seconds + time.perf_counter() - began,
            _copied(learner.judged) if is_best else stand.best,
            learner.state(),
        )
        on_epoch(epoch, stand)
    model.load_state_dict(stand.best)
    model.eval().zero_grad()
    return result_at(stand, phase)


def result_at(checkpoint: Checkpoint, phase: Phase) -> PhaseResult:
    """Return how a phase went up to a checkpoint, of one epoch or more."""
    best = best_of(checkpoint.history, phase)
    return PhaseResult(checkpoint.history, checkpoint.trace, best.number, checkpoint.seconds)


def _epoch(
    learner: Learner, phase: Phase, task: Task, history: Sequence[Epoch], progress: Progress
) -> tuple[Epoch, list[BatchResult]]:
    """Train one epoch, then judge it on val."""
    began, number = time.perf_counter(), len(history) + 1
    seed = epoch_seed(task, number)
    torch.manual_seed(seed)
    learner.begin_epoch(number)
    batches = epoch_batches(task.train.labels[:, 0], phase, seed)
    steps = -(-len(batches) // phase.accumulate)
    feed = loaded(task, batches, seed, ahead=learner.ahead)
    rate, results = phase.rate, list[BatchResult]()
    for step in range(steps):
        rate = phase.rate * rate_factor(phase, number - 1 + step / steps, history)
        set_rate(learner.optimizer, rate)
        results += learner.step(list(islice(feed, phase.accumulate)))
        if not math.isfinite(results[-1].loss):
            raise _diverged(phase, number, len(results), rate)
        progress((number - 1) * len(batches) + len(results), phase.epochs * len(batches))
    trained_s = time.perf_counter() - began
    loss, accuracy = _val_figures(learner.judged, task)
    if not math.isfinite(loss):
        raise _diverged(phase, number, len(results), rate)
    monitored = {"loss": loss, "accuracy": accuracy}.get(phase.monitor)
    if monitored is None:
        assert task.monitor is not None
        monitored = task.monitor(learner.judged.eval())
    rows = sum(batch.rows for batch in results)
    epoch = Epoch(
        phase=phase.name,
        number=number,
        rate=rate,
        train_loss=sum(batch.loss * batch.rows for batch in results) / rows,
        train_accuracy=_train_accuracy(results),
        val_loss=loss,
        val_accuracy=accuracy,
        monitored=monitored,
        seconds=time.perf_counter() - began,
        images_per_second=rows / trained_s,
    )
    return epoch, results


def _val_figures(model: Classifier, task: Task) -> tuple[float, float]:
    """Return cross-entropy, summed over label columns, and the first column's accuracy."""
    found = answers(model, task.val, device=task.device, precision=task.precision)
    labels = torch.from_numpy(task.val.labels)
    loss = 0.0
    for logits, column in zip(found.logits, labels.T, strict=True):
        if (column >= 0).any():
            scores = torch.from_numpy(logits)
            loss += float(nn.functional.cross_entropy(scores, column, ignore_index=-1))
    known = task.val.labels[:, 0] >= 0
    right = found.logits[0].argmax(axis=1) == task.val.labels[:, 0]
    return loss, float(right[known].mean())


def _train_accuracy(results: Sequence[BatchResult]) -> float | None:
    right = [batch.right for batch in results if batch.right is not None]
    known = sum(batch.known for batch in results)
    return sum(right) / known if right and known else None


def _is_over(history: Sequence[Epoch], phase: Phase) -> bool:
    if len(history) >= phase.epochs:
        return True
    waits = phase.patience > 0 and len(history) > 0
    return waits and len(history) - best_of(history, phase).number >= phase.patience


def _copied(model: Classifier) -> State:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def _diverged(phase: Phase, epoch: int, batch: int, rate: float) -> Diverged:
    return Diverged(
        f"the loss is no longer a number: phase {phase.name}, epoch {epoch}, batch {batch}, "
        f"rate {rate:.2g}",
        f"take a lower rate: --set {phase.name}.rate={phase.rate / 10:.2g}",
    )
