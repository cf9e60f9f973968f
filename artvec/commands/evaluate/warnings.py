"""Rules that say in plain words what is odd about figures; each is a pure function of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from artvec.commands.evaluate.evaluation_report import Confusion
from artvec.core.results import Interval
from artvec.core.types import Int64Array
from artvec.evaluation import Outcomes, Selection

FEW_QUERIES = 100
"""Below, an accuracy of .5 is known to ten points at best (1.96·√(.25 / 100) = .098)."""
GAP = 0.15
"""Accuracy on training pictures above that on test pictures.

The CIFAR-10 network that overfitted by early stopping's own account had .174.
"""
ANISOTROPIC = 0.9
"""Mean cosine of random pairs; where it is higher, all similarities lie within a tenth."""
CONSTANT = 0.999
"""Mean cosine of random pairs from which the embeddings say next to nothing."""
_NAMED = 5


def warnings_of(
    selection: Selection, outcomes: Outcomes, confusion: Confusion | None, guessing: float
) -> tuple[str, ...]:
    """Apply every rule to an evaluation.

    Args:
        selection: Rows, labels and classes.
        outcomes: Figures and predictions.
        confusion: Of the classifier that is reported in detail.
        guessing: Accuracy of the best guess that looks at no picture.
    """
    unsearchable = np.setdiff1d(selection.query_labels, [*selection.gallery_labels, -1])
    sentences = [
        few_queries(len(selection.queries)) if outcomes.figures else "",
        without_width(outcomes.figures.values(), len(selection.queries)),
        one_label(selection.classes),
        *outcomes.notes,
        without_gallery([selection.classes[at] for at in unsearchable], outcomes.without_gallery),
        too_alike(outcomes.geometry.get("anisotropy", 0.0)),
    ]
    for name, classifier in outcomes.classifiers.items():
        accuracy = outcomes.figures[f"{name}_accuracy"]
        sentences.append(at_chance(f"{name}_accuracy", accuracy, guessing))
        sentences.append(gap(name, classifier.train_accuracy, accuracy))
    if confusion is not None:
        counts = confusion.counts
        sentences.append(never_predicted(confusion.classes, counts.sum(axis=1), counts.sum(axis=0)))
    return tuple(warning for warning in sentences if warning)


def never_predicted(classes: Sequence[str], support: Int64Array, predicted: Int64Array) -> str:
    """Name the classes that have queries and were never predicted; empty if there are none."""
    counts = zip(classes, support, predicted, strict=True)
    names = [name for name, own, times in counts if own and not times]
    if not names:
        return ""
    return (
        f"never predicted: {_listed(names)}; check the labels, the preprocessing and the balance "
        "of the training pictures"
    )


def at_chance(name: str, accuracy: Interval, chance: float) -> str:
    """Say that an accuracy is no better than guessing; empty if it can."""
    if not accuracy.low <= chance:
        return ""
    return (
        f"{name} {accuracy.value:.3f} is no better than chance ({chance:.3f}): "
        "wrong preprocessing, wrong labels, or nothing to learn"
    )


def gap(name: str, train: float | None, test: Interval) -> str:
    """Say that a classifier does much better on the pictures it learned from; empty if it doesn't.

    A difference within the interval of the test pictures is none.
    """
    if train is None or train - test.value <= GAP or train <= test.high:
        return ""
    return (
        f"{name} has {train:.3f} on training pictures and {test.value:.3f} on test pictures: "
        "it has learned pictures by heart, or the sides differ"
    )


def too_alike(anisotropy: float) -> str:
    """Say that all embeddings point the same way; empty if they don't."""
    if anisotropy > CONSTANT:
        return (
            f"embeddings are nearly constant (mean cosine of random pairs {anisotropy:.4f}): "
            "the encoder hardly tells pictures apart"
        )
    if anisotropy > ANISOTROPIC:
        return (
            f"embeddings are anisotropic (mean cosine of random pairs {anisotropy:.3f}): "
            "read similarities by their order, not by their size"
        )
    return ""


def few_queries(count: int) -> str:
    """Say that a test set is too small for fine distinctions; empty if it isn't."""
    if count >= FEW_QUERIES:
        return ""
    if count == 1:
        return "there is one test picture: no interval can be given, and no figure tells anything"
    return f"{count} test pictures are few: read the intervals, not the third digit"


def without_width(figures: Iterable[Interval], queries: int) -> str:
    """Say that outcomes which are all equal are no proof; empty where they are many or differ."""
    if queries >= FEW_QUERIES or not any(one.low == one.high for one in figures):
        return ""
    return "an interval without width says only that all outcomes were equal, not that all will be"


def without_gallery(classes: Sequence[str], queries: int) -> str:
    """Name the classes that no gallery row has; empty if there are none."""
    if not classes:
        return ""
    return (
        f"no gallery row has {_listed(classes)}: {queries} queries can't be right; they count 0 in "
        "precision and recall and are left out of R-precision and MAP@R"
    )


def one_label(classes: Sequence[str]) -> str:
    """Say that a single label leaves nothing to tell apart; empty if there are more."""
    if len(classes) != 1:
        return ""
    return f"every row has the label {classes[0]!r}: there is nothing to tell apart"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
