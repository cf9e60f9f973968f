"""How a training run is reported: a table of phases, verdicts, what to try next."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from artvec.core.errors import command
from artvec.metrics.registry import metric_of
from artvec_cli.render import Output, table

if TYPE_CHECKING:
    from artvec.commands.train import PhaseReport, TrainReport
    from artvec.commands.train.train_report import SplitFigures
    from artvec.training.phase import Epoch

_FIGURES = (
    "accuracy",
    "loss",
    "knn20_accuracy",
    "precision_at_5",
    "silhouette_cosine",
    "nmi",
)
_WATCHED = ("knn20_accuracy", "precision_at_5")
_MINUTE_S = 60


def show(report: TrainReport, output: Output) -> None:
    """Print a run for people."""
    from artvec.commands.train.phase_verdicts import sentences

    output.notes(report.warnings)
    if output.json:
        return
    output.line(f"{report.run}: {report.backbone} on {', '.join(report.label_columns)}")
    _phases(report)
    for text in sentences(report.verdicts):
        output.line(text)
    _out_of_domain(report)
    for advice in report.advice:
        output.line(f"phase {advice.phase}: {advice.finding}; try {advice.flag}")
    _spread(report, output)
    queries = len(report.test_paths)
    output.line(
        f"figures are of {queries:,} test pictures; 95 % intervals cover which pictures were "
        "tested, not another choice of training pictures"
        + ("" if report.seeds else ", nor another seed (--seeds 3)")
    )
    output.line(f"look at it: {report.run / 'report.html'}")
    output.line(f"use it: {command('embed', 'FOLDER', '-m', report.run)}")


def epoch_line(epoch: Epoch) -> str:
    """Tell an epoch in one line."""
    accuracy = "" if epoch.train_accuracy is None else f", accuracy {epoch.train_accuracy:.3f}"
    return (
        f"{epoch.phase} {epoch.number}: train loss {epoch.train_loss:.4f}{accuracy}; "
        f"val loss {epoch.val_loss:.4f}, accuracy {epoch.val_accuracy:.3f}; "
        f"rate {epoch.rate:.2g}, {epoch.seconds:.1f} s"
    )


def _phases(report: TrainReport) -> None:
    headers = ["phase", "epochs", "best", "time", "kept", "train acc.", *_titles(_FIGURES)]
    rows = [["untrained", "", "", "", "", "", *_cells(report.untrained)]]
    for phase in report.phases:
        train = phase.splits["train"].figures.get("accuracy")
        rows.append(
            [
                phase.phase.name,
                str(len(phase.result.history)),
                str(phase.result.best_epoch),
                _duration(phase.result.seconds),
                f"{phase.result.share:.0%}",
                "" if train is None else f"{train.value:.3f}",
                *_cells(phase.splits),
            ]
        )
    table(headers, rows, {})


def _out_of_domain(report: TrainReport) -> None:
    """Print what the phases did to watched collections."""
    names = list(report.phases[0].watched)
    if not names:
        return
    rows = [
        [phase.phase.name, name, *_values(phase, name)] for phase in report.phases for name in names
    ]
    table(["phase", "watched", *_titles(_WATCHED)], rows, {})


def _values(phase: PhaseReport, name: str) -> list[str]:
    figures = phase.watched[name].figures
    wanted = (figures.get(metric) for metric in _WATCHED)
    return ["" if one is None else f"{one.value:.3f}" for one in wanted]


def _spread(report: TrainReport, output: Output) -> None:
    for metric in ("accuracy", "precision_at_5", "silhouette_cosine"):
        values = [of[metric].value for of in report.seeds.values() if metric in of]
        if len(values) > 1:
            output.line(
                f"{len(values)} seeds: {metric} {statistics.mean(values):.3f} ± "
                f"{statistics.stdev(values):.3f} (from {min(values):.3f} to {max(values):.3f})"
            )


def _cells(splits: Mapping[str, SplitFigures]) -> list[str]:
    figures = splits["test"].figures
    return [f"{figures[name].value:.3f}" if name in figures else "" for name in _FIGURES]


def _titles(keys: Sequence[str]) -> list[str]:
    return [metric_of(key).short for key in keys]


def _duration(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    return f"{seconds // _MINUTE_S:.0f} min {seconds % _MINUTE_S:.0f} s"
