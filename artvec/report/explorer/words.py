"""What the figures say, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from artvec.report.explorer.findings import Findings
from artvec.types import Interval

_READING: dict[str, tuple[str, str]] = {
    "silhouette": (
        "Silhouette",
        "From -1 to 1: how much nearer a picture is to its own cluster than to the next one; "
        "high-dimensional embeddings rarely pass .3.",
    ),
    "davies_bouldin": (
        "Davies-Bouldin index",
        "0 is best: the spread of two clusters over the distance of their centres, for the worst "
        "neighbour of each.",
    ),
    "calinski_harabasz": (
        "Calinski-Harabasz index",
        "Higher is better, without an upper end: variance between clusters over variance within; "
        "compare it only for the same pictures.",
    ),
    "dbcv": (
        "DBCV",
        "From -1 to 1: whether clusters of any shape are denser inside than the gaps between them.",
    ),
    "nmi": (
        "NMI",
        "0 to 1: what clusters and labels tell of each other; grows with more clusters.",
    ),
    "ami": (
        "AMI",
        "As NMI, corrected for chance: 0 is what random clusters reach, 1 is agreement.",
    ),
    "ari": (
        "ARI",
        "Pairs of pictures on which clusters and labels agree, corrected for chance: 0 is chance.",
    ),
    "matched_accuracy": (
        "Matched accuracy",
        "Share of pictures whose label is that of their cluster, each matched to one label.",
    ),
    "purity": (
        "Purity",
        "Share of pictures that bear the most frequent label of their cluster; 1 is trivial "
        "with a cluster for each picture.",
    ),
    "noise_share": ("Noise", "Share of pictures that belong to no cluster."),
    "knn": ("Nearest neighbours vote", "Share of pictures whose label their neighbours tell."),
    "linear_probe_accuracy": (
        "Linear probe",
        "Share of pictures whose label a linear classifier on the embeddings tells.",
    ),
    "head_accuracy": ("Trained head", "Share of pictures whose label the trained head tells."),
    "precision_at": (
        "Precision",
        "Share of the nearest pictures that bear the query's label.",
    ),
    "recall_at": (
        "Recall",
        "Share of queries that have one of their label among the nearest pictures.",
    ),
    "r_precision": (
        "R-precision",
        "Precision among as many pictures as the query's label has.",
    ),
    "map_at_r": ("MAP@R", "As R-precision, but it counts how early the right ones come."),
}
_IN = {
    "cosine": "cosine distance, full space",
    "euclidean": "Euclidean distance, full space",
    "full": "full space",
    "reduced": "reduced space",
    "with_noise": "noise as one cluster",
    "noise_as_cluster": "noise as one cluster",
    "without_noise": "without noise",
}
_STRONG, _REASONABLE, _WEAK = 0.5, 0.25, 0.1
"""After the table of Kaufman and Rousseeuw (1990), lowered by one step for cosine in many
dimensions, where distances lie close together."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure and how to read it.

    Attributes:
        name: In words.
        value: As text.
        interval: As text; empty where there is none.
        how: One sentence.
    """

    name: str
    value: str
    interval: str
    how: str


def readings(figures: Mapping[str, float | Interval]) -> list[Reading]:
    """Return a line of a table for each figure, in their order."""
    return [_reading(name, figure) for name, figure in figures.items()]


def summary(findings: Findings) -> Iterator[str]:
    """Yield the first sentences of a page: what there is, and what the figures say of it."""
    groups = findings.groups
    rows, found = findings.collection.rows, len(groups.medoids)
    noise = int((groups.clusters < 0).sum())
    if not found:
        yield f"{counted(rows, 'picture')}, and no clusters among them."
        return
    apart = f", {_share(noise, rows)} belong to none" if noise else ", none is left over"
    yield f"{counted(rows, 'picture')} fall into {counted(found, 'cluster')}{apart}."
    yield _separation(float(groups.silhouettes[groups.clusters >= 0].mean()))
    if findings.copies:
        same = sum(len(group.rows) for group in findings.copies)
        yield f"{same:,} pictures are there more than once."
    if findings.failures:
        yield f"{counted(len(findings.failures), 'file')} could not be read, see the end."


def counted(number: int, noun: str) -> str:
    """Return `1 picture`, `2,000 pictures`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def decimal(value: float) -> str:
    """Return a figure with as many digits as one reads."""
    if not np.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}".replace("-", "−")


def _separation(silhouette: float) -> str:
    told = f"(mean silhouette {silhouette:.2f})".replace("-", "−")
    if silhouette >= _STRONG:
        return f"The clusters are clearly apart {told}."
    if silhouette >= _REASONABLE:
        return f"The clusters are well apart, with some overlap at their edges {told}."
    if silhouette >= _WEAK:
        return f"The clusters overlap: read them as tendencies {told}."
    return f"The clusters run into one another: their borders are arbitrary {told}."


def _reading(name: str, figure: float | Interval) -> Reading:
    known = max((key for key in _READING if name.startswith(key)), key=len, default=None)
    title, how = _READING[known] if known else (name.replace("_", " ").capitalize(), "")
    rest = name.removeprefix(known or name).removesuffix("_accuracy").strip("_")
    title += f" ({_IN.get(rest, rest.replace('_', ' '))})" if rest else ""
    if isinstance(figure, Interval):
        how = how.replace("its own cluster", "its own label")
        interval = f"{decimal(figure.low)} to {decimal(figure.high)}"
        return Reading(title, decimal(figure.value), interval, how)
    return Reading(title, decimal(figure), "", how)


def _share(part: int, whole: int) -> str:
    percent = 100 * part / max(1, whole)
    return f"{percent:.0f} %" if percent >= 1 else f"{part:,}"
