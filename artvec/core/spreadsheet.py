"""Text that is safe in a spreadsheet, which runs cells that begin as a formula does."""

from __future__ import annotations

from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")
"""What makes a spreadsheet run a cell, and the apostrophe that prevents it.

Source: OWASP, CSV Injection.
"""


def harmless(value: Any) -> Any:
    """Put an apostrophe before text that begins as a formula does, or with an apostrophe.

    So whoever wants the original removes one leading apostrophe where there is one.
    """
    is_formula = isinstance(value, str) and value.startswith(FORMULA_STARTS)
    return f"'{value}" if is_formula else value
