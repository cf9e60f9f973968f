"""The comparison itself: match, check for leaks, evaluate each alike, pair, rank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from artvec.collection.reader import row
from artvec.commands.compare.comparison_report import Comparison, Leak, Protocol, Row
from artvec.commands.compare.encoder_costs import Cost, costs
from artvec.commands.compare.matching import Common, common_images, restrict, vectors_of
from artvec.commands.compare.named_collections import NamedCollection, open_collections
from artvec.commands.compare.pairing import cautions, paired_differences
from artvec.commands.compare.rankings import compare_rankings, headlines, ranks
from artvec.core.errors import ArtvecError, command
from artvec.core.progress import Progress, part_of, silent
from artvec.core.results import Interval
from artvec.core.types import AUTO, EncoderOptions
from artvec.evaluation import (
    Outcomes,
    Selection,
    evaluate_vectors,
    head_scores,
    own_run,
    select,
    trained_on,
)

_ACCURACIES = ("linear_probe_accuracy", "knn20_accuracy")
"""What is set against the number of parameters: the first that all collections have."""


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """The options of `artvec compare`.

    Attributes:
        gallery: Split that is searched and learned from.
        queries: Split that is asked about.
        group: Column whose values are resampled as a whole.
        allow_leak: Report queries that an encoder was trained on, instead of refusing them.
        encoder: How to run the encoders that are timed; None times nothing.
    """

    gallery: str = "train"
    queries: str = "test"
    group: str | None = None
    allow_leak: bool = False
    encoder: EncoderOptions | None = AUTO


def compare_collections(
    arguments: Sequence[str], options: CompareOptions | None = None, progress: Progress = silent
) -> Comparison:
    """Compare collections on the images that all of them have.

    Args:
        arguments: Names or paths of collections, or run directories.
        options: See `CompareOptions`.
        progress: Called with thousandths of parts done and to do.

    Raises:
        ArtvecError: An argument stands for no one collection, no image or split is common, or an
            encoder was trained on the queries.
    """
    options = options or CompareOptions()
    collections = open_collections(arguments)
    common = common_images(collections)
    first = collections[0].collection
    asked = ("compare", *(arguments or [one.name for one in collections]))
    selection = select(first, options.gallery, options.queries, options.group, asked)
    selection = restrict(selection, common)
    leaks = tuple(_leaks(collections, selection))
    if leaks and not options.allow_leak:
        raise _trained_on_queries(leaks, len(selection.queries))
    parts = len(collections) + 1
    cost = costs(collections, common.rows[0], options.encoder, part_of(progress, 0, parts))
    outcomes = [
        _evaluated(collections, common, at, selection, part_of(progress, at + 1, parts))
        for at in range(len(collections))
    ]
    figures = [one.figures for one in outcomes]
    names = [one.name for one in collections]
    pairs = paired_differences(names, outcomes, selection)
    return Comparison(
        rows=tuple(_rows(collections, common, outcomes, cost.each)),
        pairs=pairs,
        rankings=compare_rankings(names, figures, pairs),
        protocol=_protocol(selection, common, figures),
        leaks=leaks,
        cautions=cautions(pairs),
        notes=(
            *common.notes,
            *_notes(collections, selection),
            *dict.fromkeys(note for one in outcomes for note in one.notes),
            *cost.notes,
        ),
    )


def _leaks(collections: Sequence[NamedCollection], selection: Selection) -> Iterator[Leak]:
    first = collections[0].collection
    for one in collections:
        run = own_run(one.collection)
        if run is None or not run.is_dir():
            continue
        leaked = selection.queries[trained_on(first, run, selection.queries)]
        if len(leaked):
            yield Leak(one.name, run, len(leaked), row(first, int(leaked[0]))["path"])


def _trained_on_queries(leaks: Sequence[Leak], queries: int) -> ArtvecError:
    leaked = "; ".join(
        f"{leak.queries:,} of the {queries:,} queries were training images of {leak.run} "
        f"({leak.name}), e.g. {leak.example}"
        for leak in leaks
    )
    return ArtvecError(
        f"{leaked}: its figures would be too good",
        "evaluate other images: --queries SPLIT; or report the figures anyway: --allow-leak",
    )


def _evaluated(
    collections: Sequence[NamedCollection],
    common: Common,
    number: int,
    selection: Selection,
    progress: Progress,
) -> Outcomes:
    """Evaluate a collection's vectors under the first one's selection, labels and row order."""
    one = collections[number]
    vectors = vectors_of(one, common, number, selection)
    run = own_run(one.collection)
    scores = None
    if run is not None and run.is_dir() and selection.classes:
        scores = head_scores(collections[0].collection, selection, vectors, run)
    return evaluate_vectors(vectors, selection, {"head": scores} if scores else {}, progress)


def _rows(
    collections: Sequence[NamedCollection],
    common: Common,
    outcomes: Sequence[Outcomes],
    each: Sequence[Cost],
) -> list[Row]:
    """Lay out the rows, the best mean rank first; equal ones stay in the order named."""
    figures = [one.figures for one in outcomes]
    metrics = headlines(figures)
    by_metric = {name: ranks([one[name].value for one in figures]) for name in metrics}
    accuracy = _accuracy(figures)
    rows = []
    for at, (one, outcome, cost) in enumerate(zip(collections, outcomes, each, strict=True)):
        places = {name: by_metric[name][at] for name in metrics}
        rows.append(
            Row(
                name=one.name,
                collection=one.collection.folder.resolve(),
                backbone=one.collection.manifest.encoder.backbone,
                run=own_run(one.collection),
                dim=one.collection.manifest.encoder.dim,
                left_out=len(common.left_out[at]),
                metrics=outcome.figures,
                geometry=outcome.geometry,
                ranks=places,
                mean_rank=sum(places.values()) / len(places) if places else None,
                accuracy_per_million_parameters=(
                    1e6 * outcome.figures[accuracy].value / cost.size.parameters
                    if accuracy and cost.size and cost.size.parameters
                    else None
                ),
                cost=cost,
            )
        )
    return sorted(rows, key=lambda row: row.mean_rank or 0.0)


def _accuracy(figures: Sequence[Mapping[str, Interval]]) -> str | None:
    shared = (name for name in _ACCURACIES if all(name in one for one in figures))
    return next(shared, None)


def _protocol(
    selection: Selection, common: Common, figures: Sequence[Mapping[str, Interval]]
) -> Protocol:
    return Protocol(
        images=len(common.rows[0]),
        gallery_split=selection.gallery_split,
        gallery=len(selection.gallery),
        query_split=selection.query_split,
        queries=len(selection.queries),
        val=len(selection.val),
        classes=selection.classes,
        unlabelled=selection.unlabelled,
        group_column=selection.group_column,
        accuracy=_accuracy(figures),
    )


def _notes(collections: Sequence[NamedCollection], selection: Selection) -> Iterator[str]:
    first = collections[0].collection
    if len(selection.classes) < 2:
        labels = "one label only" if selection.classes else "no labels"
        give = command("embed", first.source, "-i", first.folder, "--metadata", "CSV")
        yield (
            f"{collections[0].name} has {labels}, so only figures that need no labels are given; "
            f"for the others, add a CSV with the columns filename and label: {give}"
        )
    for one in collections:
        run = own_run(one.collection)
        if run is not None and not run.is_dir():
            yield (
                f"{run}, which embedded {one.name}, is gone: its head is not evaluated, and nobody "
                "knows whether it was trained on the queries"
            )
