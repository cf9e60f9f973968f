"""What a training run tells: phase by phase, figures with intervals, verdicts, what to try next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from artvec.core.results import Interval
from artvec.core.types import Float32Array, Float64Array, Int64Array
from artvec.training.phase import Phase, PhaseResult

Helped = Literal["yes", "no", "inconclusive"]
FIGURES = (
    "accuracy",
    "top5_accuracy",
    "loss",
    "knn20_accuracy",
    "precision_at_5",
    "silhouette_cosine",
    "nmi",
)
JUDGED = ("accuracy", "precision_at_5", "silhouette_cosine")
"""Figures that get a verdict between phases."""
WATCHED = ("knn5_accuracy", "knn20_accuracy", "precision_at_5")
"""Figures that get a verdict on a watched collection."""


@dataclass(frozen=True)
class SplitFigures:
    """What one set of weights yields on the pictures of one split.

    Attributes:
        figures: Name out of `FIGURES`, or `knn5_accuracy` → value with its 95 % interval; what
            doesn't apply is absent.
        per_query: Name → (Q,) float64 outcomes whose mean is the figure, NaN where left out.
        probabilities: (Q, C) float32 of the first label column's head.
        labels: (Q,) class codes of the first label column, -1 where unknown.
    """

    figures: Mapping[str, Interval]
    per_query: Mapping[str, Float64Array]
    probabilities: Float32Array
    labels: Int64Array


@dataclass(frozen=True)
class Verdict:
    """Whether one set of weights is better than another on the same pictures.

    Attributes:
        start: Name of the phase before, `untrained` for the backbone as it came.
        end: Name of the phase after.
        metric: One of `JUDGED`; of `WATCHED` on a watched collection.
        difference: End − start, with its paired 95 % interval.
        helped: `yes` or `no` where the interval excludes 0.
        on: `test`, or the name of a watched collection.
    """

    start: str
    end: str
    metric: str
    difference: Interval
    helped: Helped
    on: str = "test"


@dataclass(frozen=True)
class Advice:
    """A likely reason why a phase did not help (or how it went wrong), and what to try.

    Attributes:
        phase: Its name.
        finding: What the curves and figures show, in one sentence.
        flag: What to type next, as in `--rate 3e-4`.
    """

    phase: str
    finding: str
    flag: str


@dataclass(frozen=True)
class PhaseReport:
    """One phase: how it went, and what it is worth.

    Attributes:
        phase: Its settings.
        result: How its training went.
        splits: `train`, `val`, `test` → figures under the kept weights.
        watched: Name of a watched collection → its figures (see `WATCHED`).
        trainable_parameters: How many were trained.
        points: (n, 2) float32 map of the test pictures' embeddings, None where too few.
    """

    phase: Phase
    result: PhaseResult
    splits: Mapping[str, SplitFigures]
    watched: Mapping[str, SplitFigures]
    trainable_parameters: int
    points: Float32Array | None


@dataclass(frozen=True)
class TrainReport:
    """A whole run.

    Attributes:
        run: Its directory.
        backbone: What it began with.
        label_columns: What was learned; the first one is judged.
        classes: Names by code, a tuple a label column.
        phases: In the order they ran.
        untrained: Split, or name of a watched collection → figures of the backbone as it came (no
            head: no accuracy, no loss).
        verdicts: Every consecutive pair of phases, and the first against the last.
        advice: See `Advice`.
        warnings: In plain words.
        test_paths: (Q,) paths of the test pictures, in the order of their figures.
        seeds: Seed → final test figures, where several were run; the first one is this run.
        seconds: Wall time, everything included.
        failure: Why the run ended early, empty if it didn't.
    """

    run: Path
    backbone: str
    label_columns: tuple[str, ...]
    classes: tuple[tuple[str, ...], ...]
    phases: tuple[PhaseReport, ...]
    untrained: Mapping[str, SplitFigures]
    verdicts: tuple[Verdict, ...]
    advice: tuple[Advice, ...]
    warnings: tuple[str, ...]
    test_paths: tuple[str, ...]
    seeds: Mapping[int, Mapping[str, Interval]]
    seconds: float
    failure: str = ""
