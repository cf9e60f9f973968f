"""Clusters, map, quality and near-duplicates of a collection as one HTML page without network."""

from artvec.reports.cluster.page import PageReport, write_page

__all__ = ["PageReport", "write_page"]
