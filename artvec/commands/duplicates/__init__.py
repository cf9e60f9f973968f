"""The command `duplicates`: which files of a collection show the same picture; none is touched."""

from artvec.commands.duplicates.csv_file import write_csv
from artvec.commands.duplicates.duplicate_groups import (
    DuplicatesReport,
    File,
    Group,
    find_duplicates,
)

__all__ = ["DuplicatesReport", "File", "Group", "find_duplicates", "write_csv"]
