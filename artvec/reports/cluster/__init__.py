"""A collection to look at: clusters, map, quality and copies as one HTML page without network."""

from artvec.report.explorer.findings import Evaluated, Findings
from artvec.report.explorer.page import PageReport, write_page

__all__ = ["Evaluated", "Findings", "PageReport", "write_page"]
