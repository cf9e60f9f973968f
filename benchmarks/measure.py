"""Run commands as whole processes, in turn, and keep medians; write result tables."""

from __future__ import annotations

import csv
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
HERE = Path(__file__).parent
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


def in_turn(commands: dict[str, list[str]], *, rounds: int) -> dict[str, list[Run]]:
    """Run commands A B C A B C …, so that a machine's drift hits all alike."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
            print(f"  {name}: {runs[name][-1].seconds:.2f} s", flush=True)
    return runs


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


def write(name: str, figures: list[Figure]) -> None:
    """Write a result table: one row a figure, with versions and the machine's kind."""
    RESULTS.mkdir(exist_ok=True)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE
    ).stdout.strip()
    packages = ("torch", "timm", "openvino", "pillow", "faiss-gpu", "numpy", "scikit-learn")
    versions = " ".join(f"{package}={version(package)}" for package in packages)
    machine = f"{platform.machine()}-{len(os.sched_getaffinity(0))}cores"
    file = RESULTS / f"{name}-{machine}.csv"
    with file.open("w", newline="") as handle:
        writer = csv.writer(handle)
        columns = [field.name for field in fields(Figure)]
        writer.writerow(("commit", "date", *columns, "versions"))
        for figure in figures:
            row = [getattr(figure, column) for column in columns]
            shown = [f"{cell:.4g}" if isinstance(cell, float) else cell for cell in row]
            writer.writerow((commit, time.strftime("%Y-%m-%d"), *shown, versions))
    print(f"wrote {file}")
