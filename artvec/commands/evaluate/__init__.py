"""The command `eval`: what can truthfully be said of a collection's embeddings, leaks first."""

from artvec.commands.evaluate.evaluation import evaluate_collection
from artvec.commands.evaluate.evaluation_report import (
    ClassFigures,
    Confusion,
    EvaluateOptions,
    EvaluationReport,
    Leaks,
    Member,
    Mistaken,
    Setting,
)

__all__ = [
    "ClassFigures",
    "Confusion",
    "EvaluateOptions",
    "EvaluationReport",
    "Leaks",
    "Member",
    "Mistaken",
    "Setting",
    "evaluate_collection",
]
