"""Render the tables of docs/experiments.md: what was reported beside what was measured.

    python -m benchmarks.experiments.tables

A figure without a result says `not run`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.experiments import s0, s1, s2, s3, s4
from benchmarks.experiments.experiment import RESULTS, Experiment

PAGE = Path(__file__).parents[2] / "docs" / "experiments.md"
EXPERIMENTS = tuple(script.EXPERIMENT for script in (s0, s1, s2, s3, s4))
NOT_RUN, NONE = "not run", "–"
_WHOLE = 1000
"""From here on figures are counts."""

Key = tuple[str, str]


def main() -> None:
    PAGE.write_text(rendered(PAGE.read_text()))


def rendered(page: str) -> str:
    """Return the page with the tables of the committed results."""
    for experiment in EXPERIMENTS:
        begin, end = f"<!-- {experiment.name} -->", f"<!-- /{experiment.name} -->"
        before, after = page.partition(begin)[0], page.partition(end)[2]
        page = "\n".join((f"{before}{begin}", *_table(experiment), f"{end}{after}"))
    return page


def _table(experiment: Experiment) -> Iterator[str]:
    reported = {
        (what, figure): value
        for what, figures in experiment.reported.items()
        for figure, value in figures.items()
    }
    stand_in, real = (_result(experiment.name + kind) for kind in ("-stand-in", ""))
    measured = [_measured(result) for result in (stand_in, real)]
    yield from _commands(experiment.name, stand_in, real)
    yield "| what | figure | report | stand-in | real data |"
    yield "|---|---|---|---|---|"
    for key in dict.fromkeys((*reported, *measured[0], *measured[1])):
        cells = [found.get(key, NOT_RUN) for found in measured]
        yield f"| {key[0]} | {key[1]} | {reported.get(key, NONE)} | {' | '.join(cells)} |"


def _result(name: str) -> dict[str, Any]:
    file = RESULTS / name / "result.json"
    return json.loads(file.read_bytes()) if file.is_file() else {}


def _measured(result: dict[str, Any]) -> dict[Key, str]:
    return {(row["what"], row["figure"]): _cell(row) for row in result.get("rows", ())}


def _cell(row: dict[str, Any]) -> str:
    value = row["value"]
    shown = f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.3f}"
    if row["helped"]:
        shown = f"{value:+.3f}"
    if row["ci95"]:
        low, high = row["ci95"]
        shown += f" [{low:.3f}, {high:.3f}]"
    return f"{shown} {row['helped']}".strip()


def _commands(name: str, stand_in: dict[str, Any], real: dict[str, Any]) -> Iterator[str]:
    """Tell how, when and with what each column was made."""
    for kind, flag, result in (("Stand-in", " --stand-in", stand_in), ("Real data", "", real)):
        command = f"`python -m benchmarks.experiments.{name}{flag}`"
        if not result:
            yield f"{kind}: {command}: {NOT_RUN}.\n"
            continue
        versions = " ".join(f"{package} {number}" for package, number in result["versions"].items())
        yield f"{kind}: {command}, {result['date']}, commit {result['commit']}, "
        yield f"{result['machine']}, seed {result['seed']}, {versions}.\n"


if __name__ == "__main__":
    main()
