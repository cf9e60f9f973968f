"""What `train` takes beside its plan, and who listens while it works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from artvec.commands.train.plan import Plan
from artvec.commands.train.train_report import TrainReport
from artvec.core.progress import Progress, silent
from artvec.core.types import AUTO, EncoderOptions
from artvec.training.phase import Epoch

RUNS = Path("runs")
Title = str | Callable[[int, int], str]
"""Of a stage; one that changes is made of what is done and to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """What a run works on, and how.

    Attributes:
        collection: Folder of the collection that is learned from.
        run: Folder of the run, which must not exist; to resume, that of an interrupted one.
        plan: See `Plan`.
        resume: Go on with the run that was interrupted there.
        seeds: How often to run, with `plan.seed` and those after it.
        encoder: Device and precision of training and evaluation.
    """

    collection: Path
    run: Path
    plan: Plan = field(default_factory=Plan)
    resume: bool = False
    seeds: int = 1
    encoder: EncoderOptions = AUTO


@contextmanager
def _silent_stage(title: Title) -> Iterator[Progress]:
    yield silent


@dataclass(frozen=True, slots=True)
class Listener:
    """Who follows a run while it goes on.

    Attributes:
        stage: Opens a stage by its title; what it yields takes the stage's progress.
        began: Takes the folder of a run as it begins or is resumed; runs with other seeds, each in
            a folder of its own, come after the epochs of the first.
        note: Takes what a user should know now, and not at the end.
        epoch: Takes every epoch as it ends.
        judged: Takes what a run found, before the run counts as finished: what is drawn of it here
            is there whenever the run is.
    """

    stage: Callable[[Title], AbstractContextManager[Progress]] = _silent_stage
    began: Callable[[Path], None] = lambda run: None
    note: Callable[[str], None] = lambda text: None
    epoch: Callable[[Epoch], None] = lambda epoch: None
    judged: Callable[[TrainReport], None] = lambda report: None


NOBODY = Listener()


def run_named(name: str) -> Path:
    """Return the folder that a run's name (or, with a slash, its path) stands for."""
    return Path(name) if "/" in name else RUNS / name


def unfinished() -> list[Path]:
    """Return the runs under `runs/` that were interrupted."""
    found = (place.parent.parent for place in RUNS.glob("*/checkpoint/begun.json"))
    return sorted(run for run in found if not (run / "run.json").is_file())
