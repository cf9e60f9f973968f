"""Run an experiment as commands of artvec, one after another, and keep what they answered."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from artvec.core.files import write_whole
from benchmarks.experiments import standins

REPOSITORY = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "experiments"
_PACKAGES = ("torch", "torchvision", "timm", "openvino", "pillow", "pytorch-metric-learning")


@dataclass(frozen=True)
class Experiment:
    """A row of the source reports.

    Attributes:
        name: `s0` to `s4`.
        run: Its commands, on a bench.
        reported: What → figure → as the report has it; the keys are those of `Row`.
    """

    name: str
    run: Callable[[Bench], None]
    reported: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        what: Of which run and phase.
        figure: Its name in the JSON of the command.
        value: As it was answered.
        ci95: Its interval, empty if it has none.
        helped: Of a verdict; else empty.
    """

    what: str
    figure: str
    value: float
    ci95: tuple[float, ...] = ()
    helped: str = ""


class Bench:
    """A folder in which an experiment runs; what was answered once is not asked again.

    Each answer is kept with the commits that it was made by, as experiments outlive commits.
    """

    def __init__(self, work: Path, *, stand_in: bool, trial: bool) -> None:
        self.work = work
        self.stand_in = stand_in
        self.trial = trial
        self.commands: list[str] = []
        self.rows: list[Row] = []
        self.runs: list[str] = []
        self.commits = [current_commit()]
        self._answers = work / ".answers"
        self._answers.mkdir(parents=True, exist_ok=True)

    def pictures(self, name: str, *, stand_in: str) -> str:
        """Fetch a published set, or make the set that stands in for it; return its folder."""
        if not self.stand_in:
            self.artvec("data", "get", name)
            return name
        if stand_in == "demo-gallery":
            self.artvec("data", "demo", stand_in, *(("--scenes", "5") if self.trial else ()))
            return stand_in
        self.commands.append(f"python -m benchmarks.experiments.standins {stand_in} {stand_in}")
        if not (self.work / stand_in).is_dir():
            begun = self.work / f".{stand_in}"
            self._begin(stand_in, anew=not begun.is_dir())
            standins.make(stand_in, begun)
            begun.rename(self.work / stand_in)
        self._take(stand_in)
        return stand_in

    def recipe(self, name: str) -> str:
        """Put a recipe file of this folder beside the pictures; return its name.

        Raises:
            SystemExit: It was another one when the experiment began: its answers are not this
                recipe's.
        """
        ours, beside = Path(__file__).with_name(name), self.work / name
        if beside.is_file() and beside.read_bytes() != ours.read_bytes():
            sys.exit(f"{name} has changed since the experiment began: remove {self.work}")
        shutil.copy(ours, beside)
        return name

    def train(self, run: str, *words: str) -> dict[str, Any]:
        """Train a run, or go on with it, and note its figures on test, phase by phase."""
        trial = ("--epochs", "1") if self.trial else ()
        begun = (self.work / "runs" / run / "checkpoint").is_dir()
        resumed = ("train", "--resume", "--name", run) if begun else ()
        answer = self.artvec("train", *words, "--name", run, *trial, instead=resumed)
        self.note(f"{run}: untrained", answer["untrained"]["test"])
        for phase in answer["phases"]:
            figures = {**phase["test"], "trainable_parameters": phase["trainable_parameters"]}
            self.note(f"{run}: {phase['name']}", figures, phase["ci95"]["test"])
            for name, figures in phase.get("watched", {}).items():
                self.note(f"{run}: {phase['name']}, on {name}", figures)
        for verdict in answer["verdicts"]:
            what = f"{run}: {verdict['from']} to {verdict['to']}"
            if verdict.get("on", "test") != "test":
                what += f", on {verdict['on']}"
            ends = tuple(verdict.get("ci95", ()))
            row = Row(what, verdict["metric"], verdict["difference"], ends, verdict["helped"])
            self.rows.append(row)
        self.runs.append(run)
        return answer

    def note(
        self,
        what: str,
        figures: Mapping[str, float],
        ends: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        """Keep figures, and the ends of their intervals where they have some."""
        for figure, value in figures.items():
            self.rows.append(Row(what, figure, value, tuple((ends or {}).get(figure, ()))))

    def artvec(self, *words: str, instead: tuple[str, ...] = ()) -> dict[str, Any]:
        """Run a command in the bench's folder; return the object that it answers.

        Args:
            words: Of the command, as it is recorded.
            instead: Of the command that goes on with it, where it was interrupted.

        Raises:
            SystemExit: It failed, or another command began what this one would go on with.
        """
        shown = f"artvec {' '.join(words)}"
        self.commands.append(shown)
        name = hashlib.sha256(shown.encode()).hexdigest()[:16]
        kept = self._answers / f"{name}.json"
        if not kept.is_file():
            if instead and not (self._answers / f"{name}.commits").is_file():
                sys.exit(f"begun by another command than {shown}: remove {self.work}")
            print(f"$ {shown}", file=sys.stderr, flush=True)
            self._begin(name, anew=not instead)
            command = [sys.executable, "-m", "artvec_cli", *(instead or words), "--json"]
            done = subprocess.run(command, cwd=self.work, stdout=subprocess.PIPE)
            if done.returncode:
                sys.exit(done.returncode)
            write_whole(kept, done.stdout)
        self._take(name)
        answer: dict[str, Any] = json.loads(kept.read_bytes())
        return answer

    def _begin(self, name: str, *, anew: bool) -> None:
        """Note by which code something is made, or gone on with."""
        with (self._answers / f"{name}.commits").open("w" if anew else "a") as commits:
            commits.write(f"{current_commit()}\n")

    def _take(self, name: str) -> None:
        """Put the code that something was made by among that of this experiment."""
        file = self._answers / f"{name}.commits"
        made_by = file.read_text().split() if file.is_file() else ["unknown"]
        self.commits = list(dict.fromkeys([*self.commits, *made_by]))

    def keep(self, name: str) -> None:
        """Write the result: figures, commands, versions, and every run's curves beside it."""
        folder = RESULTS / (f"{name}-stand-in" if self.stand_in else name)
        curves = {run: (self.work / "runs" / run / "history.csv").read_bytes() for run in self.runs}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for run, history in curves.items():
            (folder / f"{run}.csv").write_bytes(history)
        result = {
            "date": time.strftime("%Y-%m-%d"),
            "commit": ", ".join(self.commits),
            "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores",
            "versions": {package: version(package) for package in _PACKAGES},
            "seed": 0,
            "commands": self.commands,
            "rows": [asdict(row) for row in self.rows],
        }
        (folder / "result.json").write_text(json.dumps(result, indent=1) + "\n")
        print(f"wrote {folder}", file=sys.stderr)


def current_commit() -> str:
    """Return the commit whose code runs, with a `+` where that was changed since."""
    head = _git("rev-parse", "--short", "HEAD")
    code = ("artvec", "cli", "benchmarks", ":!benchmarks/results")
    return head + ("+" if _git("status", "--porcelain", "--", *code) else "") or "unknown"


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], capture_output=True, text=True, cwd=REPOSITORY)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def main(experiment: Experiment) -> None:
    """Run one experiment from its command line."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.experiments.{experiment.name}")
    parser.add_argument(
        "--stand-in", action="store_true", help="on pictures that ordinary packages ship"
    )
    parser.add_argument("--trial", action="store_true", help="one epoch a phase; keeps no results")
    parser.add_argument("--work", type=Path, help="where; default: ./experiments/NAME")
    given = parser.parse_args()
    kind = experiment.name + ("-stand-in" if given.stand_in else "")
    work = given.work or Path("experiments") / (f"{kind}-trial" if given.trial else kind)
    bench = Bench(work, stand_in=given.stand_in, trial=given.trial)
    experiment.run(bench)
    if given.trial:
        print(json.dumps([asdict(row) for row in bench.rows], indent=1))
    else:
        bench.keep(experiment.name)
