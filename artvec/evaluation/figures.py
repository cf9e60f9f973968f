"""From vectors and a selection to every figure of the contract; `metrics.registry` defines each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from artvec.core.progress import Progress, silent
from artvec.core.results import Interval, Matches
from artvec.core.types import Float64Array, Int64Array
from artvec.evaluation.nearest_gallery import nearest, nearest_in_other_groups
from artvec.evaluation.notes import notes_on
from artvec.evaluation.outcomes import Classifier, OtherGroups, Outcomes, Scores
from artvec.evaluation.selection import Selection
from artvec.evaluation.vectors import Vectors
from artvec.metrics.agreement import AGREEMENTS, why_undefined
from artvec.metrics.bootstrap import agreement_interval, intervals
from artvec.metrics.geometry import anisotropy, effective_rank, spread
from artvec.metrics.kmeans import kmeans_clusters
from artvec.metrics.probe import fit_probe, fit_probe_at, top_k_hits
from artvec.metrics.retrieval import retrieval_outcomes
from artvec.metrics.silhouette import cosine_silhouettes, euclidean_silhouettes
from artvec.metrics.voting import uniform_vote, vote

DEPTH = 20
"""Neighbours that the largest vote counts."""
_RETRIEVAL = (
    "precision_at_1",
    "precision_at_5",
    "recall_at_1",
    "recall_at_5",
    "recall_at_10",
    "r_precision",
    "map_at_r",
)
_STEPS = 6
_STEP = 100
"""Progress is counted in hundredths of each step."""


@dataclass(frozen=True)
class Part:
    """What one step contributes: outcomes a query, and classifiers."""

    per_query: Mapping[str, Float64Array]
    classifiers: Mapping[str, Classifier]


def evaluate_vectors(
    vectors: Vectors,
    selection: Selection,
    scores: Mapping[str, Scores] | None = None,
    progress: Progress = silent,
) -> Outcomes:
    """Evaluate any vectors of a selection's rows.

    Args:
        vectors: Of the rows of the selection, in its order.
        selection: Labels, groups and roles of the rows.
        scores: Name → class scores that are judged beside the embedding: `head`, `ensemble`.
        progress: Called with hundredths of steps done and to do.

    Returns:
        Without labels, or with one label only, nothing but the geometry.
    """
    shape = _geometry(vectors)
    if len(selection.classes) < 2:
        return Outcomes({}, {}, {}, None, shape)
    groups = selection.query_groups
    parts = [
        _neighbours(vectors, selection),
        _retrieval(vectors, selection, _step(progress, 1)),
        _probe(vectors, selection),
        *(_scored(name, given, selection) for name, given in (scores or {}).items()),
        _silhouettes(vectors, selection, _step(progress, 3)),
    ]
    per_query = {name: values for part in parts for name, values in part.per_query.items()}
    figures = _figures(per_query, groups)
    clusters = _clusters(vectors, selection)
    if clusters is not None:
        for name, agreement in AGREEMENTS.items():
            labels = selection.query_labels
            figures[name] = agreement_interval(agreement, labels, clusters, groups)
    outcomes = Outcomes(
        figures=figures,
        per_query=per_query,
        classifiers={name: one for part in parts for name, one in part.classifiers.items()},
        clusters=clusters,
        geometry=shape,
        without_gallery=int(
            np.count_nonzero(~np.isin(selection.query_labels, selection.gallery_labels))
        ),
        notes=notes_on(selection, vectors.queries, figures, clusters),
    )
    other_groups = _other_groups(vectors, selection, outcomes, _step(progress, 5))
    progress(_STEPS * _STEP, _STEPS * _STEP)
    return replace(outcomes, other_groups=other_groups)


def _figures(
    per_query: Mapping[str, Float64Array], groups: Int64Array | None
) -> dict[str, Interval]:
    """Average outcomes over queries; a figure that no query has is absent."""
    known = {name: values for name, values in per_query.items() if not np.isnan(values).all()}
    found = intervals(np.stack(list(known.values()), axis=1), groups)
    return dict(zip(known, found, strict=True))


def _geometry(vectors: Vectors) -> dict[str, float]:
    measured = {
        "anisotropy": anisotropy(vectors.queries),
        "spread": spread(vectors.queries),
        "effective_rank": effective_rank(vectors.queries),
    }
    return {name: value for name, value in measured.items() if not np.isnan(value)}


def _neighbours(vectors: Vectors, selection: Selection) -> Part:
    matches = nearest(vectors, selection.own_places, DEPTH)
    hits, predicted = _votes(matches, selection, selection.query_labels)
    return Part(hits, {"knn20": Classifier(selection.classes, predicted)})


def _votes(
    matches: Matches, selection: Selection, labels: Int64Array
) -> tuple[dict[str, Float64Array], Int64Array]:
    """Return the kNN outcomes of (Q,) labels, and the class codes that the 20 nearest chose."""
    near = np.where(matches.rows >= 0, selection.gallery_labels[matches.rows], -1)  # (Q, 20)
    n_classes = len(selection.classes)
    voted = {k: vote(near[:, :k], matches.scores[:, :k], n_classes) for k in (1, 5, 20)}
    hits = {f"knn{k}_accuracy": _hits(codes, labels) for k, codes in voted.items()}
    uniform = uniform_vote(near, matches.scores, n_classes)
    return hits | {"knn20_uniform_accuracy": _hits(uniform, labels)}, voted[20]


def _hits(predicted: Int64Array, labels: Int64Array) -> Float64Array:
    hits: Float64Array = (predicted == labels).astype(np.float64)
    return hits


def _retrieval(vectors: Vectors, selection: Selection, progress: Progress) -> Part:
    found = retrieval_outcomes(
        vectors.queries,
        selection.query_labels,
        vectors.gallery,
        selection.gallery_labels,
        selection.own_places,
        progress,
    )
    return Part({name: getattr(found, name) for name in _RETRIEVAL}, {})


def _probe(vectors: Vectors, selection: Selection) -> Part:
    """Fit and judge the linear probe; where queries are gallery rows it would know the answers.

    Nor is there one without rows to choose its strength by: every class has a single picture.
    """
    if (selection.own_places >= 0).any() or not len(selection.val):
        return Part({}, {})
    labels, n_classes = selection.gallery_labels, len(selection.classes)
    val_labels = selection.labels[selection.val]
    if selection.val_drawn:  # these choose the strength unseen, and are learned from afterwards
        rest = ~np.isin(selection.gallery, selection.val)
        chosen = fit_probe(vectors.gallery[rest], labels[rest], vectors.val, val_labels, n_classes)
        probe = fit_probe_at(vectors.gallery, labels, n_classes, chosen.strength)
    else:
        probe = fit_probe(vectors.gallery, labels, vectors.val, val_labels, n_classes)
    learned = probe.log_probabilities(vectors.gallery).argmax(axis=1) == labels
    scores = probe.log_probabilities(vectors.queries)  # (Q, C)
    return _scored(
        "linear_probe", Scores(selection.classes, scores, float(learned.mean())), selection
    )


def _scored(name: str, scores: Scores, selection: Selection) -> Part:
    labels = selection.query_labels
    hits = {
        f"{name}_accuracy": top_k_hits(scores.queries, labels, 1).astype(np.float64),
        f"{name}_top5_accuracy": top_k_hits(scores.queries, labels, 5).astype(np.float64),
    }
    predicted = scores.queries.argmax(axis=1)
    return Part(hits, {name: Classifier(scores.classes, predicted, scores.train_accuracy)})


def _silhouettes(vectors: Vectors, selection: Selection, progress: Progress) -> Part:
    """Silhouettes by true label; they need two classes, and two queries in one of them."""
    labels = selection.query_labels
    if not 1 < len(np.unique(labels)) < len(labels):
        return Part({}, {})
    return Part(
        {
            "silhouette_cosine": cosine_silhouettes(vectors.queries, labels),
            "silhouette_euclidean": euclidean_silhouettes(vectors.queries, labels, progress),
        },
        {},
    )


def _clusters(vectors: Vectors, selection: Selection) -> Int64Array | None:
    """Cluster the queries; None where agreement with their labels would tell nothing."""
    n_classes = len(np.unique(selection.query_labels))
    if not 1 < n_classes < len(selection.queries):
        return None
    clusters = kmeans_clusters(vectors.queries, n_classes)
    return None if why_undefined(selection.query_labels, clusters) else clusters


def _other_groups(
    vectors: Vectors, selection: Selection, plain: Outcomes, progress: Progress
) -> OtherGroups | None:
    """Judge the queries that have gallery rows of their own group anew, without these."""
    if selection.groups is None or selection.group_column is None:
        return None
    theirs, own = selection.groups[selection.gallery], selection.groups[selection.queries]
    affected = np.flatnonzero(np.isin(own, theirs))
    labels = selection.query_labels[affected]
    few = replace(vectors, queries=vectors.queries[affected])
    matches = nearest_in_other_groups(few, theirs, own[affected], DEPTH, progress)
    changed, _ = _votes(matches, selection, labels)
    changed |= _first_places(matches, selection.gallery_labels, labels)
    per_query = {name: plain.per_query[name].copy() for name in changed}
    for name, values in changed.items():
        per_query[name][affected] = values
    figures = _figures(per_query, own)
    return OtherGroups(selection.group_column, len(affected), figures, per_query)


def _first_places(
    matches: Matches, gallery_labels: Int64Array, labels: Int64Array
) -> dict[str, Float64Array]:
    """Return precision and recall among the first places, as `retrieval_outcomes` defines them."""
    right = (gallery_labels[matches.rows] == labels[:, None]) & (matches.rows >= 0)  # (Q, 20)
    found = (matches.rows >= 0).sum(axis=1).clip(1)  # where fewer than k rows are left: of these
    precision = {f"precision_at_{k}": right[:, :k].sum(axis=1) / found.clip(max=k) for k in (1, 5)}
    recall = {f"recall_at_{k}": right[:, :k].any(axis=1).astype(np.float64) for k in (1, 5, 10)}
    return precision | recall


def _step(progress: Progress, number: int) -> Progress:
    """Tell the progress of one step as its part of the whole."""

    def within(done: int, total: int) -> None:
        progress(number * _STEP + _STEP * done // max(1, total), _STEPS * _STEP)

    return within
