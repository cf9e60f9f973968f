"""The run itself: reduce, group, judge, map, store, write the table."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from artvec.clustering.assignment import medoids
from artvec.clustering.cost import Cost, estimate
from artvec.clustering.density import MIN_SAMPLES
from artvec.clustering.equal_rows import first_of_equals
from artvec.clustering.maps import UMAP_NEIGHBOURS, project
from artvec.clustering.nearest_rows import Neighbours, neighbours
from artvec.clustering.reduction import Reduced, reduce
from artvec.collection.analysis import outdated, store_groups, store_projection, stored_projection
from artvec.collection.reader import Collection, blocks, columns, open_collection
from artvec.commands.cluster.cluster_options import ClusterOptions, check
from artvec.commands.cluster.cluster_report import ClusterReport, LabelTable
from artvec.commands.cluster.methods import Parameters, Rows, group_rows
from artvec.commands.cluster.quality import agreement_figures, internal_figures, label_table
from artvec.commands.cluster.stages import Stages
from artvec.commands.cluster.table_file import write_table
from artvec.core.errors import ArtvecError, command
from artvec.core.finite import finite_rows, not_finite
from artvec.core.progress import Progress, silent
from artvec.core.results import Groups, Projection
from artvec.core.types import Float64Array, FloatArray, Int32Array, Int64Array
from artvec.core.wording import counted
from artvec.metrics.silhouette import cosine_silhouettes

_NEIGHBOURS = max(MIN_SAMPLES, UMAP_NEIGHBOURS)


@dataclass(frozen=True)
class _Labels:
    """Names of the labels, sorted, and (N,) codes; -1 where there is none."""

    names: tuple[str, ...]
    codes: Int64Array


@dataclass(frozen=True)
class _Found:
    """Groups with their figures, and what was computed on the way."""

    reduced: Reduced
    near: Neighbours
    groups: Groups
    figures: dict[str, float]
    parameters: Parameters
    cautions: tuple[str, ...]
    notes: tuple[str, ...]


def expect(folder: Path, options: ClusterOptions) -> Cost:
    """Estimate what `cluster` will take.

    Raises:
        ArtvecError: The collection can't be opened, or what is asked for can't be done.
    """
    collection = open_collection(folder)
    check(options, collection)
    kind = None if _stored_map(collection, options) else options.map or "umap"
    wanted = None if kind == "none" else kind
    return estimate(collection.rows, collection.manifest.encoder.dim, options.method, wanted)


def cluster_collection(
    folder: Path, options: ClusterOptions | None = None, progress: Progress = silent
) -> ClusterReport:
    """Group a collection's rows, judge the groups, and store them; make a map if there is none.

    Groups and map are those of the rows that the collection has now: a later `embed` that changes
    rows makes them out of date, which `status` tells.

    Args:
        folder: The collection.
        options: See `ClusterOptions`.
        progress: Called with thousandths done and 1,000.

    Raises:
        ArtvecError: There is nothing to group, what is asked for can't be done, the collection is
            damaged, or its rows were changed meanwhile.
    """
    started = time.perf_counter()
    options = options or ClusterOptions()
    stages = Stages(expect(folder, options).seconds, progress)
    collection = open_collection(folder)
    labels = _labels(collection)
    found = _found(collection, labels, options, stages)
    stale = outdated(collection)
    store_groups(collection, found.groups)
    with stages.stage("map"):
        projection, map_notes = _mapped(collection, found, options)
    csv = write_table(collection, found.groups)
    return ClusterReport(
        index=folder.resolve(),
        rows=collection.rows,
        method=options.method,
        parameters=found.parameters,
        reduced_dim=found.reduced.points.shape[1],
        variance_kept=found.reduced.variance_kept,
        n_clusters=len(found.groups.medoids),
        noise_share=float((found.groups.clusters < 0).mean()),
        metrics=found.figures,
        groups=found.groups,
        paths=tuple(columns(collection, ["path"]).column("path").to_pylist()),
        label_table=_table(labels, found.groups.clusters),
        projection=projection,
        csv=csv.resolve(),
        seconds=time.perf_counter() - started,
        stages=stages.seconds,
        cautions=found.cautions,
        notes=(
            *found.notes,
            *found.cautions,
            *_label_notes(labels),
            *_stale_notes(stale, options),
            *map_notes,
        ),
    )


def _found(
    collection: Collection, labels: _Labels, options: ClusterOptions, stages: Stages
) -> _Found:
    with stages.stage("reduce"):
        vectors = np.concatenate(list(blocks(collection)))
        if broken := int(np.count_nonzero(~finite_rows(vectors))):
            raise not_finite(broken, collection.folder)
        reduced = reduce(vectors)
        if not np.isfinite(reduced.points).all():
            raise _too_long(collection)
        first = first_of_equals(vectors, _content_hashes(collection))
        points = reduced.points[first]
    with stages.stage("neighbours"):
        near = neighbours(points, _NEIGHBOURS)
    with stages.stage("group") as within:
        rows = Rows(points, near, first, len(labels.names))
        found = group_rows(rows, options, within)
    assignment = found.assignment
    with stages.stage("quality") as within:
        silhouettes = _silhouettes(vectors, assignment.clusters)
        own = internal_figures(points, assignment.clusters, silhouettes, within)
        agreement = agreement_figures(
            labels.codes, assignment.clusters, has_noise=options.method == "hdbscan"
        )
    groups = Groups(
        options.method,
        assignment.clusters,
        assignment.probabilities,
        assignment.outlier_scores,
        silhouettes.astype(np.float32),
        medoids(vectors, assignment.clusters),
    )
    return _Found(
        replace(reduced, points=points),
        near,
        groups,
        {**own.figures, **agreement.figures},
        found.parameters,
        (*own.notes, *agreement.notes),
        found.notes,
    )


def _silhouettes(vectors: FloatArray, clusters: Int32Array) -> Float64Array:
    """Return (N,) silhouettes in the full space, 0 for noise and where there is one cluster."""
    members = clusters >= 0
    chosen = vectors if members.all() else vectors[members]
    silhouettes = np.zeros(len(vectors))
    silhouettes[members] = cosine_silhouettes(chosen, clusters[members].astype(np.int64))
    return np.nan_to_num(silhouettes)


def _mapped(
    collection: Collection, found: _Found, options: ClusterOptions
) -> tuple[Projection | None, tuple[str, ...]]:
    if options.map == "none":
        return None, ()
    stored = _stored_map(collection, options)
    if stored is not None:
        again = command("cluster", "-i", collection.folder, "--new-map")
        return stored, (f"the map ({stored.method}) is the stored one; to make a new one: {again}",)
    made = project(found.reduced.points, found.near, options.map or "umap", options.seed)
    store_projection(open_collection(collection.folder), made)
    rows = counted(collection.rows, "row")
    plain = (
        f"the map shows two components of PCA: {rows}, too few or too alike for UMAP or t-SNE",
    )
    return made, plain if made.method == "pca" else ()


def _stored_map(collection: Collection, options: ClusterOptions) -> Projection | None:
    """Return the stored map where it is the one that is wanted."""
    if options.new_map or options.map == "none":
        return None
    stored = stored_projection(collection)
    wanted = options.map is None or stored is None or stored.method in (options.map, "pca")
    return stored if wanted else None


def _labels(collection: Collection) -> _Labels:
    values = columns(collection, ["label"]).column("label").to_pylist()
    names = tuple(sorted({value for value in values if value is not None}))
    number = {name: code for code, name in enumerate(names)}
    return _Labels(names, np.array([number.get(value, -1) for value in values], dtype=np.int64))


def _content_hashes(collection: Collection) -> list[bytes]:
    hashes: list[bytes] = columns(collection, ["content_hash"]).column("content_hash").to_pylist()
    return hashes


def _table(labels: _Labels, clusters: Int32Array) -> LabelTable | None:
    return label_table(labels.names, labels.codes, clusters) if labels.names else None


def _label_notes(labels: _Labels) -> tuple[str, ...]:
    unlabelled = int((labels.codes < 0).sum())
    if not labels.names:
        return (
            "no row has a label, so groups are judged by the vectors alone; give labels by a "
            "folder each, or by --metadata with a column 'label'",
        )
    if unlabelled:
        rows = counted(unlabelled, "row")
        return (f"{rows} without a label: agreement with labels is over the others",)
    return ()


def _stale_notes(stale: tuple[str, ...], options: ClusterOptions) -> tuple[str, ...]:
    if "map" not in stale:
        return ()
    unwanted = options.map == "none"
    what = "run again without --map none to make a new one" if unwanted else "a new one was made"
    return (f"the stored map was of other rows; {what}",)


def _too_long(collection: Collection) -> ArtvecError:
    again = command("embed", collection.source, "-i", collection.folder, "--overwrite")
    return ArtvecError(
        f"vectors of {collection.folder} are too long to be compared", f"embed again: {again}"
    )
