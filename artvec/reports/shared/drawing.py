"""What all figures share: their style, files and SVG, points by category, tables of counts."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from artvec.core.files import replaced_whole
from artvec.core.types import Float32Array, Int32Array, Int64Array
from artvec.reports.shared.palette import colour_of

LEGEND_ENTRIES = 30
INK = "#010101"
"""Black, but known again: on a page it becomes the colour of the text around."""
_DPI = 200
_MARKERS = "os^DvP"
"""Shapes tell apart what has the same colour: the palette comes again after thirty categories."""
_PALETTE = 30
_NUMBERED_TABLE = 20
"""Up to so many rows and columns, the counts are written into their cells."""
_STYLE = {
    "font.size": 9,
    "text.parse_math": False,  # a name may hold dollar signs
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "figure.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "artvec",
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor"), INK),
    **dict.fromkeys(("xtick.color", "ytick.color"), INK),
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save in our style within this block, and say nothing of letters no font has."""
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph|Matplotlib currently does not support")
        yield


def saved(figure: Figure, file: Path) -> Path:
    """Write a figure as PNG, the same bytes for the same figure.

    Raises:
        OSError: It can't be written.
    """
    FigureCanvasAgg(figure)
    with styled(), replaced_whole(file) as beside:
        metadata = {"Software": "artvec"}
        figure.savefig(beside, format="png", dpi=_DPI, bbox_inches="tight", metadata=metadata)
    return file


def svg(figure: Figure) -> str:
    """Return a figure as an SVG element for a page: transparent, its ink that of the page."""
    text = io.StringIO()
    with styled():
        figure.savefig(text, format="svg", dpi=_DPI, transparent=True, metadata={"Date": None})
    whole = text.getvalue()
    element = whole[whole.index("<svg") :].replace(INK, "currentColor")
    return re.sub(r'<g id="\w+_\d+">', "<g>", element)  # several figures, the same ids


def scatter(axes: Axes, points: Float32Array, codes: Int32Array, names: Sequence[str]) -> list[str]:
    """Draw (n, 2) points coloured by code; -1, which comes first and lies below, has none.

    Args:
        axes: Where to.
        points: (n, 2).
        codes: (n,), into `names` but for its first.
        names: What -1 is called, then categories by code.

    Returns:
        The names that a legend holds: those of the largest categories.
    """
    size = float(np.clip(20_000 / max(1, len(points)), 0.6, 22))
    none, *categories = names
    in_legend = largest(codes, len(categories))
    for number in range(-1, len(categories)):
        some = points[codes == number]
        if not len(some):
            continue
        name = none if number < 0 else categories[number] if number in in_legend else None
        axes.scatter(
            some[:, 0],
            some[:, 1],
            s=size,
            c=colour_of(number),
            marker=_MARKERS[max(0, number) // _PALETTE % len(_MARKERS)],
            linewidths=0,
            alpha=0.5 if number < 0 else 0.85,
            label=short(name) if name else None,
            rasterized=True,
        )
    axes.set(xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_visible(False)
    return [categories[number] for number in in_legend]


def largest(codes: Int32Array, categories: int) -> list[int]:
    """Return the categories that a legend holds, the largest first."""
    counts = np.bincount(codes[codes >= 0], minlength=categories)
    most: list[int] = np.argsort(-counts, kind="stable")[:LEGEND_ENTRIES].tolist()
    return most


def legend(axes: Axes, heading: str | None) -> None:
    """Put the names of points to the right of them, where any has a name."""
    if not axes.get_legend_handles_labels()[0]:
        return
    drawn = axes.legend(
        loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, title=heading, fontsize=8
    )
    for handle in drawn.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_sizes([24])
            handle.set_alpha(1)


def heat(
    counts: Int64Array, rows: Sequence[str], columns: Sequence[str], axis_names: tuple[str, str]
) -> Figure:
    """Draw (R, C) counts, shaded by their share of the row."""
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    width, height = (float(np.clip(0.32 * n, 3, 14)) for n in (len(columns), len(rows)))
    figure = Figure(figsize=(width + 1, height + 0.5))
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    fitting = 7 if max(len(rows), len(columns)) <= 45 else 4
    axes.set_xticks(range(len(columns)), [short(c) for c in columns], rotation=90)
    axes.set_yticks(range(len(rows)), [short(r) for r in rows])
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


def short(name: str) -> str:
    """Cut a long name, and show what can't be drawn (line ends, halves of letters) as �."""
    shown = "".join(letter if letter.isprintable() else "�" for letter in name)
    return shown if len(shown) <= 28 else shown[:27] + "…"
