"""What the methods of a collection return: thin records around the commands' reports.

`to_dict` is what the command prints with `--json`; the command line calls it, too.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from artvec.api.display import Tabular
from artvec.core.json_types import to_plain, without_none

if TYPE_CHECKING:
    from artvec.commands.cluster import ClusterReport
    from artvec.commands.duplicates import DuplicatesReport, Group
    from artvec.commands.evaluate import EvaluationReport
    from artvec.core.results import Interval

_CLUSTER_FIELDS = (
    "index",
    "method",
    "reduced_dim",
    "n_clusters",
    "noise_share",
    "metrics",
    "csv",
    "rows",
    "variance_kept",
    "parameters",
    "seconds",
    "stages",
    "notes",
)


@dataclass(frozen=True, repr=False)
class Evaluation(Tabular):
    """Figures of a collection's embeddings, each with its 95 % interval.

    Attributes:
        report: All that was found; see `artvec.commands.evaluate.EvaluationReport`.
    """

    report: EvaluationReport

    @property
    def metrics(self) -> Mapping[str, Interval]:
        """Name → value, low and high."""
        return self.report.metrics

    def to_dict(self) -> dict[str, Any]:
        """Return what `artvec eval --json` prints; what is undefined is absent."""
        report, outcomes = self.report, self.report.outcomes
        confusion, other_groups = report.confusion, report.outcomes.other_groups
        fields = {
            "index": report.index,
            "protocol": without_none(dataclasses.asdict(report.setting)),
            "n_train": report.n_train,
            "n_test": report.n_test,
            "metrics": intervals_of(report.metrics),
            "chance": report.chance,
            "majority_accuracy": report.majority_accuracy,
            "colour": intervals_of(report.colour),
            "grouped": None
            if other_groups is None
            else {
                "column": other_groups.column,
                "affected": other_groups.affected,
                "metrics": intervals_of(other_groups.figures),
            },
            "geometry": outcomes.geometry,
            "train_accuracy": without_none(
                {name: one.train_accuracy for name, one in outcomes.classifiers.items()}
            ),
            "ensemble": [
                {
                    "run": one.run,
                    "index": one.index,
                    "head_accuracy": interval_of(one.head_accuracy),
                }
                for one in report.members
            ],
            "per_class": [without_none(dataclasses.asdict(one)) for one in report.per_class],
            "confusion": None
            if confusion is None
            else {
                "classifier": confusion.classifier,
                "classes": confusion.classes,
                "counts": confusion.counts.tolist(),
                "most": confusion.most,
            },
            "leaks": report.leaks,
            "warnings": report.warnings,
        }
        return plain_object(without_none(fields))

    def records(self) -> list[dict[str, Any]]:
        """Return a record a figure: its value, interval, chance and the colour baseline's value."""
        report = self.report
        return [
            {
                "figure": name,
                "value": figure.value,
                "low": finite_or_none(figure.low),
                "high": finite_or_none(figure.high),
                "chance": report.chance.get(name),
                "colour:4x4": report.colour[name].value if name in report.colour else None,
            }
            for name, figure in report.metrics.items()
        ]

    def title(self) -> str:
        """Say what was measured."""
        report = self.report
        return (
            f"{report.index.name}: {report.n_test:,} queries against {report.n_train:,} gallery "
            f"rows, {report.setting.classes} classes"
        )


@dataclass(frozen=True, repr=False)
class Clusters(Tabular):
    """The groups of a collection.

    Attributes:
        report: All that was found; see `artvec.commands.cluster.ClusterReport`.
    """

    report: ClusterReport

    def __len__(self) -> int:
        return self.report.n_clusters

    def to_dict(self) -> dict[str, Any]:
        """Return what `artvec cluster --json` prints."""
        return plain_object({name: getattr(self.report, name) for name in _CLUSTER_FIELDS})

    def records(self) -> list[dict[str, Any]]:
        """Return a record a row: its path, its cluster (-1 is noise) and how sure that is."""
        groups, paths = self.report.groups, self.report.paths
        return [
            {
                "path": paths[row],
                "cluster": int(cluster),
                "probability": float(groups.probabilities[row]),
                "outlier_score": float(groups.outlier_scores[row]),
                "silhouette": float(groups.silhouettes[row]),
            }
            for row, cluster in enumerate(groups.clusters)
        ]

    def shown(self) -> list[dict[str, Any]]:
        """Return a record a cluster: its size and the path of the row in its middle."""
        groups, paths = self.report.groups, self.report.paths
        sizes = Counter(map(int, groups.clusters))
        return [
            {"cluster": number, "rows": sizes[number], "medoid": paths[medoid]}
            for number, medoid in enumerate(groups.medoids)
        ]

    def title(self) -> str:
        """Say how many there are, and how good."""
        report = self.report
        figures = ", ".join(f"{name} {value:.3f}" for name, value in report.metrics.items())
        return (
            f"{report.index.name}: {report.n_clusters} clusters of {report.rows:,} rows by "
            f"{report.method}, {report.noise_share:.1%} noise; {figures or 'no figures'}"
        )


@dataclass(frozen=True, repr=False)
class Duplicates(Tabular):
    """Files that show the same image, in groups; the best of each group first.

    Attributes:
        report: All that was found; see `artvec.commands.duplicates.DuplicatesReport`.
    """

    report: DuplicatesReport

    def __len__(self) -> int:
        return len(self.report.groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(self.report.groups)

    def to_dict(self) -> dict[str, Any]:
        """Return what `artvec duplicates --json` prints."""
        report = self.report
        groups = [
            {
                "kind": group.kind,
                "paths": [file.path for file in group.files],
                "files": [file.file for file in group.files],
                "splits": sorted({file.split for file in group.files if file.split}),
                "similarity": [round(file.similarity, 6) for file in group.files],
                "hash_bits": [file.hash_bits for file in group.files],
            }
            for group in report.groups
        ]
        names = ("n_copies", "copy_bytes", "n_leaks", "looked", "notes")
        return plain_object(
            {"index": report.index, "n_images": report.n_images, "groups": groups}
            | {name: getattr(report, name) for name in names}
        )

    def records(self) -> list[dict[str, Any]]:
        """Return a record a file."""
        return [
            {
                "group": number,
                "kind": group.kind,
                "width": file.width,
                "height": file.height,
                "size_bytes": file.size_bytes,
                "similarity": file.similarity,
                "label": file.label,
                "split": file.split,
                "path": file.path,
            }
            for number, group in enumerate(self.report.groups, 1)
            for file in group.files
        ]

    def title(self) -> str:
        """Say how many there are."""
        report = self.report
        return (
            f"{report.index.name}: {len(self)} groups of duplicates among "
            f"{report.n_images:,} images"
        )


def intervals_of(figures: Mapping[str, Interval]) -> dict[str, Any]:
    """Lay figures out for JSON."""
    return {name: interval_of(figure) for name, figure in figures.items()}


def interval_of(figure: Interval) -> dict[str, Any]:
    """Lay a figure out for JSON; an interval that isn't known is absent."""
    ends = [figure.low, figure.high]
    return {"value": figure.value} | ({"ci95": ends} if all(map(math.isfinite, ends)) else {})


def finite_or_none(value: float) -> float | None:
    """Return a number that JSON and tables can hold."""
    return value if math.isfinite(value) else None


def plain_object(fields: dict[str, Any]) -> dict[str, Any]:
    """Lay fields out as JSON types."""
    plain: dict[str, Any] = to_plain(fields)
    return plain
