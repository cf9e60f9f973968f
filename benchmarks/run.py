"""`make bench`: run all benchmarks, or those named; render the tables of benchmarks/README.md."""

from __future__ import annotations

import csv
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.measure import RESULTS

NAMES = (
    "search_start",
    "embed",
    "memory",
    "dry_run",
    "indexes",
    "evaluation",
    "agreement",
    "duplicates",
    "clusters",
    "frozen",
)
README = Path(__file__).parent / "README.md"
_BEGIN, _END = "<!-- results -->", "<!-- /results -->"


def main(names: list[str]) -> None:
    for name in names or NAMES:
        print(name, flush=True)
        import_module(f"benchmarks.{name}").main()
    page = README.read_text()
    before, after = page.partition(_BEGIN)[0], page.partition(_END)[2]
    README.write_text(f"{before}{_BEGIN}\n{_tables()}{_END}{after}")


def _tables() -> str:
    lines = []
    for file in sorted(RESULTS.glob("*-*.csv")):  # what a machine measured
        with file.open(newline="") as handle:
            rows = list(csv.DictReader(handle))
        lines += [
            f"\n### {file.stem} ({rows[0]['date']}, commit {rows[0]['commit']})\n",
            "| what | with | figure | baseline | ratio | rounds |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {r['what']} | {r['parameters']} | {r['figure']} {r['unit']} | {r['baseline']} "
            f"| **{r['ratio']}** | {r['rounds']} |"
            for r in rows
        ]
        lines.append(f"\n{rows[0]['versions']}\n")
    return "\n".join([*lines, *_agreement()])


def _agreement() -> list[str]:
    with (RESULTS / "agreement.csv").open(newline="") as handle:
        columns, *rows = csv.reader(handle)
    table = [columns, ["---"] * len(columns), *rows]
    return ["\n### agreement\n", *(f"| {' | '.join(row)} |" for row in table), ""]


if __name__ == "__main__":
    main(sys.argv[1:])
