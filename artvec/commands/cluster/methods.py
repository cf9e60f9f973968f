"""Group by the method that is asked for, choosing K where none is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artvec.clustering.assignment import Assignment
from artvec.clustering.density import MIN_SAMPLES, default_min_cluster_size, density_clusters
from artvec.clustering.equal_rows import one_group, together
from artvec.clustering.nearest_rows import Neighbours
from artvec.clustering.partition import (
    WARD_ROWS,
    assigned,
    choose,
    judged_rows,
    kmeans_cut,
    ward_cut,
)
from artvec.commands.cluster.cluster_options import ClusterOptions
from artvec.core.progress import Progress
from artvec.core.types import Float32Array, Int64Array
from artvec.core.wording import counted

Parameters = dict[str, float | int | str]
_ALIKE = "every row has the same vector: there is nothing to group"


@dataclass(frozen=True)
class Rows:
    """What is grouped.

    Attributes:
        points: (N, d) float32, reduced; equal rows have equal points.
        near: Of the points.
        first: (N,) for every row the first of its equals.
        n_labels: Labels in the collection.
    """

    points: Float32Array
    near: Neighbours
    first: Int64Array
    n_labels: int

    @property
    def n_different(self) -> int:
        """How many rows are left without repetitions."""
        return len(np.unique(self.first))


@dataclass(frozen=True)
class Grouping:
    """Clusters by one method, its parameters, and notes for the user."""

    assignment: Assignment
    parameters: Parameters
    notes: tuple[str, ...]


def group_rows(rows: Rows, options: ClusterOptions, progress: Progress) -> Grouping:
    """Group rows; equal ones are in one cluster by every method."""
    if not rows.points.any():
        return Grouping(one_group(len(rows.points)), {}, (_ALIKE,))
    if options.method == "hdbscan":
        return _dense(rows, options, progress)
    return _cut(rows, options, progress)


def _cut(rows: Rows, options: ClusterOptions, progress: Progress) -> Grouping:
    points, notes = rows.points, tuple[str, ...]()
    some = judged_rows(len(points))
    if options.method == "kmeans":
        cut, parameters = kmeans_cut(points, options.seed), Parameters(seed=options.seed)
        trial = kmeans_cut(points[some], options.seed)
    else:
        cut, parameters = ward_cut(points, rows.near), Parameters(linkage="ward")

        def trial(clusters: int) -> Int64Array:
            return cut(clusters)[some]

        if len(points) > WARD_ROWS:
            notes = (f"above {WARD_ROWS:,} rows only clusters with neighbouring rows are merged",)
    wanted = options.clusters
    if wanted is None:
        wanted, why = choose(trial, points, rows.n_labels, progress)
        notes = (*notes, why)
    if wanted > rows.n_different:
        different = counted(rows.n_different, "different vector")
        notes = (*notes, f"there are only {different}, so there can't be {wanted} clusters")
        wanted = rows.n_different
    labels = cut(wanted)[rows.first]
    parameters = {"clusters": wanted, **parameters}
    return Grouping(assigned(points, labels, rows.near), parameters, notes)


def _dense(rows: Rows, options: ClusterOptions, progress: Progress) -> Grouping:
    least = options.min_cluster_size or default_min_cluster_size(len(rows.points))
    found = density_clusters(rows.points, rows.near, least, progress)
    assignment = together(found, rows.first, least)
    notes: tuple[str, ...] = ()
    if assignment.clusters.max(initial=-1) < 0:
        smaller = f"--min-cluster-size {max(2, least // 2)}, or " if least > 2 else ""
        notes = (f"every row is noise: no region is dense enough; try {smaller}--method kmeans",)
    parameters = Parameters(min_cluster_size=least, min_samples=min(MIN_SAMPLES, least))
    return Grouping(assignment, parameters, notes)
