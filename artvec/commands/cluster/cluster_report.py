"""What a run of `cluster` found; the numbers only, no page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from artvec.core.results import Groups, Projection
from artvec.core.types import Int64Array


@dataclass(frozen=True)
class LabelTable:
    """How labels fall into clusters.

    Attributes:
        labels: Names, sorted.
        counts: (labels, clusters + 1) int64 rows of the collection; the last column is noise.
        unlabelled: Rows without a label; they are in no count.
    """

    labels: tuple[str, ...]
    counts: Int64Array
    unlabelled: int


@dataclass(frozen=True)
class ClusterReport:
    """The groups of a collection, and how good they are.

    Attributes:
        index: Folder of the collection.
        rows: In it.
        method: `hdbscan`, `kmeans` or `agglomerative`.
        parameters: What it was run with, e.g. `min_cluster_size`, `clusters`, `seed`.
        reduced_dim: Dimensions that the vectors were reduced to.
        variance_kept: Share of the variance that these dimensions hold.
        n_clusters: Noise is none.
        noise_share: Rows in no cluster over all rows.
        metrics: Name → figure; what is not defined here is absent.
        groups: See `artvec.core.results.Groups`; stored with the collection.
        paths: Of the rows that were grouped, in the order of `groups`.
        label_table: None where no row has a label.
        projection: The stored map; None where none was wanted.
        csv: File with one line a row.
        seconds: In all.
        stages: Name of a stage → its seconds.
        cautions: Why figures are absent or say nothing; they are among the notes.
        notes: What a user should know.
    """

    index: Path
    rows: int
    method: str
    parameters: Mapping[str, float | int | str]
    reduced_dim: int
    variance_kept: float
    n_clusters: int
    noise_share: float
    metrics: Mapping[str, float]
    groups: Groups
    paths: tuple[str, ...]
    label_table: LabelTable | None
    projection: Projection | None
    csv: Path
    seconds: float
    stages: Mapping[str, float]
    cautions: tuple[str, ...]
    notes: tuple[str, ...]
