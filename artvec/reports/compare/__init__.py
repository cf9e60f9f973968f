"""A comparison of encoders as a page, as charts and as CSV; nothing is computed but layout."""

from artvec.reports.compare.csv_file import write_csv
from artvec.reports.compare.difference_charts import save_charts
from artvec.reports.compare.page import html_page, write_page

__all__ = ["html_page", "save_charts", "write_csv", "write_page"]
