"""One step of an evaluation, by artvec or as one would write it with scikit-learn, in a process.

Usage: evaluation_step.py STEP artvec|plain FILE.npz; prints its seconds and its figure as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

STRENGTH = 1e-2
K, TEMPERATURE = 20, 0.07


def cosine_artvec(data: Any) -> float:
    from artvec.metrics.silhouette import cosine_silhouettes

    return float(cosine_silhouettes(data.vectors, data.labels).mean())


def cosine_plain(data: Any) -> float:
    from sklearn.metrics import silhouette_score

    return float(silhouette_score(data.vectors, data.labels, metric="cosine"))


def euclidean_artvec(data: Any) -> float:
    from artvec.metrics.silhouette import euclidean_silhouettes

    return float(euclidean_silhouettes(data.vectors, data.labels).mean())


def euclidean_plain(data: Any) -> float:
    from sklearn.metrics import silhouette_score

    return float(silhouette_score(data.vectors, data.labels))


def knn_artvec(data: Any) -> float:
    from artvec.metrics.voting import vote
    from artvec.vector_search import exact_search

    found = exact_search([data.gallery], data.queries, K)
    votes = vote(data.gallery_labels[found.rows], found.scores, data.classes)
    return float((votes == data.query_labels).mean())


def knn_plain(data: Any) -> float:
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(
        K, metric="cosine", weights=lambda distances: np.exp((1 - distances) / TEMPERATURE)
    )
    model.fit(data.gallery, data.gallery_labels)
    return float(model.score(data.queries, data.query_labels))


def retrieval_artvec(data: Any) -> float:
    from artvec.metrics.retrieval import retrieval_outcomes

    found = retrieval_outcomes(data.queries, data.query_labels, data.gallery, data.gallery_labels)
    return float(np.nanmean(found.map_at_r))


def retrieval_plain(data: Any) -> float:
    from sklearn.metrics import pairwise_distances_chunked

    sizes = np.bincount(data.gallery_labels, minlength=data.classes)
    ranks = np.arange(1, len(data.gallery) + 1)

    def map_at_r(distances: Any, start: int) -> Any:
        labels = data.query_labels[start : start + len(distances)]
        hits = data.gallery_labels[np.argsort(distances, axis=1)] == labels[:, None]
        hits &= ranks <= sizes[labels][:, None]
        return (np.where(hits, np.cumsum(hits, axis=1) / ranks, 0)).sum(axis=1) / sizes[labels]

    chunks = pairwise_distances_chunked(
        data.queries, data.gallery, metric="cosine", reduce_func=map_at_r, working_memory=256
    )
    return float(np.nanmean(np.concatenate(list(chunks))))


def probe_artvec(data: Any) -> float:
    from artvec.metrics.probe import fit_probe_at

    return fit_probe_at(data.gallery, data.gallery_labels, data.classes, STRENGTH).objective


def probe_plain(data: Any) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.preprocessing import StandardScaler

    rows = StandardScaler().fit_transform(data.gallery)
    model = LogisticRegression(C=1 / (STRENGTH * len(rows)), max_iter=1000)
    model.fit(rows, data.gallery_labels)
    loss = log_loss(data.gallery_labels, model.predict_proba(rows).astype(np.float64))
    return float(loss + STRENGTH / 2 * (model.coef_.astype(np.float64) ** 2).sum())


class Data:
    """Vectors and labels; the first sixth of them are the queries, the others the gallery."""

    def __init__(self, file: str) -> None:
        stored = np.load(file)
        self.vectors, self.labels = stored["vectors"], stored["labels"]
        at = len(self.labels) // 6
        self.queries, self.query_labels = self.vectors[:at], self.labels[:at]
        self.gallery, self.gallery_labels = self.vectors[at:], self.labels[at:]
        self.classes = int(self.labels.max()) + 1


def main(step: str, who: str, file: str) -> None:
    data = Data(file)
    started = time.perf_counter()
    figure = globals()[f"{step}_{who}"](data)
    print(json.dumps({"seconds": time.perf_counter() - started, "figure": figure}))


if __name__ == "__main__":
    main(*sys.argv[1:])
