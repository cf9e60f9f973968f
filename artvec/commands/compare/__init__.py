"""The verb `compare`: several encoders on the same images, with intervals of the differences."""

from artvec.compare.models import Planned, plan_models
from artvec.compare.results import Comparison, Pair, Row, ranking_table
from artvec.compare.verb import CompareOptions, compare

__all__ = [
    "CompareOptions",
    "Comparison",
    "Pair",
    "Planned",
    "Row",
    "compare",
    "plan_models",
    "ranking_table",
]
