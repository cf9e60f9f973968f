"""The verb `duplicates`: which files of a collection show the same picture; none is touched."""

from artvec.duplicates.csv_file import write_csv
from artvec.duplicates.verb import DuplicatesReport, File, Group, duplicates

__all__ = ["DuplicatesReport", "File", "Group", "duplicates", "write_csv"]
