"""The same run again with other seeds, in folders of its own folder: how much chance decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from artvec.commands.train.plan import record_at
from artvec.commands.train.run_checkpoints import has_begun
from artvec.commands.train.train_options import TrainOptions
from artvec.core.results import Interval
from artvec.training.loop import Diverged

Figures = Mapping[str, Interval]


def run_other_seeds(
    options: TrainOptions,
    run: Callable[[TrainOptions], Figures],
    note: Callable[[str], None],
) -> dict[int, Figures]:
    """Run with the seeds after the first; what an interrupted run has finished is taken as it is.

    A seed whose loss explodes is left out, with a note.

    Args:
        options: Of the run with the first seed, in whose folder `seed-N/` the others go.
        run: Trains, and returns the final figures on test.
        note: Takes what the user should know now.

    Returns:
        Seed → final figures on test.
    """
    found = {}
    for seed in range(options.plan.seed + 1, options.plan.seed + options.seeds):
        folder = options.run / f"seed-{seed}"
        try:
            if (folder / "run.json").is_file():
                found[seed] = _figures(record_at(folder))
            else:
                plan = replace(options.plan, seed=seed)
                found[seed] = run(
                    replace(options, run=folder, plan=plan, seeds=1, resume=has_begun(folder))
                )
        except Diverged as failure:
            note(f"seed {seed} is left out of the spread: {failure.message}")
    return found


def _figures(record: dict[str, Any]) -> Figures:
    if "failure" in record:
        raise Diverged(record["failure"], "lower the rate")
    ends = record["test_ci95"]
    nothing = (float("nan"), float("nan"))
    return {
        name: Interval(value, *ends.get(name, nothing)) for name, value in record["test"].items()
    }
