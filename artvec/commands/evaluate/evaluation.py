"""The evaluation itself: leaks first, then figures, what they are read against, and warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from artvec.collection.manifest import read_manifest
from artvec.collection.reader import Collection, open_collection
from artvec.commands.evaluate.chance import chance_figures, majority_accuracy
from artvec.commands.evaluate.class_confusion import confusion_of, figures_of_classes
from artvec.commands.evaluate.evaluation_report import EvaluateOptions, EvaluationReport, Setting
from artvec.commands.evaluate.leaks import find_leaks, training_leaks
from artvec.commands.evaluate.members import (
    Ensemble,
    check_runs,
    ensemble,
    other_collection,
    side_by_side,
)
from artvec.commands.evaluate.warnings import warnings_of
from artvec.core.errors import ArtvecError, command
from artvec.core.progress import Progress, silent
from artvec.core.results import Interval
from artvec.core.wording import counted
from artvec.encoding.backbones.run_directory import head_takes_map
from artvec.encoding.setup import describe
from artvec.evaluation import (
    Outcomes,
    Scores,
    Selection,
    Vectors,
    colour_vectors,
    evaluate_vectors,
    head_scores,
    own_run,
    select,
)
from artvec.metrics.bootstrap import RESAMPLES
from artvec.metrics.registry import EVALUATION_KEYS
from artvec.near_duplicates import DuplicateSearch, find_near_duplicates


def evaluate_collection(
    folder: Path,
    options: EvaluateOptions | None = None,
    *,
    copies: DuplicateSearch | None = None,
    progress: Progress = silent,
) -> EvaluationReport:
    """Evaluate a collection: retrieval, kNN, probe, head, clustering and geometry.

    Args:
        folder: The collection.
        options: See `EvaluateOptions`.
        copies: Of the collection, where they are known; else they are searched for.
        progress: Called with hundredths of steps done and to do.

    Raises:
        ArtvecError: The collection is damaged or empty, a split or column is not there, a side has
            no label, test pictures were trained on, or an ensemble's collection is not there.
    """
    options = options or EvaluateOptions()
    collection = _opened(folder)
    selection = select(collection, options.gallery, options.queries, options.group)
    others = [other_collection(name, collection) for name in options.concat]
    check_runs(collection, options.ensemble)
    runs, notes = _runs([collection, *others], options.ensemble)
    vectors = side_by_side(collection, selection, others)
    leaks = replace(
        find_leaks(collection, selection, copies or find_near_duplicates(collection, progress)),
        trained_on=training_leaks(collection, selection, runs, allow=options.allow_leak),
    )
    together = ensemble(collection, selection, options.ensemble) if options.ensemble else None
    scores = _scores(collection, selection, vectors, together, alone=not others)
    outcomes = evaluate_vectors(vectors, selection, scores, progress)
    colour = evaluate_vectors(colour_vectors(collection, selection), selection)
    confusion = confusion_of(outcomes, selection)
    judged = len(selection.classes) > 1
    chance = chance_figures(selection, outcomes) if judged else {}
    majority = majority_accuracy(selection) if judged else None
    guessing = max(majority or 0.0, chance.get("knn20_accuracy", 0.0))
    return EvaluationReport(
        index=folder.resolve(),
        setting=_setting(selection, outcomes, [collection, *others]),
        n_train=len(selection.gallery),
        n_test=len(selection.queries),
        metrics=_in_order(outcomes.figures),
        chance=chance,
        colour=_in_order(colour.figures),
        majority_accuracy=majority,
        per_class=figures_of_classes(confusion, selection) if confusion else (),
        confusion=confusion,
        leaks=leaks,
        members=together.members if together else (),
        warnings=warnings_of(selection, outcomes, confusion, guessing),
        notes=(*notes, *_label_notes(collection, selection), *_changed(collection)),
        selection=selection,
        outcomes=outcomes,
    )


def _opened(folder: Path) -> Collection:
    collection = open_collection(folder)
    if collection.rows == 0:
        hint = f"embed pictures: {command('embed', 'SOURCE', '-i', folder)}"
        raise ArtvecError(f"{folder} is empty", hint)
    return collection


def _runs(collections: Sequence[Collection], named: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Return the runs that may have seen test pictures, and notes of those that are gone."""
    own = [run for run in map(own_run, collections) if run is not None]
    notes = [
        f"the run {run} is gone: its head is not evaluated, and its training images are not known"
        for run in own
        if not run.is_dir()
    ]
    notes += [
        f"the head of {run} takes the unpooled feature map, not the embedding, so it can't be "
        "evaluated here: the page of the run has its accuracy"
        for run in own
        if run.is_dir() and head_takes_map(run)
    ]
    there = {run.resolve(): run for run in (*own, *named) if run.is_dir() or run in named}
    return list(there.values()), notes


def _scores(
    collection: Collection,
    selection: Selection,
    vectors: Vectors,
    together: Ensemble | None,
    *,
    alone: bool,
) -> Mapping[str, Scores]:
    """Return what heads say: the own run's where its own vectors are judged, and the ensemble's."""
    run = own_run(collection)
    own = None
    if alone and run is not None and run.is_dir() and selection.classes:
        own = head_scores(collection, selection, vectors, run)
    given = {"head": own, "ensemble": together.scores if together else None}
    return {name: scores for name, scores in given.items() if scores is not None}


def _in_order(figures: Mapping[str, Interval]) -> dict[str, Interval]:
    return {name: figures[name] for name in EVALUATION_KEYS if name in figures}


def _setting(
    selection: Selection, outcomes: Outcomes, collections: Sequence[Collection]
) -> Setting:
    groups = selection.query_groups
    n_groups = None if groups is None else len(np.unique(groups))
    what = f"{len(selection.queries):,} test pictures"
    if n_groups is not None:
        named = f"{counted(n_groups, 'group')} ({selection.group_column})"
        what = f"{named} of {what}, whole groups at a time"
    return Setting(
        gallery=selection.gallery_split,
        queries=selection.query_split,
        encoders=tuple(describe(one.manifest.encoder) for one in collections),
        classes=len(selection.classes),
        n_val=len(selection.val),
        val_drawn=selection.val_drawn,
        unlabelled=selection.unlabelled,
        without_gallery=outcomes.without_gallery,
        group_column=selection.group_column,
        n_groups=n_groups,
        intervals=f"95 % intervals: bootstrap over {what} ({RESAMPLES:,} seeded resamples). They "
        "cover which pictures were tested; not another gallery, nor another seed of training",
    )


def _label_notes(collection: Collection, selection: Selection) -> tuple[str, ...]:
    if not selection.classes:
        give = command(
            "embed", collection.source, "-i", collection.folder, "--metadata", "FACTS.csv"
        )
        return (
            "no row has a label, so only the geometry is measured; give labels by folders "
            f"(paintings/baroque/a.jpg) or by a CSV with the columns filename and label: {give}",
        )
    if selection.unlabelled:
        return (f"left out: {counted(selection.unlabelled, 'row')} without a label",)
    return ()


def _changed(collection: Collection) -> tuple[str, ...]:
    """Tell that the collection was written to meanwhile; the mapped rows stayed what they were."""
    try:
        same = read_manifest(collection.folder) == collection.manifest
    except ArtvecError:
        same = False
    changed = "the collection changed meanwhile: these figures are of the rows as they were before"
    return () if same else (changed,)
