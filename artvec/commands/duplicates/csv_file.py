"""Groups of copies as CSV: a line a file, safe in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from artvec.commands.duplicates.duplicate_groups import Group
from artvec.core.files import replaced_whole
from artvec.core.spreadsheet import harmless

_COLUMNS = ("path", "similarity", "hash_bits", "width", "height", "size_bytes", "split", "label")


def write_csv(groups: Sequence[Group], file: Path) -> None:
    """Write group (from 1), kind and facts of every file, the best of a group first.

    Raises:
        OSError: It can't be written.
    """
    with replaced_whole(file) as beside, beside.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(("group", "kind", *_COLUMNS))
        for number, group in enumerate(groups, 1):
            for one in group.files:
                facts = (getattr(one, name) for name in _COLUMNS)
                writer.writerow((number, group.kind, *map(harmless, map(_shown, facts))))


def _shown(value: object) -> object:
    return f"{value:.6f}" if isinstance(value, float) else value
