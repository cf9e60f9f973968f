"""`make bench-compare`: each row's ratio beside the last committed one of this kind of machine.

    python -m benchmarks.compare [NAME …]

A table that is as committed is compared with the one before it. The exit code is 1 if a row that
has a bar got worse by more than 10 %.
"""

from __future__ import annotations

import argparse
import csv
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from benchmarks.bars import change, judged, marked
from benchmarks.measure import RESULTS, machine
from benchmarks.page import Row

Key = tuple[str, str, str]
"""What, parameters, baseline."""


@dataclass(frozen=True)
class Compared:
    """A row of the comparison, as shown."""

    table: str
    what: str
    parameters: str
    baseline: str
    before: str
    now: str
    change: str
    bar: str
    verdict: str


def main(arguments: Sequence[str], results: Path = RESULTS) -> int:
    names = _names(arguments, results)
    compared = [row for name in names for row in compare(name, results)]
    titles = Compared(*(field.name for field in fields(Compared)))
    cells = [astuple(row) for row in (titles, *compared)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        told = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(told).rstrip())
    worse = sum(row.verdict == "worse" for row in compared)
    print(
        f"{worse} of {sum(bool(row.bar) for row in compared)} rows with a bar got worse by > 10 %"
    )
    return 1 if worse else 0


def compare(name: str, results: Path) -> Iterator[Compared]:
    """Yield the rows of a table beside those last committed, and then those that are gone."""
    file = results / _file_name(name)
    text = file.read_bytes().decode()
    before, now = _keyed(_committed(file, other_than=text)), _keyed(text)
    for key, row in now.items():
        bar = row.get("bar", "")
        shown = (name, row["what"], row["parameters"], row["baseline"])
        mark = marked(bar, row["ratio"])
        if key not in before:
            yield Compared(*shown, "", row["ratio"], "", mark, "new")
            continue
        old = before[key]["ratio"]
        by = change(old, row["ratio"])
        yield Compared(*shown, old, row["ratio"], f"{by:+.1%}", mark, judged(bar, by))
    for key, row in before.items():
        if key not in now:
            shown = (name, row["what"], row["parameters"], row["baseline"])
            yield Compared(*shown, row["ratio"], "", "", row.get("bar", ""), "gone")


def _names(arguments: Sequence[str], results: Path) -> list[str]:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description="Show what changed against the last committed results of this machine.",
    )
    ending = _file_name("")
    tables = sorted(file.name.removesuffix(ending) for file in results.glob(f"*{ending}"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(tables))
    wanted = parser.parse_args(arguments).names
    for name in wanted:
        if name not in tables:
            there = ", ".join(tables) or "none"
            parser.error(f"this machine has no results of {name!r} (there are: {there})")
    full = {f"{name}_full" for name in wanted}
    return [table for table in tables if not wanted or table in full.union(wanted)]


def _file_name(name: str) -> str:
    return f"{name}-{machine()}.csv"


def _committed(file: Path, *, other_than: str) -> str:
    """Return a file's last committed text that is not this one; empty where there is none."""
    for commit in _git(file, "log", "--format=%H", "-n", "2", "--", file.name).split():
        text = _git(file, "show", f"{commit}:./{file.name}")
        if text != other_than:
            return text
    return ""


def _git(file: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=file.parent, capture_output=True)
    return done.stdout.decode() if done.returncode == 0 else ""


def _keyed(text: str) -> dict[Key, Row]:
    """Return rows by what they measure; what was measured of a baseline is no part of its name."""
    rows = csv.DictReader(text.splitlines())
    return {
        (row["what"], row["parameters"], re.sub(r"\d[\d.,]*", "#", row["baseline"])): row
        for row in rows
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
