"""Tables of counts for pages, shaded by share of the row; `counts.html` draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from artvec.core.types import Int64Array

_MAX_SIDE = 40
"""Rows and columns of a table."""


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


def confusion_table(counts: Int64Array, classes: Sequence[str]) -> Counts:
    """Lay out a (C, C) confusion matrix: rows are true labels, columns predicted ones.

    Where there are too many labels, those with the most mistakes are shown.
    """
    wrong = counts.sum(axis=1) - np.diag(counts)
    rows = np.sort(np.argsort(-wrong, kind="stable")[:_MAX_SIDE])
    names = [classes[row] for row in rows]
    table = counts_table(("true", "predicted"), names, names, counts[np.ix_(rows, rows)])
    hidden = len(classes) - len(rows)
    note = f"{hidden} labels with fewer mistakes are left out" if hidden else ""
    return replace(table, left_out=note)


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
        f"{len(names) - len(listed)} smaller {noun}s"
        for noun, names, listed in zip(
            corner, (rows, columns), (keep_rows, keep_columns), strict=True
        )
        if len(listed) < len(names)
    ]
    note = f"{' and '.join(hidden)} are left out" if hidden else ""
    return Counts(corner, tuple(columns[at] for at in keep_columns), lines, note)
