"""A training run as one HTML page that needs no other file, no script and no network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from artvec.commands.train.phase_verdicts import outcome
from artvec.commands.train.train_report import Helped, TrainReport, Verdict
from artvec.core.files import write_whole
from artvec.core.version import __version__
from artvec.core.wording import counted
from artvec.metrics.registry import metric_of
from artvec.reports.shared.counts import confusion_table
from artvec.reports.shared.drawing import largest, svg
from artvec.reports.shared.palette import colour_of
from artvec.reports.shared.templates import page
from artvec.reports.train import charts, tables, words

_CAPTIONS = {
    "loss": "Loss by epoch: on train as it was minimised (its scale may change from phase to "
    "phase), on val cross-entropy. A ring marks the epoch whose weights were kept.",
    "accuracy": "Accuracy by epoch: on train as the pictures were seen (augmented), on val. The "
    "shade between them is the overfitting gap, once train lies above val.",
    "rate": "Learning rate at the head at the end of each epoch.",
    "monitored": "What chose the epoch in phases that watch neither accuracy nor loss.",
}
_MANY_CLASSES = 20
"""Beyond so many, the table of classes is folded."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A verdict and where it lies on the common scale, in percent of its width."""

    title: str
    difference: str
    helped: Helped
    outcome: str
    left: float
    width: float
    middle: float


@dataclass(frozen=True, slots=True)
class _Forest:
    """All verdicts on one scale.

    Attributes:
        groups: What is compared, and the verdicts on it.
        zero: Where 0 lies.
        ticks: Texts and where they stand.
    """

    groups: tuple[tuple[str, tuple[_Drawn, ...]], ...]
    zero: float
    ticks: tuple[tuple[str, float], ...]


def html_page(report: TrainReport) -> str:
    """Return the page; every name is escaped."""
    found, recipe = tables.answers(report), tables.recipe(report)
    return page(
        "train/page.html",
        {
            "report": report,
            "version": __version__,
            "split": words.judged_split(report),
            "lead": " ".join(words.headline(report)),
            "coverage": words.coverage(report),
            "cautions": words.cautions(report),
            "forest": _forest(report.verdicts),
            "phases": tables.phases(report),
            "by_split": tables.by_split(report),
            "curves": [
                (_CAPTIONS[name], Markup(svg(figure)))  # text in it is escaped by matplotlib
                for name, figure in charts.curves(report).items()
            ],
            "maps": [(name, Markup(svg(figure))) for name, figure in charts.maps(report).items()],
            "legend": _legend(report),
            "watched": tables.watched(report),
            "confusion": confusion_table(found.counts, found.classes) if found else None,
            "confused": tables.confused(found) if found else [],
            "mistakes": tables.mistakes(found) if found else [],
            "classes": tables.classes(found) if found else [],
            "many_classes": _MANY_CLASSES,
            "seeds": tables.seeds(report),
            "recipe": [line for line in recipe if any(cell.strong for cell in line.cells)],
            "defaults": [line for line in recipe if not any(cell.strong for cell in line.cells)],
            "figures": [metric_of(name) for name in words.FIGURES],
            "counted": counted,
            "duration": words.duration,
        },
    )


def write_page(report: TrainReport, file: Path) -> None:
    """Write the page; a former one stays until the new one is whole.

    Args:
        report: What to show.
        file: Its folder is made where it isn't there.

    Raises:
        OSError: It can't be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, html_page(report).encode("utf-8", errors="backslashreplace"))


def _forest(verdicts: Sequence[Verdict]) -> _Forest:
    ends = [
        end
        for one in verdicts
        for end in (one.difference.low, one.difference.value, one.difference.high)
        if math.isfinite(end)
    ]
    low, high = min([-0.01, *ends]), max([0.01, *ends])

    def across(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    groups: dict[str, list[_Drawn]] = {}
    for one in verdicts:
        value = one.difference.value
        left, right = (
            across(end if math.isfinite(end) else value)
            for end in (one.difference.low, one.difference.high)
        )
        drawn = _Drawn(
            title=metric_of(one.metric).title,
            difference=words.difference(one),
            helped=one.helped,
            outcome=outcome(one),
            left=left,
            width=round(right - left, 2),
            middle=across(value),
        )
        groups.setdefault(words.compared(one), []).append(drawn)
    ticks = tuple(
        (f"{end:+.2g}".replace("-", "−") if end else "0", across(end)) for end in (low, 0.0, high)
    )
    return _Forest(tuple((title, tuple(some)) for title, some in groups.items()), across(0), ticks)


def _legend(report: TrainReport) -> list[tuple[str, str]]:
    """Return colours and names of the classes on the maps, the most frequent first."""
    final = report.phases[-1].splits.get("test")
    if final is None:
        return []
    codes, names = charts.ranked(final.labels, report.classes[0])
    return [(colour_of(code), names[code]) for code in largest(codes, len(names))]
