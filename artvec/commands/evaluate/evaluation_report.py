"""What `artvec eval` found, as named types; nothing is computed or shown here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from artvec.core.results import Interval
from artvec.core.types import Int64Array
from artvec.evaluation import Outcomes, Selection


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """What a user wants to know.

    Attributes:
        gallery: Split that is searched and learned from.
        queries: Split that is asked about.
        group: Column of the groups; None for the collection's own.
        ensemble: Runs whose heads' probabilities are averaged.
        concat: Further collections (names, paths or runs) whose vectors are put beside these.
        allow_leak: Report test pictures that a run was trained on, instead of refusing.
    """

    gallery: str = "train"
    queries: str = "test"
    group: str | None = None
    ensemble: tuple[Path, ...] = ()
    concat: tuple[str, ...] = ()
    allow_leak: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """Under what rules the figures were made.

    Attributes:
        gallery: Split of the gallery.
        queries: Split of the queries.
        encoders: Whose vectors were used; several were put side by side at length 1.
        classes: How many classes there are.
        n_val: Rows that chose the strength of the linear probe.
        val_drawn: They were drawn out of the gallery, because there is no split for it.
        unlabelled: Rows of both splits that were left out for want of a label.
        without_gallery: Queries whose class has no gallery row.
        group_column: Whose values are resampled together, if any.
        n_groups: How many groups the queries have.
        intervals: What the intervals cover, in a sentence.
    """

    gallery: str
    queries: str
    encoders: tuple[str, ...]
    classes: int
    n_val: int
    val_drawn: bool
    unlabelled: int
    without_gallery: int
    group_column: str | None
    n_groups: int | None
    intervals: str


@dataclass(frozen=True, slots=True)
class Leaks:
    """Pictures that lie on both sides of the split.

    Attributes:
        exact: Groups of paths with equal bytes, on both sides.
        exact_queries: Queries in them.
        near: Groups of paths that show the same picture in different files, on both sides.
        near_queries: Queries in them.
        undecided: Close pairs of the collection that were not compared, because their pictures are
            gone or there were too many.
        trained_on: Run → queries that were among its training images.
    """

    exact: tuple[tuple[str, ...], ...] = ()
    exact_queries: int = 0
    near: tuple[tuple[str, ...], ...] = ()
    near_queries: int = 0
    undecided: int = 0
    trained_on: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Figures of one class; those that are undefined are None.

    Attributes:
        label: Name of the class.
        precision: Of what was predicted as the class, the share that is of it.
        recall: Of the class, the share that was predicted as it.
        f1: Their harmonic mean.
        support: Queries of the class.
        predicted: Queries predicted as the class.
        gallery: Gallery rows of the class.
    """

    label: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted: int
    gallery: int


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """How often one class was taken for another.

    Attributes:
        label: What they are.
        predicted: What they were taken for.
        count: How many queries.
        share: Of the queries of the true class.
    """

    label: str
    predicted: str
    count: int
    share: float


@dataclass(frozen=True)
class Confusion:
    """Who was taken for whom.

    Attributes:
        classifier: `ensemble`, `head`, `linear_probe` or `knn20`: the first of these there is.
        classes: Names in order of rows and columns.
        counts: (C, C) int64: the row is the true class, the column the predicted one.
        most: The pairs confused most often.
    """

    classifier: str
    classes: tuple[str, ...]
    counts: Int64Array
    most: tuple[ConfusedPair, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """One run of an ensemble: its directory, the collection it embedded, its head's accuracy."""

    run: Path
    index: Path
    head_accuracy: Interval


@dataclass(frozen=True)
class EvaluationReport:
    """Everything that `artvec eval` says, ready to be rendered.

    Attributes:
        index: The collection.
        setting: Under what rules.
        n_train: Gallery rows.
        n_test: Queries.
        metrics: Name of the contract → figure with its 95 % interval, in the order of the table.
        chance: Name → what guessing would give; absent where guessing has no meaning.
        colour: Name → the same figure of the stored colours (`colour:4x4`), for scale.
        majority_accuracy: Of always naming the gallery's most frequent class; None without labels.
        per_class: In the order of `confusion.classes`; empty without labels.
        confusion: None where no classifier applies.
        leaks: Found before any figure.
        members: Runs of the ensemble.
        warnings: What a reader of the figures should know, in plain words.
        notes: What a user should know beside the figures.
        selection: Row numbers, labels and groups behind the figures.
        outcomes: Per-query outcomes, predictions, k-means clusters, geometry and grouped figures;
            silhouettes are `outcomes.per_query["silhouette_cosine"]`, in the order of
            `selection.queries`.
    """

    index: Path
    setting: Setting
    n_train: int
    n_test: int
    metrics: Mapping[str, Interval]
    chance: Mapping[str, float]
    colour: Mapping[str, Interval]
    majority_accuracy: float | None
    per_class: tuple[ClassFigures, ...]
    confusion: Confusion | None
    leaks: Leaks
    members: tuple[Member, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    selection: Selection
    outcomes: Outcomes
