"""Columns for the groups and the map that a collection has, beside its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from artvec.collection.analysis import outdated, stored_groups, stored_projection
from artvec.collection.plain_columns import free_name
from artvec.collection.reader import Collection
from artvec.core.errors import ArtvecError, command

Arrays = Mapping[str, npt.NDArray[np.int64] | npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Analysed:
    """A collection with more columns.

    Attributes:
        collection: As if the columns were the user's metadata.
        renamed: The user's columns that gave their name to one of these.
        notes: For the user, a sentence each.
    """

    collection: Collection
    renamed: Mapping[str, str]
    notes: tuple[str, ...] = ()


def analysed(collection: Collection, *, projection: bool) -> Analysed:
    """Append `cluster`, `cluster_probability` and `outlier_score` where there are groups.

    Args:
        collection: As opened.
        projection: Append `projection_x` and `projection_y`, too.

    Raises:
        ArtvecError: There is no map of today's rows, or what is stored is damaged.
    """
    stale = outdated(collection)
    arrays = {**_group_arrays(collection), **(_map_arrays(collection, stale) if projection else {})}
    note = (
        f"the stored groups are those of other rows and were left out; group again: "
        f"{command('cluster', '-i', collection.folder)}",
    )
    renamed = _renamed(collection, arrays)
    wider = _with(collection, arrays, renamed)
    return Analysed(wider, renamed, note if "groups" in stale else ())


def _group_arrays(collection: Collection) -> Arrays:
    groups = stored_groups(collection)
    if groups is None:
        return {}
    return {
        "cluster": groups.clusters.astype(np.int64),
        "cluster_probability": groups.probabilities.astype(np.float64),
        "outlier_score": groups.outlier_scores.astype(np.float64),
    }


def _map_arrays(collection: Collection, stale: tuple[str, ...]) -> Arrays:
    projection = stored_projection(collection)
    if projection is None:
        what = "the map is that of other rows" if "map" in stale else "there is no map"
        raise ArtvecError(
            f"{what}: {collection.folder} can't be exported with --projection",
            f"make one: {command('cluster', '-i', collection.folder)}",
            usage=True,
        )
    x, y = projection.points.astype(np.float64).T
    return {"projection_x": x, "projection_y": y}


def _renamed(collection: Collection, arrays: Arrays) -> dict[str, str]:
    used = {*collection.manifest.columns, *arrays}
    renamed: dict[str, str] = {}
    for name in collection.manifest.columns:
        if name in arrays:
            renamed[name] = free_name(name, used)
            used.add(renamed[name])
    return renamed


def _with(collection: Collection, arrays: Arrays, renamed: Mapping[str, str]) -> Collection:
    kinds = {
        name: "int64" if array.dtype.kind == "i" else "double" for name, array in arrays.items()
    }
    stored = {renamed.get(n, n): kind for n, kind in collection.manifest.columns.items()}
    tables, first = [], 0
    for table in collection.tables:
        wider = table.rename_columns([renamed.get(name, name) for name in table.column_names])
        for name, array in arrays.items():
            wider = wider.append_column(name, pa.array(array[first : first + table.num_rows]))
        first += table.num_rows
        tables.append(wider)
    manifest = replace(collection.manifest, columns={**stored, **kinds})
    return replace(collection, manifest=manifest, tables=tuple(tables))
