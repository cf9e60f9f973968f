"""A comparison as one tidy CSV file: a figure a line, of one collection or of two."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path

from artvec.commands.compare import Comparison, Pair, Row
from artvec.core.errors import ArtvecError
from artvec.core.files import write_whole
from artvec.core.results import Interval
from artvec.core.spreadsheet import harmless

COLUMNS = ("a", "b", "metric", "value", "low", "high", "verdict", "p_value", "p_value_holm")
Cell = str | float | None
_NO_TEST = (None, None, None)


def write_csv(comparison: Comparison, file: Path) -> None:
    """Write every figure (`b` is empty) and every difference; ends are of the 95 % interval.

    Raises:
        ArtvecError: The file can't be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in comparison.rows:
        writer.writerows(_of_row(row))
    writer.writerows(map(_of_pair, comparison.pairs))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, text.getvalue().encode())
    except OSError as failure:
        raise ArtvecError(
            f"{file} can't be written: {failure.strerror}", "choose another place: --csv FILE"
        ) from failure


def _of_row(row: Row) -> Iterator[list[Cell]]:
    name = harmless(row.name)
    for metric, interval in row.metrics.items():
        yield [name, None, metric, *_numbers(interval), *_NO_TEST]
    for metric, value in ({**row.geometry} | row.ranking).items():
        yield [name, None, metric, value, None, None, *_NO_TEST]


def _of_pair(pair: Pair) -> list[Cell]:
    names = [harmless(pair.a), harmless(pair.b)]
    numbers = _numbers(pair.difference)
    return [*names, pair.metric, *numbers, pair.verdict, pair.p_value, pair.p_value_holm]


def _numbers(interval: Interval) -> list[Cell]:
    """Lay out value, low and high; an end that isn't known is empty."""
    values = (interval.value, interval.low, interval.high)
    return [value if math.isfinite(value) else None for value in values]
