"""A comparison in a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from artvec.core.wording import counted
from artvec_cli.render import Output, table

if TYPE_CHECKING:
    from artvec.commands.compare import Comparison, Pair, Row

_WITH_INTERVALS = 4
"""More collections than that have figures without intervals, which the table has no room for."""
_ALL_PAIRS = 4
"""Of more collections, only the best-ranked is shown against each other one."""


def show(comparison: Comparison, output: Output, *, verbose: bool) -> None:
    """Print tables and sentences, unless JSON was asked for; notes in any case."""
    output.notes((*comparison.embedding_notes, *comparison.notes))
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
