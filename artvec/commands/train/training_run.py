"""The run itself: material, phase after phase, each one judged, and what it leaves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from artvec.collection.reader import open_collection
from artvec.collection.stamps import read_proofs
from artvec.commands.train.diagnosis import advice
from artvec.commands.train.inspection import Seen, embedded, encoder_of, figures_of, map_of
from artvec.commands.train.labelled_rows import Material, material
from artvec.commands.train.other_seeds import other_seeds
from artvec.commands.train.out_of_domain import Watched, watched
from artvec.commands.train.phase_training import teach
from artvec.commands.train.phase_verdicts import UNTRAINED, verdicts
from artvec.commands.train.plan import Plan
from artvec.commands.train.run_checkpoints import Finished, check_place, kept
from artvec.commands.train.run_context import Bench, reachable
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
        listener: Is told how far it is.

    Raises:
        ArtvecError: The run's folder is taken, or there is nothing to resume; nothing to learn or
            to judge by; a wrong name in the plan; a loss that is no longer finite.
    """
    began = time.perf_counter()
    with benched(options, listener) as bench:
        steps, failure = _steps(bench)
        if failure is not None and len(steps) == 1:
            raise failure
        seeds = {} if failure else _other_seeds(options, listener)
        with listener.stage("judging") as progress:
            report = _report(options, bench, steps, progress)
        if seeds:
            seeds = {options.plan.seed: _final(report), **seeds}
        report = replace(
            report,
            seeds=seeds,
            seconds=time.perf_counter() - began,
            failure=failure.message if failure else "",
        )
        write_predictions(options.run / "predictions.parquet", bench.material, steps[-1].seen)
        listener.judged(report)
        write_run(options.run, bench, report, steps[-1].seen.anchor)
    if failure is not None:
        kept_there = f"{failure.message}; the last good weights are in {options.run}"
        raise Diverged(kept_there, f"{failure.hint}, and another --name")
    return report


@contextmanager
def benched(options: TrainOptions, listener: Listener) -> Iterator[Bench]:
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
    abroad = _abroad(plan, start, found, encoder, listener)
    with kept(options) as folder:
        listener.began(options.run)
        proofs = read_proofs(collection.folder, collection.manifest)
        found, pictures = reachable(found, plan, start.backbone, options.run, listener, proofs)
        folder.check_data(data_fingerprint(found))
        yield Bench(
            plan=plan,
            encoder=encoder,
            collection=collection,
            start=start,
            heads=heads,
            material=found,
            pictures=pictures,
            watched=abroad,
            kept=folder,
            listener=listener,
        )


def _device_of(options: TrainOptions) -> EncoderOptions:
    encoder = resolve(replace(options.encoder, engine="auto"))
    if encoder.precision == "fp16":
        raise ArtvecError(
            "gradients vanish in fp16", "train in mixed precision: --precision bf16", usage=True
        )
    return encoder


def untrained(bench: Bench) -> Seen:
    """See what the backbone makes of the pictures as it came: what is stored, if it is its own."""
    if bench.plan.from_scratch:
        return replace(bench.look(UNTRAINED, weight=0), probabilities=())
    return bench.at_first(UNTRAINED)


def _abroad(
    plan: Plan, start: Start, material: Material, encoder: EncoderOptions, listener: Listener
) -> tuple[Watched, ...]:
    """Open what is watched; one that bears the name of a split, or of another, goes by its path."""
    seen = {*material.hashes, *start.backbone.splits}
    identity = start.backbone.identity

    def embed(samples: Sequence[Sample]) -> Float32Array:
        assert start.backbone.module is not None
        own = encoder_of(start.backbone, start.backbone.module, encoder)
        with listener.stage("embedding what is watched") as progress:
            return embedded(samples, own, progress)

    found: dict[str, Watched] = {}
    for folder in plan.watch:
        one = watched(open_collection(Path(folder)), identity, seen, embed)
        if one.name in {*SPLITS, *found}:
            one = replace(one, name=folder)
        found[one.name] = one
    return tuple(found.values())


@dataclass(frozen=True)
class _Step:
    """Weights at the end of a phase; before the first one those of the backbone as it came."""

    name: str
    seen: Seen
    taught: Finished | None = None


def _steps(bench: Bench) -> tuple[list[_Step], Diverged | None]:
    """Run all phases, or those until one fails, with what is good of that one."""
    steps = [_Step(UNTRAINED, untrained(bench))]
    for number, phase in enumerate(bench.plan.phases):
        try:
            taught = teach(bench, number, steps[-1].seen)
        except Diverged as failure:
            return steps, failure
        steps.append(_Step(phase.name, taught.seen, taught.finished))
        if taught.failure is not None:
            return steps, taught.failure
    return steps, None


def _other_seeds(options: TrainOptions, listener: Listener) -> dict[int, Mapping[str, Interval]]:
    return other_seeds(options, lambda one: _final(run_training(one, listener)), listener.note)


def _final(report: TrainReport) -> Mapping[str, Interval]:
    return report.phases[-1].splits["test"].figures


def _report(
    options: TrainOptions, bench: Bench, steps: Sequence[_Step], progress: Progress
) -> TrainReport:
    """Judge every step, compare them, and say what it means."""
    figures: list[Mapping[str, SplitFigures]] = []
    for done, step in enumerate(steps):
        figures.append(figures_of(bench.material, step.seen, SPLITS))
        progress(done + 1, len(steps))
    phases = tuple(
        _phase_report(bench, number, step, own)
        for number, (step, own) in enumerate(zip(steps[1:], figures[1:], strict=True))
    )
    told = _verdicts(bench, steps, figures)
    classes = bench.material.classes
    others = [len(names) for names in classes[1:]]
    return TrainReport(
        run=options.run,
        backbone=bench.start.backbone.identity.backbone,
        label_columns=bench.plan.labels,
        classes=classes,
        phases=phases,
        untrained={**figures[0], **steps[0].seen.watched},
        verdicts=told,
        advice=tuple(
            one
            for phase, step in zip(phases, steps[1:], strict=True)
            if step.taught is not None
            for one in advice(phase, step.taught.trace, classes[0], told, others=others)
        ),
        warnings=(
            *bench.material.notes,
            *(note for one in bench.watched for note in one.notes),
            *_weighed(bench, steps[-1].seen.anchor),
            *_on_figures(figures[-1]["test"], len(classes[0])),
        ),
        test_paths=tuple(bench.material.samples[at].path for at in bench.material.test),
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


def _weighed(bench: Bench, anchor: Anchor | None) -> Iterator[str]:
    if anchor is not None and bench.watched and any(map(trains_backbone, bench.plan.phases)):
        names = ", ".join(one.name for one in bench.watched)
        yield (
            f"what was learned weighs {anchor.weight:.2g} against 1 of what was known, "
            f"as val and {names} allow"
        )


def _phase_report(
    bench: Bench, number: int, step: _Step, figures: Mapping[str, SplitFigures]
) -> PhaseReport:
    phase = bench.plan.phases[number]
    assert step.taught is not None
    return PhaseReport(
        phase=phase,
        history=step.taught.history,
        best_epoch=step.taught.best_epoch,
        seconds=step.taught.seconds,
        share=step.taught.share,
        splits=figures,
        watched=step.seen.watched,
        trainable_parameters=trainable_parameters(bench.classifier(phase), phase.trainable),
        points=map_of(step.seen.vectors[bench.material.test], bench.plan.seed),
    )


def _verdicts(
    bench: Bench, steps: Sequence[_Step], figures: Sequence[Mapping[str, SplitFigures]]
) -> tuple[Verdict, ...]:
    """Compare the steps on the test pictures, then on each watched collection."""
    material = bench.material
    groups = None if material.groups is None else material.groups[material.test]
    names = [step.name for step in steps]
    told = verdicts([(n, of["test"]) for n, of in zip(names, figures, strict=True)], groups)
    for one in bench.watched:
        abroad = [(step.name, step.seen.watched[one.name]) for step in steps]
        told += verdicts(abroad, one.groups, on=one.name, metrics=WATCHED)
    return told
