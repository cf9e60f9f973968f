"""CSV: one row an image, a column each for the vector's components; safe in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from artvec.collection.plain_columns import names_in_file, renamed, values, wide_vectors
from artvec.collection.reader import Collection
from artvec.core.spreadsheet import harmless


def write_csv(collection: Collection, file: Path) -> Mapping[str, str]:
    """Write a collection; text that a spreadsheet would run gets an apostrophe in front."""
    components = [f"embedding_{n}" for n in range(collection.manifest.encoder.dim)]
    names = names_in_file(collection, components)
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow([*map(harmless, names.values()), *components])
        for table in collection.tables:
            columns = [map(harmless, values(table, name)) for name in names]
            vectors = wide_vectors(table)
            for *facts, vector in zip(*columns, vectors, strict=True):
                writer.writerow([*facts, *vector])
    return renamed(names)
