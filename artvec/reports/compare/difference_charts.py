"""Two charts of a comparison: accuracy against parameters, and all differences with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from artvec.commands.compare import Comparison, Pair, Row
from artvec.core.errors import ArtvecError
from artvec.core.results import Interval
from artvec.metrics.registry import metric_of
from artvec.reports.shared.drawing import saved, styled
from artvec.reports.shared.palette import NONE, colour_of

_VERDICTS = {"better": colour_of(0), "worse": colour_of(5), "no evidence of a difference": NONE}
_MIN_SPAN = 0.01
"""An axis of differences is at least so wide: none of 1e-6 shall look like a large one."""
_MAX_PAIRS = 28
"""Pairs of the eight best-ranked; more can't be distinguished in one chart."""


def charts(comparison: Comparison) -> dict[str, Figure]:
    """Return the charts that apply, by file name without ending."""
    found = {}
    with styled():
        if comparison.protocol.accuracy and any(row.cost.size for row in comparison.rows):
            found["accuracy-parameters"] = _accuracy(comparison, comparison.protocol.accuracy)
        pairs = _shown(comparison)
        if pairs:
            found["differences"] = _forest(pairs, comparison.rankings.metrics)
    return found


def save_charts(comparison: Comparison, folder: Path) -> list[Path]:
    """Write the charts as PNG into a folder: `accuracy-parameters.png`, `differences.png`.

    Raises:
        ArtvecError: It can't be written to.
    """
    files = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, chart in charts(comparison).items():
            files.append(saved(chart, folder / f"{name}.png"))
    except OSError as failure:
        raise ArtvecError(
            f"{folder} can't be written to: {failure.strerror}",
            "choose another place: --figures FOLDER",
        ) from failure
    return files


def _accuracy(comparison: Comparison, metric: str) -> Figure:
    chart = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = chart.subplots()
    for at, row in enumerate(comparison.rows):
        interval = row.metrics[metric]
        if row.cost.size and row.cost.size.parameters:
            _point(axes, row, interval, colour_of(at))
        else:
            label = f"{row.name} (no parameters)"
            axes.axhline(interval.value, color=colour_of(at), linestyle="--", label=label)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.1)
    axes.set_xlabel("parameters of the encoder (millions)")
    axes.set_ylabel(metric_of(metric).title)
    chart.legend(loc="outside right upper", frameon=False, fontsize=8)
    return chart


def _point(axes: Axes, row: Row, interval: Interval, colour: str) -> None:
    assert row.cost.size is not None
    below, above = interval.value - interval.low, interval.high - interval.value
    ends = [[max(0.0, below)], [max(0.0, above)]] if math.isfinite(below + above) else None
    millions = row.cost.size.parameters / 1e6
    axes.errorbar(
        millions, interval.value, yerr=ends, fmt="o", color=colour, capsize=3, label=row.name
    )


def _shown(comparison: Comparison) -> list[Pair]:
    """Return the headline differences, among the best-ranked where there are many."""
    shown = [row.name for row in comparison.rows]
    while len(shown) * (len(shown) - 1) // 2 > _MAX_PAIRS:
        shown.pop()
    return [
        pair
        for pair in comparison.pairs
        if pair.metric in comparison.rankings.metrics and pair.a in shown and pair.b in shown
    ]


def _forest(pairs: Sequence[Pair], metrics: Sequence[str]) -> Figure:
    """Draw a panel a figure, a line a pair: the difference and its interval, around 0."""
    names = list(dict.fromkeys(f"{pair.a} - {pair.b}" for pair in pairs))
    chart = Figure(figsize=(2.6 + 1.9 * len(metrics), 1.1 + 0.3 * len(names)), layout="constrained")
    panels = chart.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, metrics, strict=True):
        axes.axvline(0, color=NONE, linewidth=1)
        for pair in pairs:
            if pair.metric == metric:
                place = names.index(f"{pair.a} - {pair.b}")
                colour = _VERDICTS[pair.verdict]
                axes.plot([pair.difference.low, pair.difference.high], [place, place], color=colour)
                axes.plot(pair.difference.value, place, "o", color=colour, markersize=4)
        low, high = axes.get_xlim()
        if high - low < _MIN_SPAN:
            middle = (low + high) / 2
            axes.set_xlim(middle - _MIN_SPAN / 2, middle + _MIN_SPAN / 2)
        axes.set_title(metric_of(metric).title, fontsize=8)
    panels[0].set_yticks(range(len(names)), names, fontsize=8)
    chart.supxlabel("difference: first minus second; right of 0 the first is better", fontsize=8)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    return chart
