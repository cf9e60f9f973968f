"""A collection to look at: clusters, map, quality and copies as one HTML page without network."""

from artvec.reports.cluster.findings import Evaluated, Findings
from artvec.reports.cluster.page import PageReport, write_page

__all__ = ["Evaluated", "Findings", "PageReport", "write_page"]
