"""The verb `export`: a collection as one file for other tools."""

from artvec.export.verb import ExportReport, Format, export, format_of, matches

__all__ = ["ExportReport", "Format", "export", "format_of", "matches"]
