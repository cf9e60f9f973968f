"""The tables of a run's page: figures by phase, recipe, seeds, classes, mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from artvec.commands.train.train_report import PhaseReport, SplitFigures, TrainReport
from artvec.core.types import Float32Array, Int64Array
from artvec.core.wording import shortened
from artvec.metrics.classification import confused_pairs, confusion, per_class
from artvec.metrics.registry import metric_of
from artvec.reports.shared.figure_text import decimal
from artvec.reports.train import words
from artvec.training.phase import Phase

_SPLITS = ("test", "val", "train")
_UNTRAINED = "untrained"
_MISTAKES = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a table; `strong` where it shall be seen first."""

    value: str
    ends: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: what it is about, and a cell a column."""

    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Figures by phase.

    Attributes:
        name: A split, or a watched collection.
        pictures: How many have a label.
        columns: `untrained`, where that is known, and the phases.
        lines: A figure each.
    """

    name: str
    pictures: int
    columns: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Answers:
    """What the final head said of the judged split.

    Attributes:
        classes: Names by code.
        labels: (n,) true codes, none unknown.
        predicted: (n,) codes of the head's first choice.
        sure: (n,) its probability.
        paths: Of the pictures; empty where they aren't known.
    """

    classes: tuple[str, ...]
    labels: Int64Array
    predicted: Int64Array
    sure: Float32Array
    paths: tuple[str, ...]

    @property
    def counts(self) -> Int64Array:
        """(C, C), pictures by true label (rows) and predicted label (columns)."""
        return confusion(self.labels, self.predicted, len(self.classes))


def by_split(report: TrainReport) -> list[Table]:
    """Return a table of figures for each split, test first."""
    return _tables(report, _SPLITS, lambda part: part.splits)


def watched(report: TrainReport) -> list[Table]:
    """Return a table of figures for each watched collection."""
    names = dict.fromkeys(name for part in report.phases for name in part.watched)
    return _tables(report, names, lambda part: part.watched)


def phases(report: TrainReport) -> list[Line]:
    """Return what each phase did and cost, a line a phase."""
    lines = []
    for part in report.phases:
        gap = _gap(part.splits)
        cells = (
            Cell(part.phase.trainable),
            Cell(f"{part.trainable_parameters:,}"),
            Cell(f"{part.result.best_epoch} of {len(part.result.history)}"),
            Cell(words.duration(part.result.seconds)),
            Cell(f"{part.result.share:g}"),
            Cell("" if gap is None else f"{100 * gap:+z.1f}".replace("-", "−")),
        )
        lines.append(Line(part.phase.name, cells))
    return lines


def recipe(report: TrainReport) -> list[Line]:
    """Return every setting of the phases, strong where it isn't the default."""
    lines = []
    for field in fields(Phase):
        if field.name == "name":
            continue
        values = [getattr(part.phase, field.name) for part in report.phases]
        cells = (Cell(_setting(value), strong=value != field.default) for value in values)
        lines.append(Line(field.name, tuple(cells)))
    return lines


def seeds(report: TrainReport) -> list[Line]:
    """Return the final figures of each seed, their mean with its range, their deviation.

    There is nothing to tell of a single seed.
    """
    if len(report.seeds) < 2:
        return []
    names = [name for name in words.FIGURES if any(name in one for one in report.seeds.values())]
    lines = []
    for name in names:
        found = [figures.get(name) for figures in report.seeds.values()]
        cells = [Cell(decimal(one.value), words.ends(one)) if one else Cell("") for one in found]
        known = np.array([one.value for one in found if one])
        ends = f"{decimal(known.min())} to {decimal(known.max())}"
        mean = Cell(decimal(known.mean()), ends, strong=True)
        deviation = Cell(decimal(known.std(ddof=1)) if len(known) > 1 else "")
        lines.append(Line(metric_of(name).title, (*cells, mean, deviation)))
    return lines


def answers(report: TrainReport) -> Answers | None:
    """Return what the final head said, or None where there is none."""
    split = words.judged_split(report)
    final = report.phases[-1].splits.get(split)
    if final is None or not final.probabilities.size or not (final.labels >= 0).any():
        return None
    known = np.flatnonzero(final.labels >= 0)
    paths = report.test_paths if split == "test" else ()
    return Answers(
        classes=report.classes[0],
        labels=final.labels[known],
        predicted=final.probabilities[known].argmax(axis=1),
        sure=final.probabilities[known].max(axis=1),
        paths=tuple(paths[row] for row in known) if len(paths) == len(final.labels) else (),
    )


def confused(found: Answers, most: int = 10) -> list[str]:
    """Name the pairs of classes confused most often."""
    names = [shortened(name) for name in found.classes]
    return [
        f"{names[pair.true]} taken for {names[pair.predicted]}: "
        f"{pair.count} ({100 * pair.share:.0f} % of {names[pair.true]})"
        for pair in confused_pairs(found.counts, most)
    ]


def classes(found: Answers) -> list[Line]:
    """Return precision, recall, F1 and support of each class, the weakest first, then means."""
    each = per_class(found.counts)
    columns = (each.precision, each.recall, each.f1)
    order = np.lexsort((np.nan_to_num(each.f1, nan=-1), each.support == 0))
    lines = [
        Line(
            found.classes[code],
            (*(Cell(decimal(column[code])) for column in columns), Cell(f"{each.support[code]:,}")),
        )
        for code in order
    ]
    occurring = each.support > 0
    mean = [Cell(decimal(float(np.nan_to_num(column[occurring]).mean()))) for column in columns]
    total = Cell(f"{each.support.sum():,}")
    return [*lines, Line("mean of classes", (*mean, total))]


def mistakes(found: Answers) -> list[tuple[str, str, str, str]]:
    """Return the surest wrong answers: path, true label, predicted label, probability."""
    if not found.paths:
        return []
    wrong = np.flatnonzero(found.labels != found.predicted)
    order = wrong[np.argsort(-found.sure[wrong], kind="stable")][:_MISTAKES]
    return [
        (
            found.paths[row],
            found.classes[found.labels[row]],
            found.classes[found.predicted[row]],
            words.percent(float(found.sure[row])),
        )
        for row in order
    ]


def _tables(
    report: TrainReport,
    names: Iterable[str],
    of: Callable[[PhaseReport], Mapping[str, SplitFigures]],
) -> list[Table]:
    tables = []
    for name in names:
        found = {_UNTRAINED: report.untrained.get(name)}
        found |= {part.phase.name: of(part).get(name) for part in report.phases}
        columns = {phase: one for phase, one in found.items() if one and one.figures}
        if columns:
            tables.append(_table(name, columns))
    return tables


def _table(name: str, columns: Mapping[str, SplitFigures]) -> Table:
    known = [n for n in words.FIGURES if any(n in one.figures for one in columns.values())]
    pictures = max(int((one.labels >= 0).sum()) for one in columns.values())
    lines = (Line(metric_of(n).title, _cells(n, list(columns.values()))) for n in known)
    return Table(name, pictures, tuple(columns), tuple(lines))


def _cells(name: str, columns: Sequence[SplitFigures]) -> tuple[Cell, ...]:
    values = [one.figures[name].value for one in columns if name in one.figures]
    best = min(values) if metric_of(name).better == "lower" else max(values)
    cells = []
    for one in columns:
        figure = one.figures.get(name)
        if figure is None:
            cells.append(Cell(""))
            continue
        strong = len(values) > 1 and figure.value == best
        cells.append(Cell(decimal(figure.value), words.ends(figure), strong))
    return tuple(cells)


def _gap(splits: Mapping[str, SplitFigures]) -> float | None:
    """Return accuracy on train minus that on val (else test), under the kept weights."""
    other = splits.get("val", splits.get("test"))
    if "train" not in splits or other is None:
        return None
    train, held = (one.figures.get("accuracy") for one in (splits["train"], other))
    return train.value - held.value if train and held else None


def _setting(value: object) -> str:
    if value is None:
        return "chosen on val"
    return f"{value:g}" if isinstance(value, float) else str(value)
