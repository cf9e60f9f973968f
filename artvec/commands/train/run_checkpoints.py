"""What an interrupted run has to go on from: its beginning, finished phases, the last epoch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from artvec.collection.lock import writing
from artvec.commands.train.plan import plan_from, record_of
from artvec.commands.train.train_options import TrainOptions
from artvec.core.errors import ArtvecError, command
from artvec.core.files import write_whole
from artvec.training.checkpoint import Checkpoint, State, read_checkpoint, write_checkpoint
from artvec.training.phase import Epoch, PhaseResult

FOLDER = "checkpoint"
_BEGUN = "begun.json"
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, SafetensorError)


class RunCheckpoints:
    """The folder `checkpoint/` of a run that goes on."""

    def __init__(self, run: Path) -> None:
        self._folder = run / FOLDER

    def begin(self, options: TrainOptions) -> None:
        """Note the run's options, so that it can be resumed by its name alone."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._note(
            _BEGUN,
            {
                "collection": str(options.collection.absolute()),
                "plan": record_of(options.plan),
                "seeds": options.seeds,
            },
        )

    def check_data(self, fingerprint: str) -> None:
        """Make sure that a resumed run finds the pictures, labels and splits it began with.

        Raises:
            ArtvecError: They changed.
        """
        known = self._folder / "data.json"
        if not known.is_file():
            self._note(known.name, {"fingerprint": fingerprint})
        elif _read(known)["fingerprint"] != fingerprint:
            raise ArtvecError(
                "pictures, labels or splits have changed since the run began",
                f"begin anew: remove {self._folder.parent}, or give another --name",
            )

    def finished(self, number: int) -> PhaseResult | None:
        """Return how a phase went, None where it hasn't ended.

        Raises:
            ArtvecError: It is damaged.
        """
        file = self._folder / f"{number}.json"
        if not file.is_file():
            return None
        try:
            record = _read(file)
            return PhaseResult(
                history=tuple(Epoch(**epoch) for epoch in record["history"]),
                trace=tuple(record["trace"]),
                best_epoch=record["best_epoch"],
                seconds=record["seconds"],
                share=record["share"],
            )
        except _UNREADABLE as error:
            raise _damaged(file, error) from error

    def weights(self, number: int) -> State:
        """Return the weights of backbone and heads that a finished phase ended with.

        Raises:
            ArtvecError: They are damaged.
        """
        file = self._weights_file(number)
        try:
            return dict(load_file(file))
        except _UNREADABLE as error:
            raise _damaged(file, error) from error

    def finish(self, number: int, result: PhaseResult, weights: State) -> None:
        """Keep what a phase ended with, and let go of its epochs."""
        write_whole(self._weights_file(number), save(weights))
        self._note(f"{number}.json", asdict(result))
        self._epoch_file(number).unlink(missing_ok=True)

    def epoch(self, number: int) -> Checkpoint | None:
        """Return where a phase was interrupted, None where no epoch of it has ended.

        Raises:
            ArtvecError: It is damaged.
        """
        file = self._epoch_file(number)
        return read_checkpoint(file) if file.is_file() else None

    def keep_epoch(self, number: int, checkpoint: Checkpoint) -> None:
        """Keep where a phase stands."""
        write_checkpoint(self._epoch_file(number), checkpoint)

    def forget_unless_begun(self) -> None:
        """Remove the beginning of a run that was refused before it had learned anything."""
        if not (any(self._folder.glob("*.pt")) or any(self._folder.glob("*.safetensors"))):
            shutil.rmtree(self._folder.parent)

    def end(self) -> None:
        """Remove everything: the run is finished."""
        shutil.rmtree(self._folder)

    def _weights_file(self, number: int) -> Path:
        return self._folder / f"{number}.safetensors"

    def _epoch_file(self, number: int) -> Path:
        return self._folder / f"epoch-{number}.pt"

    def _note(self, name: str, fields: Mapping[str, Any]) -> None:
        write_whole(self._folder / name, json.dumps(fields).encode())


@contextmanager
def open_checkpoints(options: TrainOptions) -> Iterator[RunCheckpoints]:
    """Claim a run's folder: a new one, or that of an interrupted run; nobody else writes there.

    Raises:
        ArtvecError: There is something already, or nothing to resume; or another process has it.
    """
    check_place(options.run, resume=options.resume)
    with writing(options.run, "--name"):
        folder = RunCheckpoints(options.run)
        if not options.resume:
            folder.begin(options)
        try:
            yield folder
        except ArtvecError:
            folder.forget_unless_begun()
            raise
        folder.end()


def has_begun(run: Path) -> bool:
    """Say whether a run was begun and not finished."""
    return (run / FOLDER / _BEGUN).is_file() and not (run / "run.json").is_file()


def begun(run: Path) -> TrainOptions:
    """Return the options of an interrupted run, device and precision apart, to go on with it.

    Raises:
        ArtvecError: There is none, or it is finished.
    """
    if (run / "run.json").is_file():
        raise ArtvecError(
            f"{run} is finished: there is nothing to resume",
            f"use it: {command('embed', 'FOLDER', '-m', run)}; or repeat it: "
            + command("train", "--from", run / "run.json"),
            usage=True,
        )
    file = run / FOLDER / _BEGUN
    if not file.is_file():
        raise ArtvecError(
            f"there is no interrupted run at {run}",
            "name one with --name, or leave --resume out to begin",
            usage=True,
        )
    try:
        record = _read(file)
        return TrainOptions(
            collection=Path(record["collection"]),
            run=run,
            plan=plan_from(record),
            resume=True,
            seeds=int(record.get("seeds", 1)),
        )
    except _UNREADABLE as error:
        raise _damaged(file, error) from error


def check_place(run: Path, *, resume: bool) -> None:
    """Make sure that a run can begin, or be resumed, where it is meant to.

    Raises:
        ArtvecError: There is something already, or nothing to resume.
    """
    if resume:
        begun(run)
    else:
        _check_free(run)


def _check_free(run: Path) -> None:
    if not run.exists() or (run.is_dir() and not any(run.iterdir())):
        return
    if has_begun(run):
        raise ArtvecError(
            f"{run} is a run that was interrupted",
            f"go on with it: {command('train', '--name', run, '--resume')}; or give another --name",
            usage=True,
        )
    what = "a finished run" if (run / "run.json").is_file() else "there, and is no run"
    raise ArtvecError(f"{run} is {what}", "give another --name", usage=True)


def _read(file: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(file.read_bytes())
    return record


def _damaged(file: Path, error: Exception) -> ArtvecError:
    return ArtvecError(
        f"{file} can't be resumed from: {type(error).__name__}: {error}",
        "begin anew: give another --name",
    )
