"""How long grouping takes and how much memory, estimated before it begins."""

from __future__ import annotations

from dataclasses import dataclass

from artvec.clustering.partition import WARD_ROWS

_PAIR_SECONDS = {
    "neighbours": 3.0e-9,
    "tree": 5.0e-9,
    "ward": 6.0e-8,
    "silhouette": 1.0e-8,
    "dbcv": 4.0e-9,
}
"""Seconds a pair of rows, in 50 dimensions, on two cores of 2024; others differ by a factor."""
_ROW_SECONDS = {"kmeans": 2.0e-4, "ward": 2.5e-3, "umap": 5.2e-4, "tsne": 4.0e-3, "pca": 2.0e-8}
_START_SECONDS = {"umap": 9.0, "tsne": 2.0}
"""UMAP's loops are compiled at every start."""
_BASE_BYTES = 350_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run will take, roughly.

    Attributes:
        seconds: By stage.
        memory_bytes: At its peak.
    """

    seconds: dict[str, float]
    memory_bytes: int

    @property
    def total_seconds(self) -> float:
        """All stages together."""
        return sum(self.seconds.values())


def estimate(rows: int, dim: int, method: str, map_method: str | None) -> Cost:
    """Estimate time and memory of a run.

    Everything that looks at all pairs grows with the square of the rows, layouts grow with the
    rows. The constants were measured at 60,000 × 1,280.

    Args:
        rows: In the collection.
        dim: Of its vectors.
        method: `hdbscan`, `kmeans` or `agglomerative`.
        map_method: `umap`, `tsne`, or None where no map is to be made.
    """
    pairs = float(rows) ** 2
    small = method == "agglomerative" and rows <= WARD_ROWS
    groups = {
        "hdbscan": pairs * _PAIR_SECONDS["tree"],
        "kmeans": rows * _ROW_SECONDS["kmeans"],
        "agglomerative": pairs * _PAIR_SECONDS["ward"] if small else rows * _ROW_SECONDS["ward"],
    }
    seconds = {
        "reduce": rows * dim * _ROW_SECONDS["pca"] + dim**3 * 1e-9,
        "neighbours": pairs * _PAIR_SECONDS["neighbours"],
        "group": groups[method],
        "quality": pairs * (_PAIR_SECONDS["silhouette"] + _PAIR_SECONDS["dbcv"]),
    }
    if map_method is not None:
        seconds["map"] = rows * _ROW_SECONDS[map_method] + _START_SECONDS[map_method]
    memory = _BASE_BYTES + rows * (4 * dim + 4_000) + 16 * dim * dim
    if small:
        memory += 8 * rows * rows // 2
    return Cost(seconds, memory)
