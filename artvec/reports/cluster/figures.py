"""Figures of a clustering as PNG files: map, silhouettes, sizes, labels, confusion matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from artvec.commands.cluster import Findings
from artvec.core.types import Int32Array
from artvec.reports.shared.drawing import heat, legend, saved, scatter, styled
from artvec.reports.shared.palette import NONE, colour_of

_TICKS = 40
"""Numbers along an axis of clusters, at most."""

_Draw = Callable[[Findings], Figure | None]


def write_figures(folder: Path, findings: Findings) -> tuple[Path, ...]:
    """Write every figure that the findings allow, the same bytes for the same findings.

    Args:
        folder: Made where it isn't there; files of these names are replaced.
        findings: What to draw.

    Returns:
        The files: `map-by-cluster.png`, `map-by-label.png`, `silhouettes.png`,
        `cluster-sizes.png`, `labels-by-cluster.png`, `confusion.png`.

    Raises:
        OSError: One can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures: dict[str, _Draw] = {
        "map-by-cluster": _map_by_cluster,
        "map-by-label": _map_by_label,
        "silhouettes": _silhouettes,
        "cluster-sizes": _sizes,
        "labels-by-cluster": _labels_by_cluster,
        "confusion": _confusion,
    }
    written = []
    for name, draw in figures.items():
        with styled():
            figure = draw(findings)
            if figure is not None:
                written.append(saved(figure, folder / f"{name}.png"))
    return tuple(written)


def _map_by_cluster(findings: Findings) -> Figure:
    groups = findings.groups
    names = [f"cluster {number}" for number in range(len(groups.medoids))]
    figure = _map(findings, groups.clusters, names, "no cluster")
    axes = figure.axes[0]
    for number, medoid in enumerate(groups.medoids):
        x, y = findings.projection.points[medoid]
        halo = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.75}
        axes.text(x, y, str(number), ha="center", va="center", fontsize=7, bbox=halo)
    return figure


def _map_by_label(findings: Findings) -> Figure | None:
    names = sorted({label for label in findings.labels if label is not None})
    if not names:
        return None
    code = {name: at for at, name in enumerate(names)}
    codes = [-1 if label is None else code[label] for label in findings.labels]
    return _map(findings, np.array(codes, dtype=np.int32), names, "no label")


def _map(findings: Findings, codes: Int32Array, names: Sequence[str], none: str) -> Figure:
    points = findings.projection.points
    figure = Figure(figsize=(7, 6))
    axes = figure.add_subplot()
    legend_names = scatter(axes, points, codes, [none, *names])
    axes.set_title(f"{findings.projection.method} of {len(points):,} pictures")
    left_out = len(names) - len(legend_names)
    legend(axes, f"the {len(legend_names)} largest of {len(names)}" if left_out > 0 else None)
    return figure


def _silhouettes(findings: Findings) -> Figure | None:
    if not findings.have_silhouettes:
        return None
    groups = findings.groups
    n_clusters = len(groups.medoids)
    figure = Figure(figsize=(6, 6))
    axes = figure.add_subplot()
    inside = groups.silhouettes[groups.clusters >= 0]
    gap = len(inside) * 0.1 / n_clusters
    top, middles = 0.0, []
    for number in range(n_clusters):
        values = np.sort(groups.silhouettes[groups.clusters == number])[::-1]
        down = top + np.arange(len(values) + 1)
        axes.stairs(
            values, down, orientation="horizontal", fill=True, color=colour_of(number), snap=False
        )
        middles.append(top + len(values) / 2)
        top += len(values) + gap
    axes.axvline(0, color="black", lw=0.8)
    axes.axvline(float(inside.mean()), color="black", lw=0.8, ls="--")
    ticks = _spaced(middles, top / _TICKS)
    axes.set_yticks([middles[number] for number in ticks], [str(number) for number in ticks])
    axes.set(xlabel="silhouette (cosine)", ylabel="cluster", ylim=(top, 0))
    axes.set_title(f"mean {inside.mean():.3f}")
    return figure


def _sizes(findings: Findings) -> Figure | None:
    groups = findings.groups
    if not len(groups.medoids):
        return None
    sizes = np.bincount(groups.clusters[groups.clusters >= 0], minlength=len(groups.medoids))
    noise = int((groups.clusters < 0).sum())
    figure = Figure(figsize=(min(14, max(4, 0.25 * len(sizes))), 3.5))
    axes = figure.add_subplot()
    axes.bar(np.arange(len(sizes)), sizes, color=[colour_of(n) for n in range(len(sizes))])
    if noise:
        axes.bar([len(sizes) + 0.5], [noise], color=NONE)
    at: list[float] = list(range(0, len(sizes), max(1, len(sizes) // _TICKS)))
    names = [str(number) for number in at]
    if noise:
        at, names = [*at, len(sizes) + 0.5], [*names, "none"]
    axes.set_xticks(at, names, rotation=90 if len(sizes) > 20 else 0)
    axes.set(xlabel="cluster", ylabel="pictures")
    return figure


def _labels_by_cluster(findings: Findings) -> Figure | None:
    names = sorted({label for label in findings.labels if label is not None})
    n_clusters = len(findings.groups.medoids)
    if not names or not n_clusters:
        return None
    code = {name: at for at, name in enumerate(names)}
    counts = np.zeros((len(names), n_clusters + 1), dtype=np.int64)
    for label, cluster in zip(findings.labels, findings.groups.clusters.tolist(), strict=True):
        if label is not None:
            counts[code[label], cluster] += 1  # noise, -1, is the last column
    columns = [*(str(number) for number in range(n_clusters)), "none"]
    return heat(counts, names, columns, ("cluster", "label"))


def _confusion(findings: Findings) -> Figure | None:
    evaluation = findings.evaluation
    if evaluation is None:
        return None
    axes = (f"predicted by {evaluation.classifier}", "true label")
    return heat(evaluation.confusion, evaluation.classes, evaluation.classes, axes)


def _spaced(places: Sequence[float], least: float) -> list[int]:
    """Return the numbers of ascending places that lie far enough from the one before."""
    chosen: list[int] = []
    for number, place in enumerate(places):
        if not chosen or place - places[chosen[-1]] >= least:
            chosen.append(number)
    return chosen
