"""Tell columns of numbers from columns of text: a number must come back as it was written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


def column_type(cells: Sequence[str]) -> str:
    """Return `int64`, `double` or `string`; empty cells have no say.

    Codes stay text: `007`, `1985.10`, `12E4`, `+1`, a column with both `2` and `2.0`.
    """
    present = {cell for cell in cells if cell}
    if present and all(map(_is_integer, present)):
        return "int64"
    if present and all(map(_is_double, present)) and len(set(map(float, present))) == len(present):
        return "double"
    return "string"


def typed(cell: str, kind: str) -> Any:
    """Return a cell as its column's type; None for an empty one."""
    if not cell:
        return None
    return {"int64": int, "double": float, "string": str}[kind](cell)


def _is_integer(cell: str) -> bool:
    try:
        return str(int(cell)) == cell and -(2**63) <= int(cell) < 2**63
    except ValueError:
        return False


def _is_double(cell: str) -> bool:
    """Say whether a cell is the shortest spelling of a finite double, `.0` being optional."""
    try:
        number = float(cell)
    except ValueError:
        return False
    spelling = repr(number)
    return math.isfinite(number) and cell in (spelling, spelling.removesuffix(".0"))
