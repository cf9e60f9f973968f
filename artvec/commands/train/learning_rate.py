"""Find a learning rate by trying many on the first phase that trains the backbone; keep nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from artvec.commands.train.phase_training import run_phase, task_of
from artvec.commands.train.run_context import open_context
from artvec.commands.train.train_options import NOBODY, Listener, TrainOptions
from artvec.training.rate_range_test import RateCurve, find_rate
from artvec.training.recipes import main_phases


def rate_curve(options: TrainOptions, listener: Listener = NOBODY) -> RateCurve:
    """Return loss against rate; the phases before it are trained first.

    Args:
        options: As for `train`; the run's folder is not touched.
        listener: Follows how far it is.

    Raises:
        ArtvecError: See `train`.
    """
    phases = options.plan.phases
    number = [phase.name for phase in phases].index(main_phases(phases)[0])
    with (
        TemporaryDirectory(prefix="artvec-") as place,
        open_context(replace(options, run=Path(place) / "run", resume=False), listener) as context,
    ):
        before = context.untrained()
        for earlier in range(number):
            before = run_phase(context, earlier, before).inspection
        task = task_of(context, number, before.inputs)
        with listener.stage("trying rates") as progress:
            return find_rate(
                context.network.classifier(phases[number]), phases[number], task, progress=progress
            )
