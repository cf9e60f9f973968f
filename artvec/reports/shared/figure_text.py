"""Figures as text for a reader: their digits, and how to read them."""

from __future__ import annotations

import numpy as np

from artvec.metrics.registry import metric_of


def decimal(value: float) -> str:
    """Return a figure with as many digits as one reads."""
    if not np.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:z.3f}".replace("-", "−")


def how_to_read(key: str) -> str:
    """Return a figure's range and direction, where it is no share, and its reading."""
    metric = metric_of(key)
    if metric.is_share:
        return metric.reading
    return f"{metric.scale[:1].upper()}{metric.scale[1:]}. {metric.reading}"
