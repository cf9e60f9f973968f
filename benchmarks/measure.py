"""Run commands as whole processes, in turn, and keep medians; write result tables."""

from __future__ import annotations

import argparse
import csv
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
HERE = Path(__file__).parent
_PACKAGES = "torch timm openvino pillow faiss-gpu numpy scikit-learn hnswlib usearch transformers"
_NEAR_ONE = 1e-3
# A process inherits its parent's peak across exec, so a small one stands between.
_LAUNCHER = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


@dataclass(frozen=True)
class Run:
    """One finished process."""

    seconds: float
    peak_mib: float
    output: str


@dataclass(frozen=True)
class Figure:
    """A measured figure beside its baseline; `ratio` is what counts.

    Attributes:
        what: What was measured.
        parameters: With which settings.
        figure: Of artvec.
        unit: Of the figure.
        baseline: What it is measured beside.
        ratio: To the baseline.
        rounds: Whose median it is.
        bar: What the ratio must reach, e.g. `≥ 2.2`; empty where it only informs.
        of_ceiling: Share of what the parts, measured in the same run, allow; None without one.
        peak_mib: Peak of resident memory; None where it wasn't taken.
    """

    what: str
    parameters: str
    figure: float
    unit: str
    baseline: str
    ratio: float
    rounds: int
    bar: str = ""
    of_ceiling: float | None = None
    peak_mib: float | None = None


def run(command: list[str], *, environment: dict[str, str] | None = None) -> Run:
    """Run a command to its end; its output is shown only if it fails.

    Raises:
        SystemExit: It failed.
    """
    with tempfile.NamedTemporaryFile() as peak:
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-S", "-c", _LAUNCHER, peak.name, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HF_HUB_OFFLINE": "1", **(environment or {})},
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout.decode(errors='replace')[-2000:]}")
        return Run(seconds, int(Path(peak.name).read_text()) / 1024, done.stdout.decode())


def in_turn(commands: dict[str, list[str]], *, rounds: int | None = None) -> dict[str, list[Run]]:
    """Run commands A B C A B C …, so that a machine's drift hits all alike.

    Args:
        commands: By name.
        rounds: None for as many as `rounds_for` the slowest of the first round.
    """
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    done = 0
    while rounds is None or done < rounds:
        for name, command in commands.items():
            runs[name].append(run(command))
            print(f"  {name}: {runs[name][-1].seconds:.2f} s", flush=True)
        done += 1
        rounds = rounds or rounds_for(max(first.seconds for first, *_ in runs.values()))
    return runs


def rounds_for(seconds: float) -> int:
    """Return how often to measure what takes so long: 5, 3, or once where it takes minutes."""
    return 5 if seconds < 30 else 3 if seconds < 120 else 1


def seconds(runs: list[Run]) -> float:
    """Return the median wall time."""
    return statistics.median(run.seconds for run in runs)


def peak_mib(runs: list[Run]) -> float:
    """Return the median peak of resident memory."""
    return statistics.median(run.peak_mib for run in runs)


def artvec(*arguments: str) -> list[str]:
    """Return the command line of artvec in this environment."""
    return [sys.executable, "-m", "artvec_cli", *arguments]


def script(name: str, *arguments: str) -> list[str]:
    """Return the command line of a baseline script."""
    return [sys.executable, str(HERE / "baselines" / name), *arguments]


def machine() -> str:
    """Name the machine's kind: results of one kind share a file."""
    return f"{platform.machine()}-{len(os.sched_getaffinity(0))}cores"


def wants_full() -> bool:
    """Say whether a script was started with `--full`, the only thing that it can be told."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="the whole sizes, too")
    return bool(parser.parse_args().full)


def write(name: str, figures: list[Figure]) -> None:
    """Write a result table: one row a figure, with versions and the machine's kind.

    What only the full form measures has a table of its own (`NAME_full`), which the short form
    leaves alone.
    """
    RESULTS.mkdir(exist_ok=True)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE
    ).stdout.strip()
    versions = " ".join(_versions())
    file = RESULTS / f"{name}-{machine()}.csv"
    with file.open("w", newline="") as handle:
        writer = csv.writer(handle)
        columns = [field.name for field in fields(Figure)]
        writer.writerow(("commit", "date", *columns, "versions"))
        for figure in figures:
            row = [_shown(getattr(figure, column)) for column in columns]
            writer.writerow((commit, time.strftime("%Y-%m-%d"), *row, versions))
    print(f"wrote {file}")


def _shown(cell: object) -> object:
    """Give a figure four digits; near one, as cosines are, what counts is how far it is from it."""
    if not isinstance(cell, float):
        return cell
    return f"{cell:.4g}" if abs(cell - 1) > _NEAR_ONE else f"{cell:.7g}"


def _versions() -> Iterator[str]:
    for package in _PACKAGES.split():
        with suppress(PackageNotFoundError):
            yield f"{package}={version(package)}"
