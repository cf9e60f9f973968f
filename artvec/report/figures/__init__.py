"""Figures for papers and pages: the one home of matplotlib, but for the charts of a room."""

from artvec.report.figures.clusters import write_figures

__all__ = ["write_figures"]
