"""Every figure against an independent implementation: the largest difference over many cases.

The implementations are scikit-learn's, scipy's and pytorch-metric-learning's; where no library has
a figure, numpy written out pair by pair. The machine plays no part, so the table has no name of it.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from scipy import stats
from sklearn import metrics as theirs
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import cosine_similarity

from artvec.metrics import agreement as ours
from artvec.metrics.classification import confusion, per_class
from artvec.metrics.geometry import anisotropy, effective_rank, spread
from artvec.metrics.mcnemar_test import mcnemar
from artvec.metrics.probe import fit_probe_at, top_k_hits
from artvec.metrics.retrieval import RetrievalOutcomes, retrieval_outcomes
from artvec.metrics.silhouette import cosine_silhouettes, euclidean_silhouettes
from artvec.metrics.voting import uniform_vote, vote
from benchmarks.measure import RESULTS, wants_full

COLUMNS = ("metric", "independent implementation", "cases", "values", "largest difference")
RANDOM_CASES = 100
STRENGTH = 0.03

Array = NDArray[Any]
Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Case:
    """Labelled vectors; the first `queries` of them are the queries, the others the gallery."""

    name: str
    vectors: Array
    labels: Array
    clusters: Array
    queries: int


def random_case(seed: int) -> Case:
    """Return a case of a random size, scale and dimension; every second has a small lattice.

    On the lattice vectors repeat, distances tie, and some vectors are zero.
    """
    rng = np.random.default_rng(seed)
    rows, dim, classes = (int(rng.integers(*among)) for among in ((12, 150), (1, 40), (2, 9)))
    labels = rng.integers(classes, size=rows)
    vectors = rng.standard_normal((rows, dim)) + labels[:, None] * rng.uniform(0, 1)
    if seed % 2:
        vectors = np.rint(vectors)
    clusters = np.where(rng.random(rows) < 0.5, labels, rng.integers(-1, 6, rows))
    scaled = (vectors * 10.0 ** rng.integers(-2, 3)).astype(np.float32)
    return Case(f"random {seed}", scaled, labels, clusters, rows // 3)


def adversarial_cases() -> Iterator[Case]:
    """Yield ties, duplicates, zeros, classes of one, one class, foreign classes, tight groups."""
    rng = np.random.default_rng(0)
    base = rng.standard_normal((60, 8)).astype(np.float32)
    labels, clusters = np.arange(60) % 4, np.arange(60) % 5
    yield Case("all equal", np.ones_like(base), labels, clusters, 20)
    yield Case("duplicates", np.tile(base[:6], (10, 1)), labels, clusters, 20)
    yield Case("duplicates of other lengths", _stretched(base), labels, clusters, 20)
    yield Case("zero vectors", base * (np.arange(60) % 3 > 0)[:, None], labels, clusters, 20)
    yield Case("classes of one", base, np.where(labels < 1, np.arange(60), 0), clusters, 20)
    yield Case("one class", base, np.zeros(60, int), clusters, 20)
    yield Case("one cluster", base, labels, np.zeros(60, int), 20)
    yield Case("one class, one cluster", base, np.zeros(60, int), np.zeros(60, int), 20)
    yield Case("a row a cluster", base, labels, np.arange(60), 20)
    yield Case("a row a class", base, np.arange(60), np.arange(60), 20)
    yield Case("classes foreign to the gallery", base, np.where(labels < 2, 0, 9), clusters, 20)
    yield Case("a gallery of three", base, labels, clusters, 57)
    tight = base[:4][labels] * 10 + base * 1e-3
    yield Case("tight groups", tight.astype(np.float32), labels, clusters, 20)
    yield Case("far from the origin", base + 1000, labels, clusters, 20)
    yield Case("opposite directions", np.concatenate([base[:30], -base[:30]]), labels, clusters, 20)


def _stretched(base: Array) -> Array:
    return np.tile(base[:6], (10, 1)) * 2.0 ** (np.arange(60) % 7 - 3)[:, None].astype(np.float32)


def cases(count: int = RANDOM_CASES) -> Iterator[Case]:
    """Yield the adversarial cases and `count` random ones."""
    yield from adversarial_cases()
    yield from map(random_case, range(count))


# Each returns ours and theirs, arrays or numbers; NaN must stand where theirs does.


def silhouettes(case: Case, mine: Callable[..., Array], metric: str) -> Pair:
    if not 1 < len(np.unique(case.labels)) < len(case.labels):
        return mine(case.vectors, case.labels), np.full(len(case.labels), np.nan)
    distances = pair_distances(case.vectors, metric)
    own = mine(case.vectors, case.labels)
    return own, theirs.silhouette_samples(distances, case.labels, metric="precomputed")


def pair_distances(vectors: Array, metric: str) -> Array:
    """Return (N, N) distances pair by pair in double precision, rounding noise of cosines off."""
    wide = vectors.astype(np.float64)
    if metric == "euclidean":
        return np.linalg.norm(wide[:, None] - wide, axis=2)
    distances = 1 - cosine_similarity(wide)
    distances[distances < 1e-12] = 0
    np.fill_diagonal(distances, 0)
    return distances


def clustering(case: Case, name: str, their_name: str) -> Pair:
    arguments = case.labels, case.clusters
    return getattr(ours, name)(*arguments), getattr(theirs, their_name)(*arguments)


def matched(case: Case) -> Pair:
    """Compare with a matching found by scipy's solver for sparse bipartite graphs."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    table = theirs.cluster.contingency_matrix(case.labels, case.clusters)
    costs = csr_array(len(case.labels) + 1.0 - table)  # positive, so that no edge is missing
    rows, columns = min_weight_full_bipartite_matching(costs)
    own = ours.matched_accuracy(case.labels, case.clusters)
    return own, table[rows, columns].sum() / len(case.labels)


def pure(case: Case) -> Pair:
    counts = [
        np.bincount(case.labels[case.clusters == cluster]).max()
        for cluster in set(case.clusters.tolist())
    ]
    return ours.purity(case.labels, case.clusters), sum(counts) / len(case.labels)


def outcomes(case: Case, itself: bool) -> RetrievalOutcomes:
    if itself:
        every = case.vectors, case.labels
        return retrieval_outcomes(*every, *every, np.arange(len(case.labels)))
    at = case.queries
    return retrieval_outcomes(
        case.vectors[:at], case.labels[:at], case.vectors[at:], case.labels[at:]
    )


def metric_learning(case: Case, name: str, itself: bool) -> Pair:
    """Compare means; its calculator leaves queries without a gallery row out of every figure."""
    mine = outcomes(case, itself)
    known = ~np.isnan(mine.r_precision)
    if not known.any():
        return np.nan, np.nan
    their_name = {"map_at_r": "mean_average_precision_at_r"}.get(name, name)
    calculator = AccuracyCalculator(
        include=(their_name,), device=torch.device("cpu"), knn_func=ranked
    )
    at = 0 if itself else case.queries
    queries = slice(None) if itself else slice(at)
    found = calculator.get_accuracy(
        case.vectors[queries],
        case.labels[queries],
        case.vectors[at:],
        case.labels[at:],
        ref_includes_query=itself,
    )
    return getattr(mine, name)[known].mean(), found[their_name]


def ranked(queries: Any, k: int, gallery: Any, itself: bool) -> Pair:
    """Rank by a full sort in double precision, ties by row, the query's own row left out."""
    cosines = cosine_similarity(queries.double().numpy(), gallery.double().numpy())
    distances = np.round(1 - cosines, 10)
    if itself:
        np.fill_diagonal(distances, np.inf)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return torch.from_numpy(np.take_along_axis(distances, order, 1)), torch.from_numpy(order)


def first_ranks(case: Case, name: str, itself: bool) -> Pair:
    """Compare precision@k and recall@k, query by query, with a full sort."""
    at = 0 if itself else case.queries
    queries, gallery = case.vectors[: at or None], case.vectors[at:]
    k = int(name.rpartition("_")[2])
    order = ranked(torch.tensor(queries), k, torch.tensor(gallery), itself)[1].numpy()
    hits = case.labels[at:][order] == case.labels[: at or None, None]
    hits[:, len(gallery) - itself :] = False
    share = hits.sum(axis=1) / min(k, len(gallery) - itself)
    return getattr(outcomes(case, itself), name), share if "precision" in name else hits.any(axis=1)


def votes(case: Case, weighted: bool) -> Pair:
    """Compare with votes counted one by one, ties as documented."""
    similarities = np.round(np.random.default_rng(case.queries).uniform(-1, 1, (30, 7)), 1)
    labels = np.resize(case.labels % 5, (30, 7))
    own = vote(labels, similarities, 5) if weighted else uniform_vote(labels, similarities, 5)
    expected = []
    for row, near in zip(labels.tolist(), similarities.tolist(), strict=True):
        votes: dict[int, list[float]] = {}
        for label, similarity in zip(row, near, strict=True):
            votes.setdefault(label, []).append(similarity)
        scores = {
            label: (round(math.fsum(math.exp((s - max(near)) / 0.07) for s in found), 9), 0.0)
            if weighted
            else (len(found), round(math.fsum(found), 6))
            for label, found in votes.items()
        }
        expected.append(min(scores, key=lambda label: (tuple(-s for s in scores[label]), label)))
    return own, np.array(expected)


def probe_objective(case: Case) -> Pair:
    """Compare with scikit-learn run to the end, in double precision, at the same strength."""
    vectors, labels = distinct_case(case)
    if len(np.unique(labels)) < 2:
        return np.nan, np.nan
    probe = fit_probe_at(vectors, labels, int(labels.max()) + 1, STRENGTH)
    wide = vectors.astype(np.float64)
    deviation = wide.std(axis=0)
    standard = (wide - wide.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    model = LogisticRegression(C=1 / (STRENGTH * len(labels)), tol=1e-9, max_iter=10_000)
    many = len(np.unique(labels)) > 2
    model.fit(standard, labels)
    weights = model.coef_ if many else np.concatenate([-model.coef_, model.coef_]) / 2
    loss = theirs.log_loss(labels, model.predict_proba(standard), labels=model.classes_)
    if not many:  # scikit-learn fits one vector w for two classes; -w/2 and w/2 need half of λ
        model.set_params(C=2 * model.C).fit(standard, labels)
        weights = np.concatenate([-model.coef_, model.coef_]) / 2
        loss = theirs.log_loss(labels, model.predict_proba(standard), labels=model.classes_)
    return probe.objective, loss + STRENGTH / 2 * float((weights**2).sum())


def distinct_case(case: Case) -> tuple[Array, Array]:
    """Return vectors and codes 0 … C-1 of the case's labels."""
    return case.vectors, np.unique(case.labels, return_inverse=True)[1]


def top_k(case: Case, k: int) -> Pair:
    rng = np.random.default_rng(case.queries)
    scores = rng.standard_normal((len(case.labels), 9))
    labels = rng.integers(9, size=len(case.labels))
    own = top_k_hits(scores, labels, k).mean()
    return own, theirs.top_k_accuracy_score(labels, scores, k=k, labels=range(9))


def classes(case: Case, name: str) -> Pair:
    _, labels = distinct_case(case)
    predicted, n_classes = np.roll(labels, 1), int(labels.max()) + 2
    report = theirs.precision_recall_fscore_support(
        labels, predicted, labels=range(n_classes), zero_division=np.nan
    )
    their = dict(zip(("precision", "recall", "f1", "support"), report, strict=True))[name]
    return getattr(per_class(confusion(labels, predicted, n_classes)), name), their


def confused(case: Case) -> Pair:
    _, labels = distinct_case(case)
    n_classes = int(labels.max()) + 1
    predicted = np.roll(labels, 3)
    own = confusion(labels, predicted, n_classes)
    return own, theirs.confusion_matrix(labels, predicted, labels=range(n_classes))


def p_value(case: Case) -> Pair:
    a, b = case.labels % 2 == 0, case.clusters % 3 == 0
    tries, wins = int((a != b).sum()), int((a & ~b).sum())
    return mcnemar(a, b), stats.binomtest(wins, tries, 0.5).pvalue if tries else 1.0


def all_cosines(case: Case) -> Pair:
    cosines = cosine_similarity(case.vectors.astype(np.float64))
    apart = ~np.eye(len(cosines), dtype=bool)
    return anisotropy(case.vectors), cosines[apart].mean()


def spread_by_variance(case: Case) -> Pair:
    wide = case.vectors.astype(np.float64)
    return spread(case.vectors), wide.var(axis=0).sum() / (wide**2).sum(axis=1).mean()


def rank_by_svd(case: Case) -> Pair:
    """Compare with the singular values of the centred matrix itself."""
    wide = case.vectors.astype(np.float64)
    values = np.linalg.svd(wide - wide.mean(axis=0), compute_uv=False)
    values = values[values > values.max() * 1e-6]
    if not values.sum() > 0:
        return effective_rank(case.vectors), np.nan
    return effective_rank(case.vectors), np.exp(stats.entropy(values))


SKLEARN, LEARNING, HAND = "scikit-learn", "pytorch-metric-learning", "numpy, written out"
_AGREEMENTS = {
    "nmi": "normalized_mutual_info_score",
    "ami": "adjusted_mutual_info_score",
    "ari": "adjusted_rand_score",
}
_RANKS = ("precision_at_1", "precision_at_5", "recall_at_1", "recall_at_5", "recall_at_10")
COMPARISONS: dict[str, tuple[str, Callable[[Case], Pair]]] = {
    "silhouette_cosine": (
        SKLEARN,
        partial(silhouettes, mine=cosine_silhouettes, metric="cosine"),
    ),
    "silhouette_euclidean": (
        SKLEARN,
        partial(silhouettes, mine=euclidean_silhouettes, metric="euclidean"),
    ),
    **{
        name: (SKLEARN, partial(clustering, name=name, their_name=their))
        for name, their in _AGREEMENTS.items()
    },
    "matched_accuracy": ("scipy, sparse matching", matched),
    "purity": (HAND, pure),
    **{
        f"{name}{told}": (LEARNING, partial(metric_learning, name=name, itself=itself))
        for name in ("precision_at_1", "r_precision", "map_at_r")
        for told, itself in (("", False), (", leave one out", True))
    },
    **{
        f"{name}, by query{told}": (HAND, partial(first_ranks, name=name, itself=itself))
        for name in _RANKS
        for told, itself in (("", False), (", leave one out", True))
    },
    "kNN vote": (HAND, partial(votes, weighted=True)),
    "kNN uniform vote": (HAND, partial(votes, weighted=False)),
    "linear probe, objective": (SKLEARN, probe_objective),
    **{f"top-{k} accuracy": (SKLEARN, partial(top_k, k=k)) for k in (2, 5)},
    "confusion": (SKLEARN, confused),
    **{
        f"{name} of each class": (SKLEARN, partial(classes, name=name))
        for name in ("precision", "recall", "f1", "support")
    },
    "McNemar's p value": ("scipy, binomtest", p_value),
    "anisotropy": (SKLEARN, all_cosines),
    "spread": (HAND, spread_by_variance),
    "effective_rank": (HAND, rank_by_svd),
}


def difference(case: Case, compare: Callable[[Case], Pair]) -> tuple[float, int]:
    """Return the largest absolute difference, inf if NaN stands on one side only, and how many."""
    mine, their = (np.atleast_1d(np.asarray(side, dtype=np.float64)) for side in compare(case))
    if mine.shape != their.shape or (np.isnan(mine) != np.isnan(their)).any():
        return math.inf, mine.size
    return float(np.nanmax(np.abs(mine - their), initial=0.0)), int((~np.isnan(mine)).sum())


def main(full: bool = False) -> None:
    rows = []
    everything = list(cases())
    for metric, (reference, compare) in COMPARISONS.items():
        found = [difference(case, compare) for case in everything]
        largest, values = max(value for value, _ in found), sum(count for _, count in found)
        rows.append((metric, reference, len(found), values, f"{largest:.1e}"))
        print(f"  {metric}: {largest:.1e} from {reference}", flush=True)
    with (RESULTS / "agreement.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([COLUMNS, *rows])


if __name__ == "__main__":
    main(full=wants_full())
