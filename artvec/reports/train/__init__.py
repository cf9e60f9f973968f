"""A training run as a page, as figures and as a TensorBoard log; nothing is computed but layout."""

from artvec.reports.train.charts import save_figures, save_rate_curve
from artvec.reports.train.page import html_page, write_page
from artvec.reports.train.tensorboard import write_tensorboard

__all__ = ["html_page", "save_figures", "save_rate_curve", "write_page", "write_tensorboard"]
