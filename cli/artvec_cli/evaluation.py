"""An evaluation as tables for people."""

from __future__ import annotations

import math
from collections.abc import Sequence

from artvec.commands.evaluate import ClassFigures, Confusion, EvaluationReport
from artvec.core.results import Interval
from artvec.core.wording import counted, shortened
from artvec.metrics.registry import metric_of
from artvec_cli.render import Output, table

_FEW_CLASSES = 20
"""Up to here the figures of every class are always shown, and the confusion matrix fits."""
_LISTED = 5


def show(report: EvaluationReport, output: Output, *, verbose: bool) -> None:
    """Print a report for people: leaks first."""
    setting = report.setting
    output.line(
        f"{report.index.name}: {counted(report.n_train, 'gallery row')} ({setting.gallery}), "
        f"{counted(report.n_test, 'query', 'queries')} ({setting.queries}), "
        f"{counted(setting.classes, 'class', 'classes')}"
    )
    output.line(f"encoder {' beside '.join(setting.encoders)}")
    _leaks(report, output, verbose=verbose)
    if report.metrics:
        output.line("")
        _figures(report)
        output.line(_read_against(report))
    if report.outcomes.geometry:
        geometry = (
            f"{metric_of(key).short} {value:.3f}" for key, value in report.outcomes.geometry.items()
        )
        output.line(f"geometry of the queries: {', '.join(geometry)}")
    for member in report.members:
        output.line(f"{member.run}: head_accuracy {_with_interval(member.head_accuracy)}")
    if report.confusion is not None:
        few = len(report.confusion.classes) <= _FEW_CLASSES
        _classes(report, output, shown=few or verbose)
    for warning in report.warnings:
        output.line(f"warning: {warning}")
    if report.metrics:
        output.line(setting.intervals)


def _leaks(report: EvaluationReport, output: Output, *, verbose: bool) -> None:
    leaks, found = report.leaks, False
    for groups, count, what in (
        (leaks.exact, leaks.exact_queries, "the same file on both sides"),
        (leaks.near, leaks.near_queries, "the same picture in another file on the other side"),
    ):
        if count:
            found = True
            output.line(f"leak: {what}: {count:,} of {report.n_test:,} queries")
            for paths in groups if verbose else groups[:_LISTED]:
                output.line(f"  {' = '.join(paths)}")
            if len(groups) > _LISTED and not verbose:
                output.line(f"  and {len(groups) - _LISTED:,} more groups (-v lists them)")
    for run, count in leaks.trained_on.items():
        found = True
        output.line(f"leak: training pictures of {run}: {count:,} of {report.n_test:,} queries")
    if not found:
        output.line("no picture is on both sides")
    if leaks.undecided:
        output.line(
            f"{leaks.undecided:,} close pairs were not compared, because their pictures are gone "
            "or there are too many (see artvec duplicates)"
        )


def _figures(report: EvaluationReport) -> None:
    other_groups = report.outcomes.other_groups
    headers = ["figure", "value", "95 %", "chance", "colour:4x4"]
    if other_groups is not None:
        headers.append(f"other {other_groups.column}")
    rows = []
    for name, figure in report.metrics.items():
        row = [name, f"{figure.value:.3f}", _ends(figure), _number(report.chance.get(name))]
        colour = report.colour.get(name)
        row.append(_number(None if colour is None else colour.value))
        if other_groups is not None:
            other = other_groups.figures.get(name)
            row.append("" if other is None else _with_interval(other))
        rows.append(row)
    table(headers, rows, {})


def _read_against(report: EvaluationReport) -> str:
    """Say what the columns beside the figures are."""
    said = f"always naming the most frequent class would give {report.majority_accuracy:.3f}"
    other_groups = report.outcomes.other_groups
    if other_groups is not None:
        said += (
            f"; 'other {other_groups.column}': no query finds gallery rows of its own "
            f"{other_groups.column} ({other_groups.affected:,} of {report.n_test:,} queries have "
            "such rows)"
        )
    return said


def _classes(report: EvaluationReport, output: Output, *, shown: bool) -> None:
    confusion = report.confusion
    assert confusion is not None
    if shown:
        output.line("")
        output.line(f"by class ({confusion.classifier}; columns on the right: predicted as)")
        _matrix(confusion, report.per_class)
    if confusion.most:
        support = {one.label: one.support for one in report.per_class}
        named = (
            f"{shortened(pair.label)} for {shortened(pair.predicted)} "
            f"({pair.count:,} of {support[pair.label]:,})"
            for pair in confusion.most[:_LISTED]
        )
        output.line(f"most often mistaken: {'; '.join(named)}")


def _matrix(confusion: Confusion, figures: Sequence[ClassFigures]) -> None:
    """Print the figures of each class and, where classes are few, who was taken for whom."""
    numbers = range(1, len(figures) + 1) if len(figures) <= _FEW_CLASSES else ()
    headers = ["", "class", "precision", "recall", "f1", "queries", *map(str, numbers)]
    rows = [
        [
            str(at),
            one.label,
            *map(_number, (one.precision, one.recall, one.f1)),
            f"{one.support:,}",
            *(str(count or "·") for count in confusion.counts[at - 1][: len(numbers)]),
        ]
        for at, one in enumerate(figures, 1)
    ]
    table(headers, rows, {}, shorten=["class"])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _ends(figure: Interval) -> str:
    return "" if math.isnan(figure.low) else f"{figure.low:.3f} to {figure.high:.3f}"


def _with_interval(figure: Interval) -> str:
    ends = _ends(figure)
    return f"{figure.value:.3f} ({ends})" if ends else f"{figure.value:.3f}"
