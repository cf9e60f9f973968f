"""The charts of a run: curves over its phases, differences, maps, confusion, range of rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from artvec.commands.train.train_report import PhaseReport, TrainReport, Verdict
from artvec.core.types import Float64Array, Int32Array, Int64Array
from artvec.metrics.registry import metric_of
from artvec.reports.shared.drawing import (
    LEGEND_ENTRIES,
    heat,
    legend,
    saved,
    scatter,
    short,
    styled,
)
from artvec.reports.shared.palette import NONE, colour_of
from artvec.reports.train import tables
from artvec.training.phase import Epoch

_TRAIN, _VAL = colour_of(1), colour_of(0)
_HELPED = {"yes": colour_of(2), "no": colour_of(5), "inconclusive": NONE}
_MIN_SPAN = 0.02
"""An axis of differences is at least so wide: none of 1e-6 shall look like a large one."""
_MOST_CLASSES = 60
"""Rows and columns of a confusion matrix in print: those with most mistakes."""
_LETTERS = 56
"""Of the names of phases, as many as fit above a chart."""
_UNLABELLED = "no label"

_Value = Callable[[Epoch], float | None]


def save_figures(report: TrainReport, folder: Path) -> tuple[Path, ...]:
    """Write every figure that the report allows, the same bytes for the same report.

    Args:
        report: What to draw.
        folder: Made where it isn't there; files of these names are replaced.

    Returns:
        The files: `loss.png`, `accuracy.png`, `rate.png`, `monitored.png` (where epochs were
        chosen by another figure), `verdicts.png`, `maps.png`, `confusion.png`.

    Raises:
        OSError: One can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with styled():
        found = curves(report) | {
            "verdicts": _forest(report.verdicts),
            "maps": _all_maps(report),
            "confusion": _confusion(report),
        }
    drawn = {name: figure for name, figure in found.items() if figure is not None}
    return tuple(saved(figure, folder / f"{name}.png") for name, figure in drawn.items())


def save_rate_curve(
    rates: Sequence[float], losses: Sequence[float], suggested: float, file: Path
) -> None:
    """Write the figure of a range test (Smith 2017): loss against rate, the suggestion marked.

    Args:
        rates: (n,) ascending.
        losses: (n,) at these rates; what diverged at the end is cut off.
        suggested: The rate to take.
        file: PNG.

    Raises:
        OSError: It can't be written.
    """
    with styled():
        figure, axes = _empty("learning rate", "loss")
        axes.plot(rates, losses, color=_VAL)
        axes.axvline(suggested, color=_TRAIN, ls="--", label=f"suggested: {suggested:.2g}")
        axes.set_xscale("log")
        finite = np.array([loss for loss in losses if np.isfinite(loss)])
        if len(finite):
            low, start = float(finite.min()), float(finite[0])
            room = max(start - low, 1e-6)
            axes.set_ylim(low - 0.1 * room, min(float(finite.max()), start + room) + 0.1 * room)
        _powers(axes, "x", rates)
        axes.legend(frameon=False)
    saved(figure, file)


def curves(report: TrainReport) -> dict[str, Figure]:
    """Return loss, accuracy, rate and what chose the epochs, over all epochs of all phases."""
    if not any(part.result.history for part in report.phases):
        return {}
    with styled():
        found = {"loss": _loss(report), "accuracy": _accuracy(report), "rate": _rate(report)}
        others = {part.phase.monitor for part in report.phases} - {"accuracy", "loss"}
        if others:
            names = ", ".join(metric_of(name).title for name in sorted(others))
            figure, axes = _empty("epoch", names)
            _line(axes, report, lambda epoch: epoch.monitored, _VAL, "val")
            found["monitored"] = _over_phases(figure, report, lambda epoch: epoch.monitored)
    return found


def maps(report: TrainReport) -> dict[str, Figure]:
    """Return the map of each phase that has one, without a legend: colours are of class codes."""
    found = {}
    with styled():
        for part in _mapped(report):
            figure = Figure(figsize=(4, 4), layout="constrained")
            _map(figure.add_subplot(), part, report.classes[0])
            found[part.phase.name] = figure
    return found


def ranked(labels: Int64Array, names: Sequence[str]) -> tuple[Int32Array, list[str]]:
    """Return labels and names as a map shows them, so that those in its legend differ in colour.

    Args:
        labels: (n,) class codes, -1 where unknown.
        names: By code.

    Returns:
        (n,) codes and the names by these: the same where a legend holds all, else the most
        frequent class is 0, and so on.
    """
    if len(names) <= LEGEND_ENTRIES:
        return labels.astype(np.int32), list(names)
    order = np.argsort(-np.bincount(labels[labels >= 0], minlength=len(names)), kind="stable")
    rank = np.append(np.argsort(order), -1)  # the last is found by -1
    return rank[labels].astype(np.int32), [names[code] for code in order]


def _empty(x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(4.4, 2.9), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlabel=x, ylabel=y)
    return figure, axes


def _loss(report: TrainReport) -> Figure:
    figure, axes = _empty("epoch", "loss")
    _line(axes, report, lambda epoch: epoch.train_loss, _TRAIN, "train")
    _line(axes, report, lambda epoch: epoch.val_loss, _VAL, "val")
    return _over_phases(figure, report, lambda epoch: epoch.val_loss)


def _accuracy(report: TrainReport) -> Figure:
    figure, axes = _empty("epoch", "accuracy")
    _line(axes, report, lambda epoch: epoch.train_accuracy, _TRAIN, "train")
    _line(axes, report, lambda epoch: epoch.val_accuracy, _VAL, "val")
    for part, start in _starts(report):
        train, val = (
            _values(part, value)
            for value in (lambda epoch: epoch.train_accuracy, lambda epoch: epoch.val_accuracy)
        )
        across = start + np.arange(1, len(val) + 1)
        axes.fill_between(across, train, val, color=NONE, alpha=0.2, linewidth=0)
    return _over_phases(figure, report, lambda epoch: epoch.val_accuracy)


def _rate(report: TrainReport) -> Figure:
    figure, axes = _empty("epoch", "learning rate at the head")
    _line(axes, report, lambda epoch: epoch.rate or None, _VAL, None)
    axes.set_yscale("log")
    _powers(axes, "y", [e.rate for part in report.phases for e in part.result.history])
    return _over_phases(figure, report, None)


def _line(axes: Axes, report: TrainReport, value: _Value, colour: str, name: str | None) -> None:
    for part, start in _starts(report):
        values = _values(part, value)
        across = start + np.arange(1, len(values) + 1)
        axes.plot(across, values, color=colour, lw=1.5, marker=".", ms=4, label=name)
        name = None  # one entry in the legend for all phases


def _over_phases(figure: Figure, report: TrainReport, best: _Value | None) -> Figure:
    """Mark where phases begin, what they are called, and the epochs whose weights were kept."""
    axes = figure.axes[0]
    epochs = sum(len(part.result.history) for part in report.phases)
    axes.set_xlim(0.5, epochs + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label: str | None = "best epoch"
    for part, start in _starts(report):
        if start:
            axes.axvline(start + 0.5, color=NONE, lw=0.8, ls=":")
        if best and 0 < part.result.best_epoch <= len(part.result.history):
            best_value = _values(part, best)[part.result.best_epoch - 1]
            at_epoch = [start + part.result.best_epoch]
            axes.plot(at_epoch, [best_value], "o", mfc="none", mec=_VAL, ms=9, mew=1.4, label=label)
            label = None
    _names(axes, report)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)
    return figure


def _names(axes: Axes, report: TrainReport) -> None:
    """Write the names of phases above their epochs, every other one higher, cut to their room."""
    starts = [start for _, start in _starts(report)]
    end = sum(len(part.result.history) for part in report.phases)
    for at, (part, start) in enumerate(_starts(report)):
        room = [*starts, end, end][at + 2] - start
        letters = max(2, _LETTERS * room // max(1, end))
        name = short(part.phase.name)
        text = name if len(name) <= letters else name[: letters - 1] + "…"
        height = (1.02, 1.09)[at % 2]
        across = axes.get_xaxis_transform()
        axes.text(start + 0.6, height, text, fontsize=7.5, transform=across)


def _starts(report: TrainReport) -> list[tuple[PhaseReport, int]]:
    """Return each phase with the number of epochs before it."""
    before = np.cumsum([0, *(len(part.result.history) for part in report.phases)])
    return list(zip(report.phases, before.tolist(), strict=False))


def _values(part: PhaseReport, value: _Value) -> Float64Array:
    found = (value(epoch) for epoch in part.result.history)
    return np.array([np.nan if one is None else one for one in found], dtype=np.float64)


def _powers(axes: Axes, which: str, values: Sequence[float]) -> None:
    """Write the numbers of a logarithmic axis as plain ones, more of them where it is short."""
    some = [value for value in values if value > 0]
    wide = bool(some) and max(some) / min(some) > 30
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _forest(verdicts: Sequence[Verdict]) -> Figure | None:
    """Draw a line a verdict: the difference and its interval, around 0."""
    if not verdicts:
        return None
    figure = Figure(figsize=(6.5, 0.9 + 0.26 * len(verdicts)), layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(0, color=NONE, lw=1)
    for place, verdict in enumerate(verdicts):
        colour, ends = _HELPED[verdict.helped], verdict.difference
        axes.plot([ends.low, ends.high], [place, place], color=colour)
        axes.plot(ends.value, place, "o", color=colour, ms=4)
    low, high = axes.get_xlim()
    if high - low < _MIN_SPAN:
        axes.set_xlim((low + high - _MIN_SPAN) / 2, (low + high + _MIN_SPAN) / 2)
    names = [
        f"{short(one.on)}: {short(one.start)} to {short(one.end)}, {metric_of(one.metric).title}"
        for one in verdicts
    ]
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set(ylim=(len(names) - 0.5, -0.5), xlabel="difference: right of 0 the later is better")
    return figure


def _mapped(report: TrainReport) -> list[PhaseReport]:
    return [part for part in report.phases if part.points is not None and "test" in part.splits]


def _map(axes: Axes, part: PhaseReport, classes: Sequence[str]) -> list[str]:
    assert part.points is not None
    codes, names = ranked(part.splits["test"].labels, classes)
    return scatter(axes, part.points, codes, [_UNLABELLED, *names])


def _all_maps(report: TrainReport) -> Figure | None:
    parts = _mapped(report)
    if not parts:
        return None
    figure = Figure(figsize=(3.6 * len(parts), 3.8))
    panels = figure.subplots(1, len(parts), squeeze=False)[0]
    classes = report.classes[0]
    for axes, part in zip(panels, parts, strict=True):
        named = _map(axes, part, classes)
        axes.set_title(short(part.phase.name))
    left_out = len(classes) - len(named)
    legend(panels[-1], f"the {len(named)} largest of {len(classes)}" if left_out > 0 else None)
    return figure


def _confusion(report: TrainReport) -> Figure | None:
    found = tables.answers(report)
    if found is None:
        return None
    counts = found.counts
    wrong = counts.sum(axis=1) + counts.sum(axis=0) - 2 * np.diag(counts)
    shown = np.sort(np.argsort(-wrong, kind="stable")[:_MOST_CLASSES])
    names = [found.classes[code] for code in shown]
    figure = heat(counts[np.ix_(shown, shown)], names, names, ("predicted label", "true label"))
    if len(shown) < len(counts):
        figure.axes[0].set_title(f"the {len(shown)} of {len(counts)} classes with most mistakes")
    return figure
