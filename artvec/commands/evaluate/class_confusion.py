"""Which classes were mistaken for which others, by name."""

from __future__ import annotations

import numpy as np

from artvec.commands.evaluate.evaluation_report import ClassFigures, ConfusedPair, Confusion
from artvec.evaluation import Outcomes, Selection
from artvec.metrics.classification import confused_pairs, confusion, per_class

_PREFERRED = ("ensemble", "head", "linear_probe", "knn20")
_MOST = 10


def confusion_of(outcomes: Outcomes, selection: Selection) -> Confusion | None:
    """Return the confusion of the first classifier there is, None without labels."""
    name = next((name for name in _PREFERRED if name in outcomes.classifiers), None)
    if name is None:
        return None
    classifier = outcomes.classifiers[name]
    classes = classifier.classes
    answered = classifier.predicted >= 0  # a query without any neighbour has no answer
    counts = confusion(
        selection.query_labels[answered], classifier.predicted[answered], len(classes)
    )
    most = (
        ConfusedPair(classes[pair.true], classes[pair.predicted], pair.count, pair.share)
        for pair in confused_pairs(counts, _MOST)
    )
    return Confusion(name, classes, counts, tuple(most))


def figures_of_classes(found: Confusion, selection: Selection) -> tuple[ClassFigures, ...]:
    """Return precision, recall and F1 of each class, in the order of the confusion."""
    figures = per_class(found.counts)
    gallery = np.bincount(selection.gallery_labels, minlength=len(found.classes))
    return tuple(
        ClassFigures(
            label,
            _known(figures.precision[code]),
            _known(figures.recall[code]),
            _known(figures.f1[code]),
            int(figures.support[code]),
            int(figures.predicted[code]),
            int(gallery[code]),
        )
        for code, label in enumerate(found.classes)
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
