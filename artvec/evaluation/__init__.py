"""How figures are made: rows are chosen, vectors gathered, and every query gets its outcomes.

    collection = open_collection(folder)
    selection = select(collection, gallery="train", queries="test", group="artist")
    outcomes = evaluate_vectors(gather_vectors(collection, selection), selection)
    outcomes.figures["knn20_accuracy"]      Interval(value, low, high)
    outcomes.per_query["knn20_accuracy"]    (Q,) 0.0 or 1.0, in the order of selection.queries
    outcomes.classifiers["linear_probe"].predicted    (Q,) class codes, for McNemar's test
    outcomes.clusters                       (Q,) k-means assignment, for paired NMI and ARI

Two collections are compared on the pictures they share: take `dataclasses.replace(selection,
gallery=…, queries=…, val=…)` with the rows of equal content hashes, in one order of content on both
sides; `same_pictures(collection, hashes)` finds those rows. Class codes follow sorted names, so
collections with the same labels have the same codes. Vectors that are in no collection (colours,
several encoders side by side) go through `evaluate_vectors`.
"""

from artvec.evaluation.figures import evaluate_vectors
from artvec.evaluation.outcomes import Classifier, OtherGroups, Outcomes, Scores
from artvec.evaluation.selection import (
    Selection,
    content_hashes,
    group_codes,
    label_texts,
    same_pictures,
    select,
)
from artvec.evaluation.stored_heads import head_scores, own_run, trained_on
from artvec.evaluation.vectors import Vectors, colour_vectors, concatenate, gather_vectors, rows_of

__all__ = [
    "Classifier",
    "OtherGroups",
    "Outcomes",
    "Scores",
    "Selection",
    "Vectors",
    "colour_vectors",
    "concatenate",
    "content_hashes",
    "evaluate_vectors",
    "gather_vectors",
    "group_codes",
    "head_scores",
    "label_texts",
    "own_run",
    "rows_of",
    "same_pictures",
    "select",
    "trained_on",
]
