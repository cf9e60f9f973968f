"""The command `compare`: several encoders on the same images, with intervals of the differences."""

from artvec.commands.compare.comparison import CompareOptions, compare_collections
from artvec.commands.compare.comparison_report import Comparison, Pair, Row, ranking_table
from artvec.commands.compare.model_collections import (
    Planned,
    compare_models,
    plan_model,
    plan_models,
)

__all__ = [
    "CompareOptions",
    "Comparison",
    "Pair",
    "Planned",
    "Row",
    "compare_collections",
    "compare_models",
    "plan_model",
    "plan_models",
    "ranking_table",
]
