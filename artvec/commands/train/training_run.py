"""The run itself: material, phase after phase, each one judged, and what it leaves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from artvec.collection.reader import open_collection
from artvec.collection.stamps import read_proofs
from artvec.commands.train.diagnosis import advice
from artvec.commands.train.inspection import Inspection, embedded, encoder_of, figures_of, map_of
from artvec.commands.train.labelled_rows import Material, material
from artvec.commands.train.other_seeds import run_other_seeds
from artvec.commands.train.out_of_domain import Watched, watched
from artvec.commands.train.phase_training import Step, run_phase
from artvec.commands.train.phase_verdicts import UNTRAINED, verdicts
from artvec.commands.train.plan import Plan
from artvec.commands.train.run_checkpoints import check_place, open_checkpoints
from artvec.commands.train.run_context import RunContext, reachable
from artvec.commands.train.run_files import data_fingerprint, write_predictions, write_run
from artvec.commands.train.starting_point import Start, check_phases, started, untaught_heads
from artvec.commands.train.train_options import NOBODY, Listener, TrainOptions
from artvec.commands.train.train_report import (
    WATCHED,
    PhaseReport,
    SplitFigures,
    TrainReport,
    Verdict,
)
from artvec.core.errors import ArtvecError
from artvec.core.progress import Progress
from artvec.core.results import Interval
from artvec.core.types import EncoderOptions, Float32Array, Sample
from artvec.encoding.backbones.anchored import Anchor
from artvec.encoding.encoders.compiled import resolve
from artvec.evaluation.notes import TOP, absent, top5
from artvec.training.backbone_blocks import trainable_parameters
from artvec.training.loop import Diverged
from artvec.training.recipes import trains_backbone

SPLITS = ("train", "val", "test")


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
            options.run / "predictions.parquet", context.material, steps[-1].inspection
        )
        listener.judged(report)
        write_run(options.run, context, report, steps[-1].inspection.anchor)
    if failure is not None:
        message = f"{failure.message}; the last good weights are in {options.run}"
        raise Diverged(message, f"{failure.hint}, and another --name")
    return report


@contextmanager
def open_context(options: TrainOptions, listener: Listener) -> Iterator[RunContext]:
    """Prepare a run: claim its folder, load its backbone, decode its pictures.

    The folder is claimed last of all that can be refused, and finished when the work is done.

    Raises:
        ArtvecError: See `train`.
    """
    plan = options.plan
    check_place(options.run, resume=options.resume)
    encoder = _device_of(options)
    collection = open_collection(options.collection)
    found = material(collection, plan.labels, plan.group)
    start = started(collection, plan)
    check_phases(plan, start)
    heads = untaught_heads(plan, start, found.classes)
    watched_collections = _open_watched(plan, start, found, encoder, listener)
    with open_checkpoints(options) as folder:
        listener.began(options.run)
        proofs = read_proofs(collection.folder, collection.manifest)
        found, pictures = reachable(found, plan, start.backbone, options.run, listener, proofs)
        folder.check_data(data_fingerprint(found))
        yield RunContext(
            plan=plan,
            encoder=encoder,
            collection=collection,
            start=start,
            heads=heads,
            material=found,
            pictures=pictures,
            watched=watched_collections,
            checkpoints=folder,
            listener=listener,
        )


def _device_of(options: TrainOptions) -> EncoderOptions:
    encoder = resolve(replace(options.encoder, engine="auto"))
    if encoder.precision == "fp16":
        raise ArtvecError(
            "gradients vanish in fp16", "train in mixed precision: --precision bf16", usage=True
        )
    return encoder


def untrained(context: RunContext) -> Inspection:
    """See what the backbone makes of the pictures as it came: what is stored, if it is its own."""
    if context.plan.from_scratch:
        return replace(context.look(UNTRAINED, weight=0), probabilities=())
    return context.at_first(UNTRAINED)


def _open_watched(
    plan: Plan, start: Start, material: Material, encoder: EncoderOptions, listener: Listener
) -> tuple[Watched, ...]:
    """Open what is watched; one that bears the name of a split, or of another, goes by its path."""
    trained_hashes = {*material.hashes, *start.backbone.splits}
    identity = start.backbone.identity

    def embed(samples: Sequence[Sample]) -> Float32Array:
        assert start.backbone.module is not None
        own = encoder_of(start.backbone, start.backbone.module, encoder)
        with listener.stage("embedding what is watched") as progress:
            return embedded(samples, own, progress)

    found: dict[str, Watched] = {}
    for folder in plan.watch:
        one = watched(open_collection(Path(folder)), identity, trained_hashes, embed)
        if one.name in {*SPLITS, *found}:
            one = replace(one, name=folder)
        found[one.name] = one
    return tuple(found.values())


def _steps(context: RunContext) -> tuple[list[Step], Diverged | None]:
    """Run all phases, or those until one fails, with what is good of that one."""
    steps = [Step(UNTRAINED, untrained(context))]
    for number in range(len(context.plan.phases)):
        try:
            step = run_phase(context, number, steps[-1].inspection)
        except Diverged as failure:
            return steps, failure
        steps.append(step)
        if step.failure is not None:
            return steps, step.failure
    return steps, None


def _other_seeds(options: TrainOptions, listener: Listener) -> dict[int, Mapping[str, Interval]]:
    return run_other_seeds(options, lambda one: _final(run_training(one, listener)), listener.note)


def _final(report: TrainReport) -> Mapping[str, Interval]:
    return report.phases[-1].splits["test"].figures


def _report(
    options: TrainOptions, context: RunContext, steps: Sequence[Step], progress: Progress
) -> TrainReport:
    """Judge every step, compare them, and say what it means."""
    figures: list[Mapping[str, SplitFigures]] = []
    for done, step in enumerate(steps):
        figures.append(figures_of(context.material, step.inspection, SPLITS))
        progress(done + 1, len(steps))
    phases = tuple(
        _phase_report(context, number, step, own)
        for number, (step, own) in enumerate(zip(steps[1:], figures[1:], strict=True))
    )
    found = _verdicts(context, steps, figures)
    classes = context.material.classes
    others = [len(names) for names in classes[1:]]
    return TrainReport(
        run=options.run,
        backbone=context.start.backbone.identity.backbone,
        label_columns=context.plan.labels,
        classes=classes,
        phases=phases,
        untrained={**figures[0], **steps[0].inspection.watched},
        verdicts=found,
        advice=tuple(
            one for phase in phases for one in advice(phase, classes[0], found, others=others)
        ),
        warnings=(
            *context.material.notes,
            *(note for one in context.watched for note in one.notes),
            *_weighed(context, steps[-1].inspection.anchor),
            *_on_figures(figures[-1]["test"], len(classes[0])),
        ),
        test_paths=tuple(context.material.samples[at].path for at in context.material.test),
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


def _weighed(context: RunContext, anchor: Anchor | None) -> Iterator[str]:
    if anchor is not None and context.watched and any(map(trains_backbone, context.plan.phases)):
        names = ", ".join(one.name for one in context.watched)
        yield (
            f"what was learned weighs {anchor.weight:.2g} against 1 of what was known, "
            f"as val and {names} allow"
        )


def _phase_report(
    context: RunContext, number: int, step: Step, figures: Mapping[str, SplitFigures]
) -> PhaseReport:
    phase = context.plan.phases[number]
    assert step.result is not None
    return PhaseReport(
        phase=phase,
        result=step.result,
        splits=figures,
        watched=step.inspection.watched,
        trainable_parameters=trainable_parameters(context.classifier(phase), phase.trainable),
        points=map_of(step.inspection.vectors[context.material.test], context.plan.seed),
    )


def _verdicts(
    context: RunContext, steps: Sequence[Step], figures: Sequence[Mapping[str, SplitFigures]]
) -> tuple[Verdict, ...]:
    """Compare the steps on the test pictures, then on each watched collection."""
    material = context.material
    groups = None if material.groups is None else material.groups[material.test]
    names = [step.name for step in steps]
    found = verdicts([(n, of["test"]) for n, of in zip(names, figures, strict=True)], groups)
    for one in context.watched:
        inspections = [(step.name, step.inspection.watched[one.name]) for step in steps]
        found += verdicts(inspections, one.groups, on=one.name, metrics=WATCHED)
    return found
