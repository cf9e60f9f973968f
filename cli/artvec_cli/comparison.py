"""A comparison in a terminal and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from artvec.core.wording import counted
from artvec_cli.render import Output, table

if TYPE_CHECKING:
    from artvec.commands.compare import Comparison, Pair, Row
    from artvec.core.results import Interval

_WITH_INTERVALS = 4
"""More collections than that have figures without intervals, which the table has no room for."""
_ALL_PAIRS = 4
"""Of more collections, only the best-ranked is shown against each other one."""


def show(comparison: Comparison, output: Output, *, verbose: bool) -> None:
    """Print tables and sentences, unless JSON was asked for; notes in any case."""
    output.notes(comparison.notes)
    output.notes(
        [
            f"{leak.queries} queries were training images of {leak.run}, e.g. {leak.example}: "
            f"the figures of {leak.name} are too good"
            for leak in comparison.leaks
        ]
    )
    if output.json:
        return
    for line in _protocol_lines(comparison):
        output.line(line)
    for print_table in (_figures_table, _ranking_table, _pairs_table):
        output.line("")
        print_table(comparison, verbose)
    output.line("")
    for line in (*comparison.rankings.words, *comparison.cautions):
        output.line(line)


def _protocol_lines(comparison: Comparison) -> list[str]:
    protocol = comparison.protocol
    left_out = [f"{row.left_out:,} of {row.name}" for row in comparison.rows if row.left_out]
    groups = f", whole groups of {protocol.group_column}" if protocol.group_column else ""
    return [
        f"{counted(protocol.images, 'image')} in all of them; "
        f"left out: {', '.join(left_out) or 'none'}",
        f"gallery {protocol.gallery_split!r} {protocol.gallery:,}, queries "
        f"{protocol.query_split!r} {protocol.queries:,}, {len(protocol.classes)} labels; "
        f"intervals: 95 %, resampling queries{groups}",
    ]


def _figures_table(comparison: Comparison, verbose: bool) -> None:
    rows = comparison.rows
    metrics = list(dict.fromkeys(name for row in rows for name in row.metrics))
    geometry = list(dict.fromkeys(name for row in rows for name in row.geometry))
    whole = verbose or len(rows) <= _WITH_INTERVALS
    cells = [[name, *(_figure(row, name, whole) for row in rows)] for name in metrics]
    cells += [[name, *(_plain(row.geometry.get(name)) for row in rows)] for name in geometry]
    table(("figure", *(row.name for row in rows)), cells, {})


def _figure(row: Row, name: str, whole: bool) -> str:
    interval = row.metrics.get(name)
    if interval is None:
        return ""
    ends = f" ({interval.low:.3f} to {interval.high:.3f})" if whole else ""
    return f"{interval.value:.3f}{ends if math.isfinite(interval.low) else ''}"


def _ranking_table(comparison: Comparison, verbose: bool) -> None:
    from artvec.commands.compare import ranking_table

    titles, lines = ranking_table(comparison.rows)
    table(titles, lines, {})


def _pairs_table(comparison: Comparison, verbose: bool) -> None:
    """Show the headline figures of all pairs, or of the best-ranked against each of many others."""
    pairs: Sequence[Pair] = comparison.pairs
    if not verbose:
        pairs = [pair for pair in pairs if pair.metric in comparison.rankings.metrics]
        if len(comparison.rows) > _ALL_PAIRS:
            best = comparison.rows[0].name
            pairs = [pair for pair in pairs if best in (pair.a, pair.b)]
    rows = [
        [
            pair.metric,
            pair.a,
            pair.verdict,
            pair.b,
            f"{pair.difference.value:+z.3f}",
            f"{pair.difference.low:+z.3f} to {pair.difference.high:+z.3f}",
            "" if pair.p_value_holm is None else f"{pair.p_value_holm:.3g}",
        ]
        for pair in pairs
    ]
    if rows:
        table(("figure", "a", "is", "than b", "a - b", "95 %", "McNemar p (Holm)"), rows, {})


def _plain(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:,.3f}"


def fields_of(comparison: Comparison) -> dict[str, Any]:
    """Lay the comparison out for JSON; what doesn't apply is absent."""
    protocol = comparison.protocol
    return {
        "rows": [_told_row(row) for row in comparison.rows],
        "paired": [_told_pair(pair) for pair in comparison.pairs],
        "rankings": comparison.rankings,
        "protocol": _present({name: getattr(protocol, name) for name in _names_of(protocol)}),
        "leaks": comparison.leaks,
        "cautions": comparison.cautions,
        "notes": comparison.notes,
    }


def _told_row(row: Row) -> dict[str, Any]:
    own = {n: getattr(row, n) for n in _names_of(row) if n not in ("metrics", "cost")}
    own["geometry"] = {name: value for name, value in row.geometry.items() if math.isfinite(value)}
    metrics = {name: _interval(value) for name, value in row.metrics.items()}
    return _present({**own, **row.ranking, "metrics": metrics, "engine": row.cost.engine})


def _told_pair(pair: Pair) -> dict[str, Any]:
    told = _present({name: getattr(pair, name) for name in _names_of(pair)})
    interval = _interval(told.pop("difference"))
    return told | {"difference": interval.pop("value")} | interval


def _interval(interval: Interval) -> dict[str, Any]:
    ends = [interval.low, interval.high]
    return {"value": interval.value} | ({"ci95": ends} if all(map(math.isfinite, ends)) else {})


def _names_of(thing: Any) -> tuple[str, ...]:
    return tuple(thing.__dataclass_fields__)


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
