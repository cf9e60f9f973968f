"""What a run's figures say, in plain words; numbers as they are written on its page."""

from __future__ import annotations

import math
from collections.abc import Iterator

from artvec.commands.train.phase_verdicts import outcome
from artvec.commands.train.train_report import TrainReport, Verdict
from artvec.core.results import Interval
from artvec.core.wording import counted
from artvec.metrics.registry import metric_of
from artvec.reports.shared.figure_text import decimal

FIGURES = (
    "accuracy",
    "top5_accuracy",
    "loss",
    "knn5_accuracy",
    "knn20_accuracy",
    "precision_at_5",
    "silhouette_cosine",
    "nmi",
)
"""Figures of a phase, in the order of tables."""


def judged_split(report: TrainReport) -> str:
    """Return the split that the page is about: test, else the last one there is."""
    splits = report.phases[-1].splits
    return next((name for name in ("test", "val", "train") if name in splits), "")


def headline(report: TrainReport) -> Iterator[str]:
    """Yield the first sentences: what was learned from what, how well, and how surely."""
    names = [part.phase.name for part in report.phases]
    of = f"{counted(len(report.classes[0]), 'class', 'classes')} of {report.label_columns[0]}"
    beside = report.label_columns[1:]
    also = f" (and {' and '.join(beside)} beside it)" if beside else ""
    yield (
        f"{report.backbone} learned {of}{also} in {counted(len(names), 'phase')}: "
        f"{', '.join(names)}."
    )
    split = judged_split(report)
    final = report.phases[-1].splits.get(split)
    if final is None or "accuracy" not in final.figures:
        return
    figure = final.figures["accuracy"]
    yield f"Its {split} accuracy is {percent(figure.value)}{_between(figure)}."
    for one in report.verdicts:
        if (one.start, one.end, one.metric, one.on) == (names[0], names[-1], "accuracy", "test"):
            yield f"Against {names[0]} alone that is {difference(one)}: {outcome(one)}."


def coverage(report: TrainReport) -> str:
    """Say what the intervals of the page cover, and what they don't."""
    final = report.phases[-1].splits.get(judged_split(report))
    pictures = counted(int((final.labels >= 0).sum()), "picture") if final else "pictures"
    text = (
        f"Intervals are of 95 %: they cover the choice of these {pictures}, not that of the "
        "training pictures"
    )
    if len(report.seeds) > 1:
        return f"{text} nor the seed; the spread over {len(report.seeds)} seeds is given below."
    return f"{text} nor the seed: --seeds 3 adds the spread over three."


def cautions(report: TrainReport) -> list[str]:
    """Return warnings of the run, and of this page."""
    split = judged_split(report)
    warnings = list(report.warnings)
    if report.failure:
        warnings.insert(0, f"The run ended early: {report.failure}")
    if split == "test":
        return warnings
    instead_of_test = {
        "val": "There is no test split: these are figures of val, by which epochs were chosen, "
        "and thus too good.",
        "train": "There is neither test nor val: these are figures of the training pictures, "
        "which say little.",
    }
    return [instead_of_test[split], *warnings] if split else warnings


def compared(verdict: Verdict) -> str:
    """Return what a verdict is about, as in `finetune against head, on test`."""
    start = "the untrained backbone" if verdict.start == "untrained" else verdict.start
    return f"{verdict.end} against {start}, on {verdict.on}"


def difference(verdict: Verdict) -> str:
    """Return a difference with its interval, as in `+6.2 points [+3.9, +8.4]`."""
    points = metric_of(verdict.metric).is_share
    scale, digits, unit = (100, 1, " points") if points else (1, 3, "")
    value, low, high = (
        _signed(end * scale, digits)
        for end in (verdict.difference.value, verdict.difference.low, verdict.difference.high)
    )
    known = math.isfinite(verdict.difference.low)
    return f"{value}{unit}{f' [{low}, {high}]' if known else ''}"


def ends(figure: Interval) -> str:
    """Return the ends of an interval; nothing where there are none."""
    if not math.isfinite(figure.low) or figure.low == figure.high:
        return ""
    return f"{decimal(figure.low)} to {decimal(figure.high)}"


def percent(share: float) -> str:
    """Return a share, 0 to 1, as `95.6 %`."""
    return f"{100 * share:.1f} %"


def duration(seconds: float) -> str:
    """Return a time as `42 s`, `3 min 20 s` or `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _between(figure: Interval) -> str:
    if not math.isfinite(figure.low) or figure.low == figure.high:
        return ""
    return f", with a 95 % interval from {percent(figure.low)} to {percent(figure.high)}"


def _signed(value: float, digits: int) -> str:
    return f"{value:+z.{digits}f}".replace("-", "−")
