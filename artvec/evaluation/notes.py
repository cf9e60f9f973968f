"""Why figures are absent, and which of them the labels decide alone, whatever the vectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from artvec.core.results import Interval
from artvec.core.types import Float32Array, Int64Array
from artvec.evaluation.selection import Selection

AGREEMENTS = "nmi, ami, ari, matched_accuracy"
TOP = 5
"""Classes that a top-5 accuracy names."""
_DEPTHS = {
    "precision_at_5": 5,
    "recall_at_1": 1,
    "recall_at_5": 5,
    "recall_at_10": 10,
}
"""Figures by how many gallery rows they look at."""
_VOTERS = 20


def notes_on(
    selection: Selection,
    queries: Float32Array,
    figures: Mapping[str, Interval],
    clusters: Int64Array | None,
) -> tuple[str, ...]:
    """Return a sentence for everything that is absent or says nothing of the vectors.

    Args:
        selection: With two classes or more.
        queries: (Q, D).
        figures: As found.
        clusters: (Q,) k-means assignment; None where there is none worth judging.
    """
    notes = [
        constant_vectors(queries),
        absent(selection.query_labels, clusters),
        *_decided(selection, figures),
        top5(figures, len(selection.classes)),
    ]
    return tuple(note for note in notes if note)


def constant_vectors(vectors: Float32Array) -> str:
    """Say that all queries have one vector; empty if they don't."""
    if len(vectors) < 2 or (vectors != vectors[0]).any():
        return ""
    zero = "" if vectors[0].any() else " (zero)"
    return f"every query has the same vector{zero}: no figure tells anything of the encoder"


def absent(labels: Int64Array, clusters: Int64Array | None, agreements: str = AGREEMENTS) -> str:
    """Say why there are no agreements with labels, nor silhouettes where the labels forbid these.

    Args:
        labels: (Q,) class codes of the queries.
        clusters: (Q,) k-means assignment; None where agreement with it would tell nothing.
        agreements: Names of the figures.
    """
    if clusters is not None:
        return ""
    n_labels, left_out = len(np.unique(labels)), "are" if " " in agreements else "is"
    if 1 < n_labels < len(labels):
        return f"{agreements} {left_out} left out: k-means finds only one group"
    why = "every query has a label of its own" if n_labels > 1 else "every query has the same label"
    why = why if len(labels) > 1 else "there is one query"
    return f"silhouettes and {agreements} are left out: {why}"


def top5(figures: Iterable[str], n_classes: int) -> str:
    """Say that the first five classes are all there are; empty if there are more."""
    names = [name for name in figures if name.endswith("top5_accuracy")]
    if not names or n_classes > TOP:
        return ""
    does = "says" if len(names) == 1 else "say"
    return f"{_and(names)} {does} nothing: there are {n_classes} classes, and five may be named"


def _decided(selection: Selection, figures: Mapping[str, Interval]) -> Iterator[str]:
    """Yield what small or one-sided galleries decide."""
    gallery = selection.gallery_labels
    if len(np.unique(gallery)) == 1:
        name = selection.classes[int(gallery[0])]
        yield (
            f"every gallery row has the label {name!r}: kNN, probe, precision and recall follow "
            "from the labels alone, whatever the vectors"
        )
        return
    own = selection.own_places >= 0
    others = len(gallery) - own.astype(np.int64)  # (Q,) rows that a query can find
    right = np.bincount(gallery, minlength=len(selection.classes))[selection.query_labels] - own
    names = [
        name
        for name, depth in _DEPTHS.items()
        if name in figures and _is_decided(name, depth, others, right)
    ]
    rows = int(others.max())
    if rows < _VOTERS:
        yield f"a query finds {rows} gallery rows at most: all of them vote in the figures of knn20"
    if names:
        yield (
            f"{_and(names)} follow{'s' if len(names) == 1 else ''} from the labels alone, whatever "
            f"the vectors: a query finds {rows} gallery rows at most"
        )


def _is_decided(name: str, depth: int, others: Int64Array, right: Int64Array) -> bool:
    if name.startswith("recall_at_"):
        certain = others - right < depth  # a right row is there in any order
    else:
        certain = (others <= depth) | (others == right)
    return bool((certain | (right == 0)).all())


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
