"""What the figures say, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from artvec.core.results import Interval
from artvec.core.wording import counted
from artvec.reports.cluster.findings import Findings

_SILHOUETTE = (
    "From -1 to 1: how much nearer a picture is to its own {group} than to the next one; "
    "high-dimensional embeddings rarely pass .3."
)
_OF_CLUSTERS = {
    "silhouette_cosine": ("Silhouette", _SILHOUETTE.format(group="cluster")),
    "silhouette_reduced": ("Silhouette, reduced", "The same after the reduction of dimensions."),
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
}
_AGREEMENT = {
    "nmi": (
        "NMI",
        "0 to 1: what clusters and labels tell of each other; grows with more clusters.",
    ),
    "ami": ("AMI", "As NMI, corrected for chance: 0 is what random clusters reach, 1 agreement."),
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
}
_OF_LABELS = {
    "knn1_accuracy": (
        "Nearest neighbour",
        "Share of pictures whose nearest neighbour has their label.",
    ),
    "knn5_accuracy": (
        "5 neighbours",
        "The same by a vote of the five nearest, nearer ones counting more.",
    ),
    "knn20_accuracy": ("20 neighbours", "The same by a vote of the twenty nearest."),
    "knn20_uniform_accuracy": ("20 neighbours, uniform", "The same, each with one vote."),
    "linear_probe_accuracy": (
        "Linear probe",
        "Share of pictures whose label a linear classifier on the embeddings tells.",
    ),
    "linear_probe_top5_accuracy": (
        "Linear probe, top 5",
        "Share of pictures whose label is among its first five.",
    ),
    "head_accuracy": ("Head", "Share of pictures whose label the trained head tells."),
    "head_top5_accuracy": ("Head, top 5", "Share of pictures whose label is among its first five."),
    "precision_at_1": ("Precision at 1", "Share of queries whose nearest picture has their label."),
    "precision_at_5": ("Precision at 5", "Share of the five nearest that bear the query's label."),
    "recall_at_1": ("Recall at 1", "The same as precision at 1."),
    "recall_at_5": (
        "Recall at 5",
        "Share of queries with one of their label among the first five.",
    ),
    "recall_at_10": ("Recall at 10", "Share of queries with one among the first ten."),
    "r_precision": ("R-precision", "Precision among as many pictures as the query's label has."),
    "map_at_r": ("MAP@R", "As R-precision, but it counts how early the right ones come."),
    "silhouette_cosine": ("Silhouette of labels", _SILHOUETTE.format(group="label")),
    "silhouette_euclidean": ("Silhouette, Euclidean", "The same by Euclidean distance."),
}
_NOISE = {"_noise_as_cluster": "noise as one cluster", "_without_noise": "without noise"}
_STRONG, _REASONABLE, _WEAK = 0.5, 0.25, 0.1
"""After the table of Kaufman and Rousseeuw (1990), lowered by one step for cosine in many
dimensions, where distances lie close together."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure and how to read it.

    Attributes:
        name: In words.
        how: One sentence.
        value: As text.
        interval: As text; empty where there is none.
    """

    name: str
    how: str
    value: str
    interval: str = ""


def of_clusters(figures: Mapping[str, float]) -> list[Reading]:
    """Return a line of a table for each figure of a clustering, in their order."""
    return [
        Reading(*_told(name, _OF_CLUSTERS | _AGREEMENT), decimal(value))
        for name, value in figures.items()
    ]


def of_labels(figures: Mapping[str, Interval]) -> list[Reading]:
    """Return a line of a table for each figure of an evaluation, in their order.

    Figures of agreement are of k-means clusters there, see `artvec eval`.
    """
    return [
        Reading(
            *_told(name, _OF_LABELS | _AGREEMENT),
            decimal(figure.value),
            f"{decimal(figure.low)} to {decimal(figure.high)}" if np.isfinite(figure.low) else "",
        )
        for name, figure in figures.items()
    ]


def summary(findings: Findings) -> Iterator[str]:
    """Yield the first sentences of a page: what there is, and what the figures say of it."""
    groups = findings.groups
    rows, found = findings.collection.rows, len(groups.medoids)
    noise = int((groups.clusters < 0).sum())
    if not found:
        yield f"{counted(rows, 'picture')}, and no clusters among them."
        return
    if found == 1 and not noise:
        yield f"{counted(rows, 'picture')}, all in one cluster."
    else:
        apart = f", {_share(noise, rows)} belong to none" if noise else ", none is left over"
        yield f"{counted(rows, 'picture')} fall into {counted(found, 'cluster')}{apart}."
    if findings.have_silhouettes:
        yield _separation(float(groups.silhouettes[groups.clusters >= 0].mean()))
    if findings.copies:
        times = "is" if len(findings.copies) == 1 else "are"
        yield f"{counted(len(findings.copies), 'picture')} {times} there more than once."
    if findings.failures:
        yield f"{counted(len(findings.failures), 'file')} could not be read, see the end."


def note(text: str) -> str:
    """Return a note as a sentence; a figure it begins with bears its name in the page's tables."""
    first, _, rest = text.partition(" ")
    for identifier in (first, f"{first}_accuracy"):
        if identifier in _OF_LABELS:
            return f"“{_OF_LABELS[identifier][0]}” {rest}."
    return f"{text[:1].upper()}{text[1:]}."


def decimal(value: float) -> str:
    """Return a figure with as many digits as one reads."""
    if not np.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:z.3f}".replace("-", "−")


def _separation(silhouette: float) -> str:
    told = f"(mean silhouette {silhouette:.2f})".replace("-", "−")
    if silhouette >= _STRONG:
        return f"The clusters are clearly apart {told}."
    if silhouette >= _REASONABLE:
        return f"The clusters are well apart, with some overlap at their edges {told}."
    if silhouette >= _WEAK:
        return f"The clusters overlap: read them as tendencies {told}."
    return f"The clusters run into one another: their borders are arbitrary {told}."


def _told(name: str, known: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """Return a figure's name in words and how to read it; one unknown here has its name only."""
    for suffix, meaning in _NOISE.items():
        if name.endswith(suffix):
            title, how = _told(name.removesuffix(suffix), known)
            return f"{title}, {meaning}", how
    return known.get(name, (name.replace("_", " ").capitalize(), ""))


def _share(part: int, whole: int) -> str:
    percent = 100 * part / max(1, whole)
    return f"{percent:.0f} %" if percent >= 1 else f"{part:,}"
