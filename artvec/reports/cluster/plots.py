"""Drawings that need no script: the silhouette plot as SVG paths, labels by cluster as a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artvec.commands.cluster import Findings
from artvec.core.types import Float32Array
from artvec.reports.shared.counts import Counts, counts_table
from artvec.reports.shared.palette import colour_of

_MAX_BARS = 40
_STEPS = 48
"""Points of a cluster's outline."""
_HEIGHT_PX, _LEAST_PX, _GAP_PX = 560, 5, 3
_WIDTH_PX = 1000


@dataclass(frozen=True, slots=True)
class Bar:
    """A cluster in the silhouette plot.

    Attributes:
        number: Of the cluster.
        colour: Of the cluster.
        path: SVG path of its sorted silhouettes.
        middle_px: Where its name stands.
    """

    number: int
    colour: str
    path: str
    middle_px: float


@dataclass(frozen=True, slots=True)
class SilhouettePlot:
    """Silhouettes of the largest clusters, each sorted, one under the other.

    Attributes:
        bars: See `Bar`.
        height_px: Of the drawing, `width_px` wide.
        width_px: See there.
        zero_px: Where 0 lies.
        mean_px: Where the mean of all pictures in clusters lies.
        ticks: Texts and where they stand.
    """

    bars: tuple[Bar, ...]
    height_px: float
    width_px: int
    zero_px: float
    mean_px: float
    ticks: tuple[tuple[str, float], ...]


def silhouette_plot(findings: Findings) -> SilhouettePlot | None:
    """Return the plot, or None where there are no silhouettes."""
    if not findings.have_silhouettes:
        return None
    groups = findings.groups
    inside = groups.silhouettes[groups.clusters >= 0]
    low = min(0.0, float(np.floor(inside.min() * 10) / 10))
    high = max(0.1, float(np.ceil(inside.max() * 10) / 10))

    def across(value: float) -> float:
        return round((value - low) / (high - low) * _WIDTH_PX, 1)

    bars, top = [], 0.0
    for number in range(min(len(groups.medoids), _MAX_BARS)):
        values = np.sort(groups.silhouettes[groups.clusters == number])[::-1]
        height = max(_LEAST_PX, _HEIGHT_PX * len(values) / len(inside))
        points = [(across(value), top + height * at) for at, value in _outline(values)]
        path = f"M{across(0)} {top:.1f}" + "".join(f"L{x} {y:.1f}" for x, y in points)
        path += f"L{across(0)} {top + height:.1f}Z"
        bars.append(Bar(number, colour_of(number), path, round(top + height / 2, 1)))
        top += height + _GAP_PX
    ticks = [low + (high - low) * at / 4 for at in range(5)]
    marks = tuple((f"{tick:.2f}".replace("-", "−"), across(tick)) for tick in ticks)
    return SilhouettePlot(
        tuple(bars), round(top, 1), _WIDTH_PX, across(0), across(float(inside.mean())), marks
    )


def label_table(findings: Findings) -> Counts | None:
    """Return how labels fall into clusters, or None without labels."""
    labels = findings.labels
    names = sorted({label for label in labels if label is not None})
    if not names or not len(findings.groups.medoids):
        return None
    code = {name: at for at, name in enumerate(names)}
    noise = len(findings.groups.medoids)
    counts = np.zeros((len(names), noise + 1), dtype=np.int64)
    for label, cluster in zip(labels, findings.groups.clusters.tolist(), strict=True):
        if label is not None:
            counts[code[label], cluster if cluster >= 0 else noise] += 1
    columns = [*(str(number) for number in range(noise)), "none"]
    if not counts[:, noise].any():
        counts, columns = counts[:, :noise], columns[:noise]
    return counts_table(("label", "cluster"), names, columns, counts)


def _outline(values: Float32Array) -> list[tuple[float, float]]:
    """Return how far down (0 to 1) and which silhouette, at few points of the sorted ones."""
    if len(values) == 1:
        return [(0.0, float(values[0])), (1.0, float(values[0]))]
    downs = np.linspace(0, 1, min(_STEPS, len(values)))
    at = np.rint(downs * (len(values) - 1)).astype(np.int64)
    return list(zip(downs.tolist(), values[at].tolist(), strict=True))
