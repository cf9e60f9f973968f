"""The command `export`: a collection as one file for other tools."""

from artvec.commands.export.export_file import (
    ExportReport,
    export_collection,
    format_of,
    matches,
)

__all__ = ["ExportReport", "export_collection", "format_of", "matches"]
