"""A collection to look at: groups, map, quality and copies as one HTML page that needs no network."""

from artvec.report.explorer.findings import Evaluated, Findings
from artvec.report.explorer.page import PageReport, write_page

__all__ = ["Evaluated", "Findings", "PageReport", "write_page"]
