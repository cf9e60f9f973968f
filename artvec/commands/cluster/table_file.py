"""`clusters.csv`: a line for every row of the collection, in their order."""

from __future__ import annotations

import csv
from pathlib import Path

from artvec.collection.plain_columns import free_name, values
from artvec.collection.reader import Collection
from artvec.core.files import replaced_whole
from artvec.core.results import Groups
from artvec.core.spreadsheet import harmless

FILE = "reports/clusters.csv"
_FIRST = ("path", "cluster", "probability", "outlier_score", "label", "split")


def write_table(collection: Collection, groups: Groups) -> Path:
    """Write path, cluster (-1: noise), probability, outlier score, label, split and metadata.

    A metadata column whose name is taken gets `_2` appended; text that a spreadsheet would run
    gets an apostrophe in front. A former file is replaced when the new one is whole.

    Raises:
        OSError: It can't be written.
    """
    file = collection.folder / FILE
    file.parent.mkdir(exist_ok=True)
    names = list(_FIRST)
    for name in collection.manifest.columns:
        names.append(free_name(name, names))
    own = zip(groups.clusters, groups.probabilities, groups.outlier_scores, strict=True)
    with replaced_whole(file) as beside, beside.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(map(harmless, names))
        for table in collection.tables:
            stored = ("path", "label", "split", *collection.manifest.columns)
            columns = [map(harmless, values(table, name)) for name in stored]
            for path, *facts in zip(*columns, strict=True):
                cluster, probability, score = next(own)
                writer.writerow([path, cluster, f"{probability:.6g}", f"{score:.6g}", *facts])
    return file
