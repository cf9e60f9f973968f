"""Training runs made by hand: any number of classes, hostile names, or little that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from artvec.commands.train.train_report import (
    Advice,
    Helped,
    PhaseReport,
    SplitFigures,
    TrainReport,
    Verdict,
)
from artvec.core.results import Interval
from artvec.core.types import Float32Array, Int64Array
from artvec.training.phase import Epoch, Phase, PhaseResult

SCRIPT = "</script><script>alert('$x_1$')</script>"
STYLES = ("baroque", "cubism", SCRIPT, "fauvism", "impressionism", "ink & wash", "pointillism")
STYLES += ("realism", "symbolism", "ukiyo-e")
_NAMES = ("head", "finetune", "refine")
_SKILLS = (0.84, 0.93, 0.956)
_EPOCHS = (8, 14, 6)


def around(value: float, reach: float) -> Interval:
    return Interval(value, value - reach, value + reach)


def figures(skill: float, *, head: bool = True, loss: float = 0.3) -> dict[str, Interval]:
    """Return figures that grow with skill; without a head, those of the embedding only."""
    told = {
        "accuracy": around(skill, 0.02),
        "top5_accuracy": around(min(0.99, skill + 0.03), 0.008),
        "loss": around(loss, 0.05),
    }
    return (told if head else {}) | {
        "knn20_accuracy": around(skill - 0.03, 0.025),
        "precision_at_5": around(1.5 * skill - 0.5, 0.03),
        "silhouette_cosine": around(2 * skill - 1.5, 0.015),
        "nmi": around(1.6 * skill - 0.6, 0.03),
    }


def head_answers(labels: Int64Array, n_classes: int, skill: float, seed: int) -> Float32Array:
    """Return (Q, C) probabilities: right with the given skill, else a class next to it."""
    rng = np.random.default_rng(seed)
    told = np.where(rng.random(len(labels)) < skill, labels, (labels + 1) % n_classes)
    logits = rng.normal(0, 1, (len(labels), n_classes))
    logits[np.arange(len(labels)), told] += 7
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (grown / grown.sum(axis=1, keepdims=True)).astype(np.float32)


def split(labels: Int64Array, n_classes: int, skill: float, *, head: bool = True) -> SplitFigures:
    probabilities = head_answers(labels, n_classes, skill, seed=len(labels))
    return SplitFigures(
        figures=figures(skill, head=head, loss=1.6 * (1 - skill) + 0.05),
        per_query={},
        probabilities=probabilities if head else np.zeros((len(labels), 0), dtype=np.float32),
        labels=labels,
    )


def history(phase: Phase, start: float, end: float, seed: int) -> tuple[Epoch, ...]:
    rng = np.random.default_rng(seed)
    epochs = []
    for number in range(1, phase.epochs + 1):
        skill = end - (end - start) * np.exp(-3 * number / phase.epochs) + rng.normal(0, 0.006)
        seen = min(1.0, skill + 0.03 * number / phase.epochs)
        epochs.append(
            Epoch(
                phase=phase.name,
                number=number,
                rate=phase.rate * (1 + np.cos(np.pi * number / phase.epochs)) / 2,
                train_loss=0.4 + 2.5 * (1 - seen),
                train_accuracy=None if phase.mixup else float(seen),
                val_loss=0.1 + 2 * (1 - skill),
                val_accuracy=float(skill),
                monitored=float(skill),
                seconds=40.0,
                images_per_second=51.5,
            )
        )
    return tuple(epochs)


def points(labels: Int64Array, n_classes: int, skill: float) -> Float32Array:
    """Return a map on which classes part as skill grows."""
    rng = np.random.default_rng(3)
    angles = 2 * np.pi * labels / n_classes
    centres = np.column_stack([np.cos(angles), np.sin(angles)]) * 14 * (2 * skill - 1)
    return (centres + rng.normal(0, 2.2, (len(labels), 2))).astype(np.float32)


def verdict(pair: tuple[str, str], metric: str, difference: float, on: str = "test") -> Verdict:
    ends = around(difference, 0.018)
    helped: Helped = "yes" if ends.low > 0 else "no" if ends.high < 0 else "inconclusive"
    return Verdict(*pair, metric, ends, helped, on)


def phase_report(
    name: str, skill: float, before: float, labels: Int64Array, n_classes: int, watch: str
) -> PhaseReport:
    head, finetune, refine = (name == each for each in _NAMES)
    phase = Phase(
        name=name,
        trainable="head" if head else "last:4" if finetune else "all",
        epochs=_EPOCHS[_NAMES.index(name)],
        rate=1e-3 if head else 3e-4 if finetune else 1e-5,
        mixup=0.2 if refine else 0.0,
        interpolate=None if finetune else 1.0,
        augment="art",
    )
    return PhaseReport(
        phase=phase,
        result=PhaseResult(
            history=history(phase, before, skill, seed=phase.epochs),
            trace=(),
            best_epoch=phase.epochs - 1,
            seconds=40.0 * phase.epochs,
            share=0.8 if finetune else 1.0,
        ),
        splits={
            "train": split(labels, n_classes, skill + 0.03),
            "val": split(labels[: len(labels) // 4], n_classes, skill + 0.01),
            "test": split(labels, n_classes, skill),
        },
        watched={watch: split(labels[:99], n_classes, 1.6 - skill, head=False)},
        trainable_parameters=12_810 if head else 3_381_258,
        points=points(labels, n_classes, skill),
    )


def all_verdicts(watch: str) -> tuple[Verdict, ...]:
    gains = {
        ("untrained", "head"): 0.0,
        ("head", "finetune"): 0.062,
        ("finetune", "refine"): 0.004,
        ("head", "refine"): 0.07,
    }
    told = [
        verdict(pair, metric, gain * (1 + at))
        for pair, gain in gains.items()
        for at, metric in enumerate(("accuracy", "precision_at_5", "silhouette_cosine"))
        if pair[0] != "untrained" or metric != "accuracy"
    ]
    return (*told, verdict(("head", "refine"), "precision_at_5", -0.11, on=watch))


def whole_run(
    run: Path, classes: Sequence[str] = STYLES, *, each: int = 52, watch: str = "things & <b>"
) -> TrainReport:
    """Return a run of three phases with everything that a page can show."""
    labels = np.repeat(np.arange(len(classes)), each)
    labels[0] = -1  # one picture's label isn't known
    befores = (0.3, *(skill - 0.02 for skill in _SKILLS))
    return TrainReport(
        run=run,
        backbone="tf_efficientnet_lite0",
        label_columns=("style", "artist"),
        classes=(tuple(classes), ("A", "B")),
        phases=tuple(
            phase_report(name, skill, before, labels, len(classes), watch)
            for name, skill, before in zip(_NAMES, _SKILLS, befores, strict=False)
        ),
        untrained={
            "test": split(labels, len(classes), 0.82, head=False),
            watch: split(labels[:99], len(classes), 0.78, head=False),
        },
        verdicts=all_verdicts(watch),
        advice=(
            Advice("refine", "The val loss hardly moves: the rate is too low.", "--rate 1e-4"),
            Advice("head", "<i>Train</i> runs ahead of val.", "--set head.dropout=0.5 <x>"),
        ),
        warnings=("Class ukiyo-e has 3 training pictures.",),
        test_paths=tuple(f"{SCRIPT}/{row:04d}.jpg" for row in range(len(labels))),
        seeds={seed: figures(0.956 + 0.004 * (seed - 1)) for seed in range(3)},
        seconds=1700.0,
    )


def bare_run(run: Path) -> TrainReport:
    """Return a run of which as little is known as can be: one phase, val only, nothing else."""
    whole = whole_run(run, ("a", "b"), each=12)
    first = replace(whole.phases[0], watched={}, points=None)
    first = replace(first, splits={"val": whole.phases[0].splits["val"]})
    return replace(
        whole,
        label_columns=("label",),
        classes=whole.classes[:1],
        phases=(first,),
        untrained={},
        verdicts=(),
        advice=(),
        warnings=(),
        test_paths=(),
        seeds={},
    )
