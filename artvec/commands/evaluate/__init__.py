"""The command `eval`: what can truthfully be said of a collection's embeddings, leaks first."""

from artvec.commands.evaluate.evaluation import evaluate_collection
from artvec.commands.evaluate.evaluation_report import (
    ClassFigures,
    ConfusedPair,
    Confusion,
    EvaluateOptions,
    EvaluationReport,
    Leaks,
    Member,
    Setting,
)

__all__ = [
    "ClassFigures",
    "ConfusedPair",
    "Confusion",
    "EvaluateOptions",
    "EvaluationReport",
    "Leaks",
    "Member",
    "Setting",
    "evaluate_collection",
]
