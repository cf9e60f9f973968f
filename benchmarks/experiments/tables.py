"""Render the tables of docs/experiments.md: what was reported beside what was measured.

    python -m benchmarks.experiments.tables

A figure without a result says `not run`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.experiments import s0, s1, s2, s3, s4
from benchmarks.experiments.experiment import RESULTS, Experiment

PAGE = Path(__file__).parents[2] / "docs" / "experiments.md"
EXPERIMENTS = tuple(script.EXPERIMENT for script in (s0, s1, s2, s3, s4))
NOT_RUN = "not run"
_LEFT_TO_JSON = ("nmi", "knn5_accuracy")
_WHOLE = 1000
"""From here on figures are counts."""

Measured = dict[str, dict[str, str]]
"""What → figure → value with its interval."""


def main() -> None:
    PAGE.write_text(rendered(PAGE.read_text()))


def rendered(page: str) -> str:
    """Return the page with the tables of the committed results."""
    for experiment in EXPERIMENTS:
        begin, end = f"<!-- {experiment.name} -->", f"<!-- /{experiment.name} -->"
        before, after = page.partition(begin)[0], page.partition(end)[2]
        page = "\n".join((f"{before}{begin}", *_tables(experiment), f"{end}{after}"))
    return page


def _tables(experiment: Experiment) -> Iterator[str]:
    command = f"python -m benchmarks.experiments.{experiment.name}"
    stand_in, real = _result(f"{experiment.name}-stand-in"), _result(experiment.name)
    yield from _beside(experiment, _measured(stand_in), _measured(real))
    for title, line, result in (
        ("On the stand-in", f"{command} --stand-in", stand_in),
        ("On real data", command, real),
    ):
        yield ""
        yield f"**{title}**, `{line}`: {_how(result)}"
        yield from _by_figures(_measured(result))


def _beside(experiment: Experiment, stand_in: Measured, real: Measured) -> Iterator[str]:
    """Set the report's figures beside those measured."""
    yield from _head(("what", "figure", "report", "stand-in", "real data"))
    for what, figures in experiment.reported.items():
        for figure, value in figures.items():
            found = [of.get(what, {}).get(figure, NOT_RUN) for of in (stand_in, real)]
            yield _row((what, figure, value, *found))


def _by_figures(measured: Measured) -> Iterator[str]:
    """Set out everything, a table for all that has the same figures."""
    shown = {
        what: {name: value for name, value in figures.items() if name not in _LEFT_TO_JSON}
        for what, figures in measured.items()
    }
    for names in dict.fromkeys(tuple(figures) for figures in shown.values()):
        yield ""
        yield from _head(("", *names))
        for what, figures in shown.items():
            if tuple(figures) == names:
                yield _row((what, *figures.values()))


def _result(name: str) -> dict[str, Any]:
    file = RESULTS / name / "result.json"
    return json.loads(file.read_bytes()) if file.is_file() else {}


def _measured(result: Mapping[str, Any]) -> Measured:
    found: Measured = {}
    for row in result.get("rows", ()):
        found.setdefault(row["what"], {})[row["figure"]] = _cell(row)
    return found


def _cell(row: Mapping[str, Any]) -> str:
    value = row["value"]
    whole = isinstance(value, int) or abs(value) >= _WHOLE
    shown = f"{value:,.0f}" if whole else f"{value:.3f}"
    if row["helped"]:
        shown = f"{value:+.3f}"
    if row["ci95"]:
        low, high = row["ci95"]
        shown += f" [{low:.3f}, {high:.3f}]"
    return f"{shown} {row['helped']}".strip()


def _how(result: Mapping[str, Any]) -> str:
    if not result:
        return f"{NOT_RUN}."
    versions = ", ".join(f"{package} {number}" for package, number in result["versions"].items())
    made = f"{result['date']}, commit {result['commit']}, {result['machine']}"
    return f"{made}, seed {result['seed']}, {versions}."


def _head(titles: Sequence[str]) -> tuple[str, str]:
    return _row(titles), _row(["---"] * len(titles))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
