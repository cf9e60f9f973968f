"""Figures for papers as PNG files: map, silhouettes, confusion matrix, labels by clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from artvec.files import replaced_whole
from artvec.report.explorer.findings import Evaluated, Findings
from artvec.report.palette import NONE, colour_of
from artvec.types import Int32Array, Int64Array

_DPI = 200
_MARKERS = "os^DvP"
"""Shapes tell apart what has the same colour: the palette comes again after thirty categories."""
_PALETTE = 30
_LEGEND_ENTRIES = 30
_NUMBERED_TABLE = 20
"""Up to so many rows and columns, the counts are written into their cells."""
_TICKS = 40
"""Numbers along an axis of clusters, at most."""
_STYLE = {
    "font.size": 9,
    "font.family": "DejaVu Sans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "figure.facecolor": "white",
    "svg.hashsalt": "artvec",
}

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
        with mpl.rc_context(_STYLE):
            figure = draw(findings)
            if figure is not None:
                written.append(_saved(figure, folder / f"{name}.png"))
    return tuple(written)


def _saved(figure: Figure, file: Path) -> Path:
    FigureCanvasAgg(figure)
    with replaced_whole(file) as beside:
        metadata = {"Software": "artvec"}
        figure.savefig(beside, format="png", dpi=_DPI, bbox_inches="tight", metadata=metadata)
    return file


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
    """Draw points coloured by code; -1, which comes first and lies below, has none."""
    points = findings.projection.points
    figure = Figure(figsize=(7, 6))
    axes = figure.add_subplot(aspect="equal")
    size = float(np.clip(20_000 / max(1, len(points)), 0.6, 22))
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    told = set(np.argsort(-counts, kind="stable")[:_LEGEND_ENTRIES].tolist())
    for number in range(-1, len(names)):
        some = points[codes == number]
        if not len(some):
            continue
        name = none if number < 0 else names[number] if number in told else None
        marker = _MARKERS[max(0, number) // _PALETTE % len(_MARKERS)]
        axes.scatter(
            some[:, 0],
            some[:, 1],
            s=size,
            c=colour_of(number),
            marker=marker,
            linewidths=0,
            alpha=0.5 if number < 0 else 0.85,
            label=_short(name) if name else None,
            rasterized=True,
        )
    axes.set(
        xticks=[], yticks=[], title=f"{findings.projection.method} of {len(points):,} pictures"
    )
    axes.spines[:].set_visible(False)
    left_out = len(names) - len(told)
    heading = f"the {len(told)} largest of {len(names)}" if left_out > 0 else None
    _legend(axes, heading)
    return figure


def _legend(axes: Axes, heading: str | None) -> None:
    if not axes.get_legend_handles_labels()[0]:
        return
    legend = axes.legend(
        loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, title=heading, fontsize=8
    )
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_sizes([24])
            handle.set_alpha(1)


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
    told = _spaced(middles, top / _TICKS)
    axes.set_yticks([middles[number] for number in told], [str(number) for number in told])
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
    return _heat(counts, names, columns, ("cluster", "label"))


def _confusion(findings: Findings) -> Figure | None:
    evaluated: Evaluated | None = findings.evaluation
    if evaluated is None:
        return None
    axes = (f"told by {evaluated.by}", "true label")
    return _heat(evaluated.confusion, evaluated.classes, evaluated.classes, axes)


def _heat(
    counts: Int64Array, rows: Sequence[str], columns: Sequence[str], axis_names: tuple[str, str]
) -> Figure:
    """Draw (R, C) counts, shaded by their share of the row."""
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    width, height = (float(np.clip(0.32 * n, 3, 14)) for n in (len(columns), len(rows)))
    figure = Figure(figsize=(width + 1, height + 0.5))
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    fitting = 7 if max(len(rows), len(columns)) <= 45 else 4
    axes.set_xticks(range(len(columns)), [_short(c) for c in columns], rotation=90)
    axes.set_yticks(range(len(rows)), [_short(r) for r in rows])
    axes.tick_params(length=0, labelsize=fitting)
    axes.set(xlabel=axis_names[0], ylabel=axis_names[1])
    axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, label="share of the row", fraction=0.04, pad=0.02)
    if max(len(rows), len(columns)) <= _NUMBERED_TABLE:
        for row, column in np.argwhere(counts):
            ink = "white" if shares[row, column] > 0.6 else "black"
            text = f"{counts[row, column]}"
            axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=7)
    return figure


def _spaced(places: Sequence[float], least: float) -> list[int]:
    """Return the numbers of ascending places that lie far enough from the one before."""
    told: list[int] = []
    for number, place in enumerate(places):
        if not told or place - places[told[-1]] >= least:
            told.append(number)
    return told


def _short(name: str) -> str:
    """Cut a long name, and keep matplotlib from reading it as a formula."""
    cut = name if len(name) <= 28 else name[:27] + "…"
    return cut.replace("$", r"\$")
