"""The run itself: material, phase after phase, each one judged, and what it leaves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from artvec.commands.train.diagnosis import advice
from artvec.commands.train.inspection import figures_of, map_of
from artvec.commands.train.labelled_rows import SPLITS
from artvec.commands.train.phase_training import Step, run_phase
from artvec.commands.train.phase_verdicts import UNTRAINED, verdicts
from artvec.commands.train.plan import record_at
from artvec.commands.train.run_checkpoints import has_begun
from artvec.commands.train.run_context import RunContext, RunSetup, open_context
from artvec.commands.train.run_files import write_predictions, write_run
from artvec.commands.train.train_options import NOBODY, Listener, TrainOptions
from artvec.commands.train.train_report import (
    WATCHED,
    PhaseReport,
    SplitFigures,
    TrainReport,
    Verdict,
)
from artvec.core.progress import Progress
from artvec.core.results import Interval
from artvec.encoding.backbones.anchored import Anchor
from artvec.evaluation.notes import TOP, absent, top5
from artvec.training.backbone_blocks import trainable_parameters
from artvec.training.loop import Diverged
from artvec.training.recipes import trains_backbone


def run_training(options: TrainOptions, listener: Listener = NOBODY) -> TrainReport:
    """Train the backbone of a collection, and its head, on the labels of its pictures.

    Args:
        options: See `TrainOptions`.
        listener: Follows how far it is.

    Raises:
        ArtvecError: The run's folder is taken, or there is nothing to resume; nothing to learn or
            to judge by; a wrong name in the plan; a loss that is no longer finite.
    """
    began = time.perf_counter()
    with open_context(options, listener) as context:
        steps, failure = _steps(context)
        if failure is not None and len(steps) == 1:
            raise failure
        seeds = {} if failure else _other_seeds(options, listener)
        with listener.stage("judging") as progress:
            report = _report(options, context, steps, progress)
        if seeds:
            seeds = {options.plan.seed: _final(report), **seeds}
        report = replace(
            report,
            seeds=seeds,
            seconds=time.perf_counter() - began,
            failure=failure.message if failure else "",
        )
        write_predictions(
            options.run / "predictions.parquet", context.setup.material, steps[-1].inspection
        )
        listener.judged(report)
        write_run(options.run, context, report, steps[-1].inspection.anchor)
    if failure is not None:
        message = f"{failure.message}; the last good weights are in {options.run}"
        raise Diverged(message, f"{failure.hint}, and another --name")
    return report


def _steps(context: RunContext) -> tuple[list[Step], Diverged | None]:
    """Run all phases, or those until one fails, with what is good of that one."""
    steps = [Step(UNTRAINED, context.untrained())]
    for number in range(len(context.setup.plan.phases)):
        try:
            step = run_phase(context, number, steps[-1].inspection)
        except Diverged as failure:
            return steps, failure
        steps.append(step)
        if step.failure is not None:
            return steps, step.failure
    return steps, None


def _other_seeds(options: TrainOptions, listener: Listener) -> dict[int, Mapping[str, Interval]]:
    """Run with the seeds after the first, in folders of the run's own, for the spread by chance.

    What an interrupted run has finished is taken as it is. A seed whose loss explodes is left out,
    with a note.

    Returns:
        Seed → final figures on test.
    """
    found = {}
    for seed in range(options.plan.seed + 1, options.plan.seed + options.seeds):
        folder = options.run / f"seed-{seed}"
        try:
            if (folder / "run.json").is_file():
                found[seed] = _recorded_figures(record_at(folder))
            else:
                plan, resume = replace(options.plan, seed=seed), has_begun(folder)
                own = replace(options, run=folder, plan=plan, seeds=1, resume=resume)
                found[seed] = _final(run_training(own, listener))
        except Diverged as failure:
            listener.note(f"seed {seed} is left out of the spread: {failure.message}")
    return found


def _recorded_figures(record: dict[str, Any]) -> Mapping[str, Interval]:
    if "failure" in record:
        raise Diverged(record["failure"], "lower the rate")
    ends = record["test_ci95"]
    nothing = (float("nan"), float("nan"))
    return {
        name: Interval(value, *ends.get(name, nothing)) for name, value in record["test"].items()
    }


def _final(report: TrainReport) -> Mapping[str, Interval]:
    return report.phases[-1].splits["test"].figures


def _report(
    options: TrainOptions, context: RunContext, steps: Sequence[Step], progress: Progress
) -> TrainReport:
    """Judge every step, compare them, and say what it means."""
    setup = context.setup
    figures: list[Mapping[str, SplitFigures]] = []
    for done, step in enumerate(steps):
        figures.append(figures_of(setup.material, step.inspection, SPLITS))
        progress(done + 1, len(steps))
    phases = tuple(
        _phase_report(context, number, step, own)
        for number, (step, own) in enumerate(zip(steps[1:], figures[1:], strict=True))
    )
    found = _verdicts(setup, steps, figures)
    classes = setup.material.classes
    others = [len(names) for names in classes[1:]]
    return TrainReport(
        run=options.run,
        backbone=context.network.start.backbone.identity.backbone,
        label_columns=setup.plan.labels,
        classes=classes,
        phases=phases,
        untrained={**figures[0], **steps[0].inspection.watched},
        verdicts=found,
        advice=tuple(
            one for phase in phases for one in advice(phase, classes[0], found, others=others)
        ),
        warnings=(
            *setup.material.notes,
            *(note for one in setup.watched for note in one.notes),
            *_weighed(setup, steps[-1].inspection.anchor),
            *_on_figures(figures[-1]["test"], len(classes[0])),
        ),
        test_paths=tuple(setup.material.samples[at].path for at in setup.material.test),
        seeds={},
        seconds=0.0,
    )


def _on_figures(test: SplitFigures, n_classes: int) -> Iterator[str]:
    """Say what is absent of the test figures, and what says nothing."""
    labels = test.labels[test.labels >= 0]
    if "nmi" not in test.figures:
        yield absent(labels, None, "nmi")
    if n_classes <= TOP:
        yield top5(test.figures, n_classes)


def _weighed(setup: RunSetup, anchor: Anchor | None) -> Iterator[str]:
    if anchor is not None and setup.watched and any(map(trains_backbone, setup.plan.phases)):
        names = ", ".join(one.name for one in setup.watched)
        yield (
            f"what was learned weighs {anchor.weight:.2g} against 1 of what was known, "
            f"as val and {names} allow"
        )


def _phase_report(
    context: RunContext, number: int, step: Step, figures: Mapping[str, SplitFigures]
) -> PhaseReport:
    setup, network = context.setup, context.network
    phase = setup.plan.phases[number]
    assert step.result is not None
    return PhaseReport(
        phase=phase,
        result=step.result,
        splits=figures,
        watched=step.inspection.watched,
        trainable_parameters=trainable_parameters(network.classifier(phase), phase.trainable),
        points=map_of(step.inspection.vectors[setup.material.test], setup.plan.seed),
    )


def _verdicts(
    setup: RunSetup, steps: Sequence[Step], figures: Sequence[Mapping[str, SplitFigures]]
) -> tuple[Verdict, ...]:
    """Compare the steps on the test pictures, then on each watched collection."""
    material = setup.material
    groups = None if material.groups is None else material.groups[material.test]
    names = [step.name for step in steps]
    found = verdicts([(n, of["test"]) for n, of in zip(names, figures, strict=True)], groups)
    for one in setup.watched:
        inspections = [(step.name, step.inspection.watched[one.name]) for step in steps]
        found += verdicts(inspections, one.groups, on=one.name, metrics=WATCHED)
    return found
