"""Drawings that need no script: the silhouette plot as SVG paths, counts as shaded tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artvec.core.types import Float32Array, Int64Array
from artvec.reports.cluster.findings import Evaluated, Findings
from artvec.reports.shared.palette import colour_of

_MAX_BARS = 40
_STEPS = 48
"""Points of a cluster's outline."""
_HEIGHT_PX, _LEAST_PX, _GAP_PX = 560, 5, 3
_WIDTH_PX = 1000
_MAX_SIDE = 40
"""Rows and columns of a table of counts."""


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


@dataclass(frozen=True, slots=True)
class Counts:
    """A table of counts, shaded by share of the row.

    Attributes:
        corner: What rows and columns are.
        columns: Names.
        rows: Names, counts and shares (0 to 1) of the row.
        left_out: What is not shown, in words; empty where all is.
    """

    corner: tuple[str, str]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[int, float], ...]], ...]
    left_out: str


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


def confusion_table(evaluated: Evaluated) -> Counts:
    """Return how labels were told."""
    wrong = evaluated.confusion.sum(axis=1) - np.diag(evaluated.confusion)
    shown = np.sort(np.argsort(-wrong, kind="stable")[:_MAX_SIDE])
    names = [evaluated.classes[at] for at in shown]
    table = counts_table(("true", "told"), names, names, evaluated.confusion[np.ix_(shown, shown)])
    hidden = len(evaluated.classes) - len(shown)
    told = f"{hidden} labels with fewer mistakes are left out" if hidden else ""
    return Counts(table.corner, table.columns, table.rows, told)


def counts_table(
    corner: tuple[str, str], rows: Sequence[str], columns: Sequence[str], counts: Int64Array
) -> Counts:
    """Lay out (R, C) counts, the rows and columns with most where there are too many."""
    keep_rows = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:_MAX_SIDE])
    keep_columns = np.sort(np.argsort(-counts.sum(axis=0), kind="stable")[:_MAX_SIDE])
    totals = counts.sum(axis=1)
    lines = tuple(
        (
            rows[row],
            tuple(
                (int(count), round(float(count / max(1, totals[row])), 3))
                for count in counts[row, keep_columns]
            ),
        )
        for row in keep_rows
    )
    hidden = [
        f"{len(names) - len(kept)} smaller {noun}s"
        for noun, names, kept in zip(
            corner, (rows, columns), (keep_rows, keep_columns), strict=True
        )
        if len(kept) < len(names)
    ]
    told = f"{' and '.join(hidden)} are left out" if hidden else ""
    return Counts(corner, tuple(columns[at] for at in keep_columns), lines, told)


def _outline(values: Float32Array) -> list[tuple[float, float]]:
    """Return how far down (0 to 1) and which silhouette, at few points of the sorted ones."""
    if len(values) == 1:
        return [(0.0, float(values[0])), (1.0, float(values[0]))]
    downs = np.linspace(0, 1, min(_STEPS, len(values)))
    at = np.rint(downs * (len(values) - 1)).astype(np.int64)
    return list(zip(downs.tolist(), values[at].tolist(), strict=True))
