"""CSV: one row an image, a column each for the vector's components; safe in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from artvec.collection.reader import Collection
from artvec.export.columns import names_in_file, renamed, values, wide_vectors

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")
"""What makes a spreadsheet run a cell, and the apostrophe that prevents it.

Source: OWASP, CSV Injection.
"""


def write_csv(collection: Collection, file: Path) -> Mapping[str, str]:
    """Write a collection; text that a spreadsheet would run gets an apostrophe in front."""
    components = [f"embedding_{n}" for n in range(collection.manifest.encoder.dim)]
    names = names_in_file(collection, components)
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow([*map(_harmless, names.values()), *components])
        for table in collection.tables:
            columns = [map(_harmless, values(table, name)) for name in names]
            vectors = wide_vectors(table)
            for *facts, vector in zip(*columns, vectors, strict=True):
                writer.writerow([*facts, *vector])
    return renamed(names)


def _harmless(value: Any) -> Any:
    """Put an apostrophe before text that begins as a formula does, or with an apostrophe.

    So whoever wants the original removes one leading apostrophe where there is one.
    """
    is_formula = isinstance(value, str) and value.startswith(FORMULA_STARTS)
    return f"'{value}" if is_formula else value
