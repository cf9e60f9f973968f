"""Render what is generated: benchmarks/README.md's tables, and the bars in docs/performance.md."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.bars import marked
from benchmarks.measure import RESULTS

README = Path(__file__).parent / "README.md"
PERFORMANCE = README.parents[1] / "docs" / "performance.md"
_RESULTS, _BARS = "results", "bars"
_LONG = 30
"""Tables of more rows are folded."""

Row = Mapping[str, str]
"""Of a CSV; older ones lack the columns that came later."""

_COLUMNS: dict[str, Callable[[Row], str]] = {
    "what": lambda row: row["what"],
    "with": lambda row: row["parameters"],
    "figure": lambda row: f"{row['figure']} {row['unit']}",
    "baseline": lambda row: row["baseline"],
    "ratio": lambda row: f"**{row['ratio']}**",
    "bar": lambda row: marked(row.get("bar", ""), row["ratio"]),
    "of ceiling": lambda row: row.get("of_ceiling", ""),
    "peak RSS": lambda row: f"{row['peak_mib']} MiB" if row.get("peak_mib") else "",
    "rounds": lambda row: row["rounds"],
}


def main() -> None:
    """Render both pages anew."""
    README.write_text(rendered(README.read_text(), RESULTS))
    PERFORMANCE.write_text(with_bars(PERFORMANCE.read_text(), RESULTS))


def rendered(page: str, results: Path) -> str:
    """Return the page with the tables of all results."""
    tables = _tables(results)
    lines = list(_bars(tables))
    if lines:
        lines = ["", "### Bars", *lines]
    for name, rows in tables.items():
        lines += _table(name, rows)
    lines += _agreement(results / "agreement.csv")
    return _between(page, _RESULTS, lines)


def with_bars(page: str, results: Path) -> str:
    """Return the page with the bars of all results."""
    return _between(page, _BARS, [*_bars(_tables(results))])


def _between(page: str, name: str, lines: Sequence[str]) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, after = page.partition(begin)[0], page.partition(end)[2]
    return "\n".join((f"{before}{begin}", *lines, f"{end}{after}"))


def _tables(results: Path) -> dict[str, list[Row]]:
    return {file.stem: read_rows(file) for file in sorted(results.glob("*-*.csv"))}


def read_rows(file: Path) -> list[Row]:
    """Read the rows of a result table."""
    with file.open(newline="") as handle:
        return list(csv.DictReader(handle))


def _bars(tables: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """Yield every row that has a bar, all tables together."""
    barred = [(name, row) for name, rows in tables.items() for row in rows if row.get("bar")]
    if not barred:
        return
    columns = ("what", "with", "baseline", "ratio", "bar")
    yield from ("", *_head(("table", *columns)))
    for name, row in barred:
        yield _line([name, *(_COLUMNS[column](row) for column in columns)])
    yield ""


def _table(name: str, rows: Sequence[Row]) -> Iterator[str]:
    yield from ("", f"### {name} ({rows[0]['date']}, commit {rows[0]['commit']})", "")
    shown = {
        column: cells
        for column, cell in _COLUMNS.items()
        if any(cells := [cell(row).strip() for row in rows])
    }
    folded = len(rows) > _LONG
    if folded:
        yield from (f"<details><summary>{len(rows)} rows</summary>", "")
    yield from _head(tuple(shown))
    yield from map(_line, zip(*shown.values(), strict=True))
    if folded:
        yield from ("", "</details>")
    yield from ("", rows[0]["versions"], "")


def _agreement(file: Path) -> Iterator[str]:
    """Yield the table that no machine plays a part in."""
    if not file.is_file():
        return
    with file.open(newline="") as handle:
        columns, *rows = csv.reader(handle)
    yield from ("", f"### {file.stem}", "", *_head(columns), *map(_line, rows))


def _head(titles: Sequence[str]) -> tuple[str, str]:
    return _line(titles), _line(["---"] * len(titles))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
