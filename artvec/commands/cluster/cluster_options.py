"""The options of `cluster`, and which of them are refused."""

from __future__ import annotations

from dataclasses import dataclass

from artvec.collection.reader import Collection
from artvec.core.choices import ClusterMethod, MapMethod
from artvec.core.errors import ArtvecError, command


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """How to group.

    Attributes:
        method: `hdbscan` finds the number of clusters and knows noise; the others take K.
        clusters: K; None to choose it.
        min_cluster_size: Of hdbscan; None for half the square root of the rows, at least 5.
        map: What map is wanted; None for the stored one, else UMAP.
        new_map: Make the map anew although there is one.
        seed: Of k-means and of the map.
    """

    method: ClusterMethod = "hdbscan"
    clusters: int | None = None
    min_cluster_size: int | None = None
    map: MapMethod | None = None
    new_map: bool = False
    seed: int = 0


def check(options: ClusterOptions, collection: Collection) -> None:
    """Refuse what can't be done.

    Raises:
        ArtvecError: It can't.
    """
    folder = collection.folder
    if not collection.rows:
        raise ArtvecError(
            f"{folder} has no rows to group",
            f"embed pictures first: {command('embed', collection.source, '-i', folder)}",
        )
    again = command("cluster", "-i", folder)
    if options.method == "hdbscan" and options.clusters is not None:
        raise ArtvecError(
            "hdbscan finds the number of clusters itself: --clusters is for kmeans, agglomerative",
            f"type: {again} --method kmeans --clusters {options.clusters}",
            usage=True,
        )
    if options.method != "hdbscan" and options.min_cluster_size is not None:
        raise ArtvecError(
            f"--min-cluster-size is for hdbscan, not for {options.method}",
            f"type: {again} --min-cluster-size {options.min_cluster_size}",
            usage=True,
        )
    if options.map == "none" and options.new_map:
        raise ArtvecError(
            "--new-map makes a map, and --map none makes none",
            f"type: {again} --new-map",
            usage=True,
        )
    if options.clusters is not None and not 1 <= options.clusters <= collection.rows:
        raise ArtvecError(
            f"{collection.rows} rows can't make {options.clusters} clusters",
            f"type: {again} --method {options.method}, or --clusters K of 1 to {collection.rows}",
            usage=True,
        )
