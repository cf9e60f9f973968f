"""A clustering with what other commands say of its collection: near-duplicates, evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from artvec.collection.failures import known_failures
from artvec.collection.reader import Collection, columns, open_collection
from artvec.commands.cluster.cluster_report import ClusterReport
from artvec.commands.evaluate import evaluate_collection
from artvec.core.errors import ArtvecError
from artvec.core.progress import Progress, part_of, silent
from artvec.core.results import Groups, Interval, NearDuplicates, Projection
from artvec.core.types import Int64Array, Skipped
from artvec.images.find import file_of
from artvec.metrics.registry import metric_of
from artvec.near_duplicates import DuplicateSearch, find_near_duplicates


@dataclass(frozen=True)
class LabelEvaluation:
    """How well the labels of held-out images are recognised.

    Attributes:
        classifier: What the confusion matrix is of, in words: `the linear probe`.
        classes: (C,), the labels.
        confusion: (C, C), images by true label (rows) and predicted label (columns).
        figures: Key of the registry → value with interval.
    """

    classifier: str
    classes: tuple[str, ...]
    confusion: Int64Array
    figures: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True)
class Findings:
    """Everything that is known of a collection.

    Attributes:
        collection: Its rows.
        groups: Of these rows.
        projection: Of these rows.
        quality: Key of a figure of the clustering → value.
        copies: Rows that show the same picture.
        evaluation: None where there are no labels, or it was not asked for.
        failures: Files that were skipped.
        notes: What a reader should know beside that.
    """

    collection: Collection
    groups: Groups
    projection: Projection
    quality: Mapping[str, float] = field(default_factory=dict)
    copies: tuple[NearDuplicates, ...] = ()
    evaluation: LabelEvaluation | None = None
    failures: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The collection's name."""
        return self.collection.folder.resolve().name

    @cached_property
    def paths(self) -> list[str]:
        """(N,), in row order."""
        found: list[str] = columns(self.collection, ["path"]).column("path").to_pylist()
        return found

    @cached_property
    def labels(self) -> list[str | None]:
        """(N,), in row order."""
        found: list[str | None] = columns(self.collection, ["label"]).column("label").to_pylist()
        return found

    @property
    def have_silhouettes(self) -> bool:
        """Whether there are silhouettes: not of a single cluster, nor of one a row."""
        inside = self.groups.silhouettes[self.groups.clusters >= 0]
        return len(self.groups.medoids) > 1 and bool(np.isfinite(inside).all())

    def file(self, row: int) -> Path:
        """Return where a row's picture should be."""
        return file_of(self.collection.source, self.paths[row])


def collect_findings(report: ClusterReport, progress: Progress = silent) -> Findings:
    """Find near-duplicates and evaluate by labels, as a report on clusters shows both beside them.

    Args:
        report: Of a run that made or kept a map.
        progress: Called with thousandths of both stages done and to do.

    Raises:
        ArtvecError: The collection is damaged.
    """
    assert report.projection is not None
    collection = open_collection(report.index)
    near_duplicates = find_near_duplicates(collection, part_of(progress, 0, 2))
    evaluation, notes = _evaluate_labels(report.index, near_duplicates, part_of(progress, 1, 2))
    return Findings(
        collection=collection,
        groups=report.groups,
        projection=report.projection,
        quality=report.metrics,
        copies=near_duplicates.copies,
        evaluation=evaluation,
        failures=tuple(known_failures(report.index, artvec_version=None).values()),
        notes=(*report.cautions, *notes),
    )


def _evaluate_labels(
    folder: Path, near_duplicates: DuplicateSearch, progress: Progress
) -> tuple[LabelEvaluation | None, tuple[str, ...]]:
    """Evaluate the collection by its labels; where that can't be done, say why."""
    try:
        report = evaluate_collection(folder, copies=near_duplicates, progress=progress)
    except ArtvecError as refusal:
        return None, (f"not evaluated: {refusal.message}",)
    confusion = report.confusion
    if confusion is None:
        return None, report.warnings
    classifier = metric_of(f"{confusion.classifier}_accuracy").title.lower()
    evaluation = LabelEvaluation(
        f"the {classifier}", confusion.classes, confusion.counts, report.metrics
    )
    return evaluation, report.warnings
