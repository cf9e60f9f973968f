"""A comparison as one HTML page that needs no other file and no network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from artvec.commands.compare import Comparison, Pair, Row, ranking_table
from artvec.core.errors import ArtvecError
from artvec.core.files import write_whole
from artvec.metrics.metric import Metric
from artvec.metrics.registry import metric_of
from artvec.reports.compare.difference_charts import charts
from artvec.reports.shared.drawing import svg
from artvec.reports.shared.templates import page

_TITLES = {
    "accuracy-parameters": "Accuracy against the number of parameters, with 95 % intervals. Up and "
    "to the left is better.",
    "differences": "Differences on the same queries, with 95 % intervals: first minus second. An "
    "interval that crosses 0 is no evidence of a difference.",
}


@dataclass(frozen=True, slots=True)
class _Cell:
    """A figure: its value, its interval, and whether no other collection has a better one."""

    value: str
    ends: str = ""
    best: bool = False


def html_page(comparison: Comparison) -> str:
    """Return the page; every name is escaped."""
    first, others = _differences(comparison)
    return page(
        "compare/page.html",
        {
            "comparison": comparison,
            "protocol": comparison.protocol,
            "ranking": ranking_table(comparison.rows),
            "figures": list(_figures(comparison.rows)),
            "pairs": first,
            "other_pairs": others,
            "charts": [
                (_TITLES[name], Markup(svg(chart)))  # text in it is escaped by matplotlib
                for name, chart in charts(comparison).items()
            ],
        },
    )


def write_page(comparison: Comparison, file: Path) -> None:
    """Write the page.

    Raises:
        ArtvecError: The file can't be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, html_page(comparison).encode("utf-8", errors="backslashreplace"))
    except OSError as failure:
        raise ArtvecError(
            f"{file} can't be written: {failure.strerror}", "choose another place: --html FILE"
        ) from failure


def _figures(rows: Sequence[Row]) -> list[tuple[Metric, list[_Cell]]]:
    keys = dict.fromkeys(key for row in rows for key in row.metrics)
    geometry = dict.fromkeys(key for row in rows for key in row.geometry)
    found = [(metric_of(key), _cells(rows, key)) for key in keys]
    return found + [
        (metric_of(key), [_Cell(_number(row.geometry.get(key), 3)) for row in rows])
        for key in geometry
    ]


def _cells(rows: Sequence[Row], name: str) -> list[_Cell]:
    largest = max(row.metrics[name].value for row in rows if name in row.metrics)
    cells = []
    for row in rows:
        interval = row.metrics.get(name)
        if interval is None:
            cells.append(_Cell(""))
            continue
        known = math.isfinite(interval.low)
        ends = f"{interval.low:.3f} to {interval.high:.3f}" if known else ""
        best = len(rows) > 1 and interval.value == largest
        cells.append(_Cell(_number(interval.value, 3), ends, best))
    return cells


def _differences(comparison: Comparison) -> tuple[list[list[str]], list[list[str]]]:
    """Return the lines of headline figures, and those of all others."""
    headline = comparison.rankings.metrics
    first = [_pair(pair) for pair in comparison.pairs if pair.metric in headline]
    return first, [_pair(pair) for pair in comparison.pairs if pair.metric not in headline]


def _pair(pair: Pair) -> list[str]:
    difference = pair.difference
    known = math.isfinite(difference.low)
    return [
        metric_of(pair.metric).title,
        pair.a,
        pair.verdict,
        pair.b,
        f"{difference.value:+z.3f}",
        f"{difference.low:+z.3f} to {difference.high:+z.3f}" if known else "",
        "" if pair.p_value_holm is None else f"{pair.p_value_holm:.3g}",
    ]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
