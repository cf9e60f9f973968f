"""What is to be learned and how, and its place in a run's record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artvec.core.errors import ArtvecError
from artvec.training.overrides import phases_from, records_of
from artvec.training.phase import Phase
from artvec.training.recipes import DEFAULT, RECIPES, SCRATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that decides what a run learns from its collection; kept in `run.json`.

    Attributes:
        recipe: Its name; `scratch` begins with random weights.
        phases: In order.
        head: Its layers, see `heads.build_head`.
        labels: Columns to learn, one head each; the first is judged.
        seed: Of everything that is drawn.
        watch: Labelled collections to look at after every phase, never learned from.
        group: Column whose values are resampled as a whole; None for the collection's.
    """

    recipe: str = DEFAULT
    phases: tuple[Phase, ...] = RECIPES[DEFAULT]
    head: str = "linear"
    labels: tuple[str, ...] = ("label",)
    seed: int = 0
    watch: tuple[str, ...] = ()
    group: str | None = None

    @property
    def from_scratch(self) -> bool:
        """Whether the backbone begins with random weights."""
        return self.recipe == SCRATCH


def plan_from(record: Mapping[str, Any]) -> Plan:
    """Read a plan out of a run's record.

    Raises:
        ArtvecError: It holds none.
    """
    try:
        fields = record["plan"]
        return Plan(
            recipe=str(fields["recipe"]),
            phases=phases_from(fields["phases"]),
            head=str(fields["head"]),
            labels=tuple(map(str, fields["labels"])),
            seed=int(fields["seed"]),
            watch=tuple(map(str, fields["watch"])),
            group=None if fields["group"] is None else str(fields["group"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ArtvecError(
            f"the run's record holds no plan to repeat: {type(error).__name__}: {error}",
            "give run.json of a run that artvec train has written",
            usage=True,
        ) from error


def record_of(plan: Plan) -> dict[str, Any]:
    """Return a plan as a run's record holds it."""
    return {
        "recipe": plan.recipe,
        "phases": records_of(plan.phases),
        "head": plan.head,
        "labels": list(plan.labels),
        "seed": plan.seed,
        "watch": list(plan.watch),
        "group": plan.group,
    }


def collection_of_run(file: Path) -> Path:
    """Return the folder of the collection that a run learned from.

    Raises:
        ArtvecError: Its record can't be read, or doesn't say.
    """
    folder = record_at(file).get("collection")
    if not isinstance(folder, str):
        raise ArtvecError(
            f"{file} doesn't say which collection the run learned from",
            "name one: artvec train COLLECTION --from RUN/run.json",
            usage=True,
        )
    return Path(folder)


def record_at(file: Path) -> dict[str, Any]:
    """Read the record of a run, given as its file or its folder.

    Raises:
        ArtvecError: It can't be read.
    """
    file = file / "run.json" if file.is_dir() else file
    try:
        record = json.loads(file.read_bytes())
        if not isinstance(record, dict):
            raise ValueError("it holds no object")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ArtvecError(
            f"{file} can't be read as a run's record: {why}", "give --from RUN/run.json", usage=True
        ) from error
    return record
