"""A comparison of encoders as a page, as charts and as CSV; nothing is computed but layout."""

from artvec.report.comparison.charts import save_charts
from artvec.report.comparison.csv_file import write_csv
from artvec.report.comparison.page import html_page, write_page

__all__ = ["html_page", "save_charts", "write_csv", "write_page"]
