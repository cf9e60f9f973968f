"""The verb `eval`: what can truthfully be said of a collection's embeddings, leaks first."""

from artvec.evaluate.report import (
    ClassFigures,
    Confusion,
    EvaluateOptions,
    EvaluationReport,
    Leaks,
    Member,
    Mistaken,
    Setting,
)
from artvec.evaluate.verb import evaluate

__all__ = [
    "ClassFigures",
    "Confusion",
    "EvaluateOptions",
    "EvaluationReport",
    "Leaks",
    "Member",
    "Mistaken",
    "Setting",
    "evaluate",
]
