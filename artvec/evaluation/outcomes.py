"""What an evaluation yields: figures with intervals, and beneath them one outcome a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from artvec.core.results import Interval
from artvec.core.types import Float32Array, Float64Array, Int64Array


@dataclass(frozen=True)
class Classifier:
    """What one way of classifying said of every query.

    Attributes:
        classes: Names by code: the selection's, then those that only a head knows.
        predicted: (Q,) class codes.
        train_accuracy: On the gallery it learned from; None where that says nothing.
    """

    classes: tuple[str, ...]
    predicted: Int64Array
    train_accuracy: float | None = None


@dataclass(frozen=True)
class Scores:
    """Class scores from outside the embeddings' own neighbourhood: a head, or several averaged.

    Attributes:
        classes: Names by column: the selection's, then those that only the head knows.
        queries: (Q, C), larger is likelier.
        train_accuracy: On those gallery rows that it was trained on; None where there are none.
    """

    classes: tuple[str, ...]
    queries: Float32Array | Float64Array
    train_accuracy: float | None = None


@dataclass(frozen=True)
class OtherGroups:
    """The figures when every query is denied the gallery rows of its own group.

    Attributes:
        column: Whose values are the groups.
        affected: Queries whose group has gallery rows; all others are as in the plain figures.
        figures: As in `Outcomes`: of kNN, precision and recall.
        per_query: As in `Outcomes`.
    """

    column: str
    affected: int
    figures: Mapping[str, Interval]
    per_query: Mapping[str, Float64Array]


@dataclass(frozen=True)
class Outcomes:
    """Everything that one set of vectors yields under one selection.

    Attributes:
        figures: Name of the contract → value with its 95 % interval; what doesn't apply is absent.
        per_query: Name → (Q,) float64 outcomes whose mean is the figure (1 for a hit, 0 for a miss,
            a silhouette, …); NaN where the query is left out. Clusterings have none.
        classifiers: `knn20`, `linear_probe`, `head`, `ensemble` → see `Classifier`.
        clusters: (Q,) k-means assignment of the queries, None where agreement with it would tell
            nothing: fewer than two classes or groups, or as many as queries.
        geometry: `anisotropy`, `spread`, `effective_rank` of the queries' vectors.
        without_gallery: Queries whose class has no gallery row.
        other_groups: The grouped figures, None without groups.
        notes: Why figures are absent, and which the labels decide alone.
    """

    figures: Mapping[str, Interval]
    per_query: Mapping[str, Float64Array]
    classifiers: Mapping[str, Classifier]
    clusters: Int64Array | None
    geometry: Mapping[str, float]
    without_gallery: int = 0
    other_groups: OtherGroups | None = None
    notes: tuple[str, ...] = ()
