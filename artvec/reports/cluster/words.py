"""What the figures say, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from artvec.commands.cluster import Findings
from artvec.core.results import Interval
from artvec.core.wording import counted
from artvec.metrics.registry import METRICS, metric_of
from artvec.reports.shared.figure_text import decimal, how_to_read

_STRONG, _REASONABLE, _WEAK = 0.5, 0.25, 0.1
"""After the table of Kaufman and Rousseeuw (1990), lowered by one step for cosine in many
dimensions, where distances lie close together."""


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A figure in a table, and how to read it.

    Attributes:
        title: Its name.
        reading: Its range and what it says.
        value: As text.
        interval: As text; empty where there is none.
    """

    title: str
    reading: str
    value: str
    interval: str = ""


def lines_of_quality(figures: Mapping[str, float]) -> list[FigureLine]:
    """Return a line of a table for each figure of a clustering, in their order."""
    return [
        FigureLine(metric_of(key).title, how_to_read(key), decimal(value))
        for key, value in figures.items()
    ]


def lines_of_evaluation(figures: Mapping[str, Interval]) -> list[FigureLine]:
    """Return a line of a table for each figure of an evaluation, in their order.

    Figures of agreement are of k-means clusters there, see `artvec eval`.
    """
    return [
        FigureLine(
            metric_of(key).title,
            how_to_read(key),
            decimal(figure.value),
            f"{decimal(figure.low)} to {decimal(figure.high)}" if np.isfinite(figure.low) else "",
        )
        for key, figure in figures.items()
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


def note_sentence(text: str) -> str:
    """Return a note as a sentence; a figure it begins with has its name of the page's tables."""
    first, _, rest = text.partition(" ")
    for key in (first, f"{first}_accuracy"):
        if key in METRICS:
            return f"“{METRICS[key].title}” {rest}."
    return f"{text[:1].upper()}{text[1:]}."


def _separation(silhouette: float) -> str:
    mean = f"(mean silhouette {silhouette:.2f})".replace("-", "−")
    if silhouette >= _STRONG:
        return f"The clusters are clearly apart {mean}."
    if silhouette >= _REASONABLE:
        return f"The clusters are well apart, with some overlap at their edges {mean}."
    if silhouette >= _WEAK:
        return f"The clusters overlap: read them as tendencies {mean}."
    return f"The clusters run into one another: their borders are arbitrary {mean}."


def _share(part: int, whole: int) -> str:
    percent = 100 * part / max(1, whole)
    return f"{percent:.0f} %" if percent >= 1 else f"{part:,}"
