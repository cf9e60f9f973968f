"""Results as tables: of text in a terminal, of HTML in a notebook, of Arrow and pandas."""

from __future__ import annotations

import html
import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from artvec.core.errors import ArtvecError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_MOST_LINES = 30
_LONGEST_CELL = 60

Record = Mapping[str, Any]


class Tabular:
    """A result that shows itself: what has records and a title has tables of every kind."""

    @abstractmethod
    def records(self) -> list[dict[str, Any]]:
        """Return the result as records of equal keys, a table's rows."""

    @abstractmethod
    def title(self) -> str:
        """Say in a line what the result is of."""

    def shown(self) -> Sequence[Record]:
        """Return the records of the tables that people see; all, unless a result says otherwise."""
        return self.records()

    def to_arrow(self) -> pa.Table:
        """Return the records as a table."""
        import pyarrow as pa

        return pa.Table.from_pylist(self.records())

    def to_pandas(self) -> pd.DataFrame:
        """Return the records as a data frame.

        Raises:
            ArtvecError: pandas is not installed.
        """
        require_pandas()
        return self.to_arrow().to_pandas()

    def __repr__(self) -> str:
        return text_table(self.title(), self.shown())

    def _repr_html_(self) -> str:
        return html_table(self.title(), self.shown())


def require_pandas() -> None:
    """Make sure that pandas, which artvec itself doesn't need, can be imported.

    Raises:
        ArtvecError: It can't.
    """
    try:
        import pandas  # noqa: F401
    except ImportError as error:
        raise ArtvecError(
            "pandas is not installed", "pip install pandas; or use to_arrow()"
        ) from error


def text_table(title: str, records: Sequence[Record]) -> str:
    """Lay records out in columns, numbers to the right; of many, the first ones."""
    if not records:
        return title
    names = list(records[0])
    rows = [[_cell(record[name]) for name in names] for record in records[:_MOST_LINES]]
    numeric = [all(_is_number(record[name]) for record in records) for name in names]
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    lines = [title]
    for row in [names, *rows]:
        cells = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        lines.append("  ".join(cells).rstrip())
    return "\n".join([*lines, *_more(records)])


def html_table(title: str, records: Sequence[Record]) -> str:
    """Lay records out as an HTML table, every text escaped; of many, the first ones."""
    names = list(records[0]) if records else []
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(_html_cell(record[name]) for name in names) + "</tr>"
        for record in records[:_MOST_LINES]
    )
    more = "".join(f"<p>{line}</p>" for line in _more(records))
    return (
        f"<p>{html.escape(title)}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
    )


def _more(records: Sequence[Record]) -> list[str]:
    left_out = len(records) - _MOST_LINES
    return [f"… {left_out:,} more"] if left_out > 0 else []


def _html_cell(value: Any) -> str:
    align = ' style="text-align:right"' if _is_number(value) else ' style="text-align:left"'
    return f"<td{align}>{html.escape(_cell(value))}</td>"


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    text = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
