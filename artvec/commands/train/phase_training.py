"""One phase: what it learns from, the training itself, and how much of it is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from artvec.commands.train.decoded_pictures import ChosenRows
from artvec.commands.train.inspection import (
    Inspection,
    Rows,
    figures_of,
    figures_of_split,
    probabilities_of,
)
from artvec.commands.train.run_context import RunContext
from artvec.commands.train.weight_choice import choose_share, interpolated
from artvec.core.progress import Progress, silent
from artvec.core.types import Float32Array, Int64Array
from artvec.training.checkpoint import Checkpoint, State
from artvec.training.classifier import Classifier, answers
from artvec.training.inputs import Inputs, StoredPictures, StoredVectors
from artvec.training.loop import Diverged, result_at, train_phase
from artvec.training.phase import Epoch, Phase, PhaseResult
from artvec.training.recipes import trains_backbone
from artvec.training.task import Task

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the trained weights, among which val chooses; 0 undoes the phase."""
_PLAIN = ("accuracy", "loss")
"""Figures on val that the loop computes by itself."""
_LONG_S = 600
_MEASURED_BATCHES = 5


@dataclass(frozen=True)
class Step:
    """The end of a phase; before the first phase, the backbone as it came.

    Attributes:
        name: Of the phase.
        inspection: What its kept weights make of the pictures.
        result: How it went; None before the first phase.
        failure: Why it ended early; what came before is kept.
    """

    name: str
    inspection: Inspection
    result: PhaseResult | None = None
    failure: Diverged | None = None


def run_phase(context: RunContext, number: int, before: Inspection) -> Step:
    """Train a phase, or take up where it was interrupted; the context then holds its weights.

    Args:
        context: Holds the weights that the phase begins with.
        number: Of the phase in the recipe.
        before: What these weights make of the pictures.

    Raises:
        Diverged: The loss is no longer finite, before the first epoch has ended.
        ArtvecError: A picture can't be read any more.
    """
    phase = context.setup.plan.phases[number]
    done = context.checkpoints.finished(number)
    if done is not None:
        context.network.load(context.checkpoints.weights(number))
        return Step(phase.name, look(context, phase, before, done.share), done)
    start = context.network.weights()
    failure = None
    try:
        trained = _trained(context, number, before.inputs)
    except Diverged as error:
        failure = error
        trained = _until(context, number, error)
    context.network.rest()
    share, found = _best_share(context, phase, start, before)
    result = replace(trained, share=share)
    if failure is None:
        context.checkpoints.finish(number, result, context.network.weights())
    return Step(phase.name, found, result, failure)


def _until(context: RunContext, number: int, failure: Diverged) -> PhaseResult:
    """Return how a phase went until it failed; the context holds its best weights."""
    stand = context.checkpoints.epoch(number)
    if stand is None:
        context.network.rest()
        raise failure
    return result_at(stand, context.setup.plan.phases[number])


def look(context: RunContext, phase: Phase, before: Inspection, share: float = 1.0) -> Inspection:
    """See what the context's weights make of the pictures after a phase.

    A phase that trains the head alone, or of which no share is kept, leaves vectors, and watched
    figures, as they were.
    """
    if not trains_backbone(phase) or not share:
        return replace(before, probabilities=probabilities_of(context.network.heads, before.inputs))
    return context.look(phase.name, phase.anchor)


def _trained(context: RunContext, number: int, inputs: Float32Array) -> PhaseResult:
    """Train; the context then holds the weights of the best epoch."""
    phase = context.setup.plan.phases[number]

    def on_epoch(epoch: Epoch, checkpoint: Checkpoint) -> None:
        context.checkpoints.keep_epoch(number, checkpoint)
        context.listener.epoch(epoch)

    task = task_of(context, number, inputs)
    with context.listener.stage(_title(phase)) as progress:
        return train_phase(
            context.network.classifier(phase),
            phase,
            task,
            resume=context.checkpoints.epoch(number),
            on_epoch=on_epoch,
            progress=_in_pictures(progress, phase, _warner(context, number)),
        )


def task_of(context: RunContext, number: int, inputs: Float32Array) -> Task:
    """Return what a phase learns from, given (M, W) what heads take as the phase begins."""
    phase = context.setup.plan.phases[number]
    train, val = _inputs(context, phase, inputs)
    return Task(
        train=train,
        val=val,
        n_classes=tuple(len(head.classes) for head in context.network.heads),
        seed=context.setup.plan.seed,
        phase_number=number,
        device=context.setup.encoder.device,
        precision="bf16" if context.setup.encoder.precision == "bf16" else "fp32",
        monitor=None if phase.monitor in _PLAIN else _monitor(context, phase, train, val),
    )


def _inputs(context: RunContext, phase: Phase, inputs: Float32Array) -> tuple[Inputs, Inputs]:
    """Return what a phase learns from, and what its best epoch is chosen by."""
    material, labels = context.setup.material, context.setup.material.labels
    train, val = material.train, material.val if len(material.val) else material.train
    if trains_backbone(phase):
        places, stored = _stored_pictures(context, phase)
        return (
            ChosenRows(stored, places[train], labels[train]),
            ChosenRows(stored, places[val], labels[val]),
        )
    learned = _views(context, phase) if phase.views else inputs[train]
    return StoredVectors(learned, labels[train]), StoredVectors(inputs[val], labels[val])


def _stored_pictures(context: RunContext, phase: Phase) -> tuple[Int64Array, StoredPictures]:
    """Return which stored picture each row of the material is, and all of them as inputs."""
    pictures = context.setup.pictures
    assert pictures is not None
    preprocessing = context.network.start.backbone.identity.preprocessing
    labels = context.setup.material.labels
    return pictures.places, pictures.inputs(labels, preprocessing, phase.augment)


def _views(context: RunContext, phase: Phase) -> Float32Array:
    """Embed (V, n, D) augmented views of the training pictures, once."""
    places, stored = _stored_pictures(context, phase)
    encoder = context.encoder_of(context.network.backbone)
    rows = places[context.setup.material.train]
    views = np.empty((phase.views, len(rows), encoder.identity.dim), dtype=np.float32)
    with context.listener.stage(f"{phase.name}: {phase.views} views of each picture") as progress:
        for view in range(phase.views):
            for first in range(0, len(rows), encoder.batch_size):
                some = rows[first : first + encoder.batch_size]
                pixels = stored.augmented(some, context.setup.plan.seed + view)
                views[view, first : first + len(some)] = encoder.encode(pixels)
                progress(view * len(rows) + first + len(some), views.shape[0] * len(rows))
    return views


def _best_share(
    context: RunContext, phase: Phase, start: State, before: Inspection
) -> tuple[float, Inspection]:
    """Choose between the weights before and after a phase, and load what was chosen."""
    asked = (
        1.0
        if phase.interpolate is None and not len(context.setup.material.val)
        else phase.interpolate
    )
    if not trains_backbone(phase) or asked == 1:
        return 1.0, look(context, phase, before)
    end = context.network.weights()

    def at(share: float) -> Inspection:
        context.network.load(interpolated(start, end, share))
        return look(context, phase, before, share)

    if asked is not None:
        return asked, at(asked)
    found = [at(share) for share in SHARES]
    val = [figures_of(context.setup.material, one, ("val",))["val"].figures for one in found]
    watched = [{name: of.figures for name, of in one.watched.items()} for one in found]
    share = choose_share(SHARES, val, watched)
    context.network.load(interpolated(start, end, share))
    return share, found[SHARES.index(share)]


def _monitor(
    context: RunContext, phase: Phase, train: Inputs, val: Inputs
) -> Callable[[Classifier], float]:
    """Return what computes the phase's figure of the embedding on val, against the train rows."""

    def figure(model: Classifier) -> float:
        device, precision = context.setup.encoder.device, context.setup.encoder.precision
        gallery, queries = (
            Rows(answers(model, of, device=device, precision=precision).embeddings, of.labels[:, 0])
            for of in (train, val)
        )
        found = figures_of_split(queries, gallery).figures.get(phase.monitor)
        return found.value if found else 0.0

    return figure


def _title(phase: Phase) -> Callable[[int, int], str]:
    """Name the epoch in the phase's progress."""

    def title(done: int, total: int) -> str:
        epoch = min(phase.epochs, 1 + done * phase.epochs // max(1, total))
        return f"{phase.name}, epoch {epoch} of {phase.epochs}"

    return title


def _in_pictures(progress: Progress, phase: Phase, also: Progress) -> Progress:
    """Turn a progress of batches into one of pictures, whose rate means something."""

    def count(done: int, total: int) -> None:
        progress(done * phase.batch_size, total * phase.batch_size)
        also(done, total)

    return count


def _warner(context: RunContext, number: int) -> Progress:
    """Return what tells once, after a few batches, that training would take long on a CPU."""
    phases = context.setup.plan.phases
    if context.setup.encoder.device != "cpu" or not trains_backbone(phases[number]):
        return silent
    later = sum(phase.epochs for phase in phases[number + 1 :] if trains_backbone(phase))
    began: list[tuple[float, int]] = []

    def count(done: int, total: int) -> None:
        began.append((time.monotonic(), done))
        if len(began) != 1 + _MEASURED_BATCHES:
            return
        (first_s, first), (last_s, last) = began[0], began[-1]
        batches = total - done + later * total / phases[number].epochs
        left_s = (last_s - first_s) / (last - first) * batches
        if left_s > _LONG_S:
            context.listener.note(
                f"on this processor about {left_s / 60:.0f} more minutes of training remain; "
                "learning the head alone takes seconds: --recipe frozen"
            )

    return count
