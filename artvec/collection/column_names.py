"""The columns of a collection that a user can name."""

from __future__ import annotations

from collections.abc import Sequence

from artvec.collection.reader import Collection
from artvec.core.errors import ArtvecError, mistyped

ROW_COLUMNS = ("path", "label", "split", "width", "height", "size_bytes")
"""artvec's own columns that a condition may name, beside the user's."""


def known_columns(collection: Collection) -> tuple[str, ...]:
    """Return the columns that a condition or a table can name."""
    return (*ROW_COLUMNS, *collection.manifest.columns)


def no_column(name: str, known: Sequence[str]) -> ArtvecError:
    """Say that there is no such column, and which one may be meant."""
    near = mistyped(f"there is no column {name!r}", name, known, otherwise="")
    hint = f"{near.hint} columns: {', '.join(known)}".strip()
    return ArtvecError(near.message, hint, usage=True, meant=near.meant)
