"""Every figure that a command reports: names, range, direction, reading, source; no arithmetic.

Help, tables, pages, charts and docs/figures.md read it: a figure has one name everywhere.
Light to import.
"""

from __future__ import annotations

import math
from dataclasses import replace

from artvec.metrics.evaluation_metrics import EVALUATION, GEOMETRY
from artvec.metrics.metric import Definition, Metric

__all__ = [
    "CLUSTERING",
    "DEFINITIONS",
    "EVALUATION",
    "EVALUATION_KEYS",
    "GEOMETRY",
    "METRICS",
    "NOISE_SUFFIXES",
    "TRAINING",
    "metric_of",
]

# fmt: off
CLUSTERING = (
    Definition(
        "the silhouette of clusters, by Euclidean distance after the reduction of dimensions",
        "Whether clusters are apart in the space they were found in.",
        "Rousseeuw 1987",
        (
            Metric("silhouette_reduced", "Silhouette, reduced", "silhouette, reduced",
                   "The silhouette after the reduction of dimensions.", low=-1.0),
        ),
    ),
    Definition(
        "for each cluster the spread of it and another one over the distance of their centres, "
        "the worst other one; the mean over clusters",
        "Whether clusters are compact and apart; favours round ones.",
        "Davies and Bouldin 1979",
        (
            Metric("davies_bouldin", "Davies-Bouldin index", "Davies-Bouldin",
                   "The spread of two clusters over the distance of their centres, for the worst "
                   "neighbour of each.", high=math.inf, better="lower"),
        ),
    ),
    Definition(
        "variance between clusters over variance within, each by its degrees of freedom",
        "Compare groupings of the same pictures.",
        "Caliński and Harabasz 1974",
        (
            Metric("calinski_harabasz", "Calinski-Harabasz index", "Calinski-Harabasz",
                   "Variance between clusters over variance within; compare it only for the same "
                   "pictures.", high=math.inf),
        ),
    ),
    Definition(
        "for each cluster the gap to the nearest other one against the sparsest place inside, "
        "both by mutual reachability; the mean weighted by size, noise counting against it",
        "Judges clusters of any shape, as HDBSCAN finds them.",
        "Moulavi et al. 2014",
        (
            Metric("dbcv", "DBCV", "DBCV",
                   "Whether clusters of any shape are denser inside than the gaps between them.",
                   low=-1.0),
        ),
    ),
    Definition(
        "share of rows with the most frequent label of their cluster",
        "How pure clusters are; read it beside their number.",
        "Manning, Raghavan and Schütze 2008",
        (
            Metric("purity", "Purity", "purity",
                   "Share of pictures with the most frequent label of their cluster; always 1 "
                   "with a cluster for each picture."),
        ),
    ),
)
"""The figures that only `artvec cluster` has; it shares silhouette_cosine, nmi, ami, ari, …"""
TRAINING = (
    Definition(
        "share of pictures of a split whose label is the first, or among the first five, of the "
        "head that is being trained",
        "What training works towards.",
        "Krizhevsky et al. 2012",
        (
            Metric("accuracy", "Accuracy", "accuracy",
                   "Share of pictures that the head labels correctly."),
            Metric("top5_accuracy", "Accuracy, top 5", "top-5",
                   "Share of pictures whose label is among the head's first five."),
        ),
    ),
    Definition(
        "mean cross-entropy of the head over the pictures of a split, in nats, without label "
        "smoothing; a probability of 0 in single precision counts as 10⁻³⁸",
        "Rises on val before accuracy falls.",
        "Bishop 2006",
        (
            Metric("loss", "Loss", "loss",
                   "Cross-entropy of the head.", high=math.inf, better="lower"),
        ),
    ),
)
"""The figures that only `artvec train` has; its others are those of `artvec eval`."""
# fmt: on

DEFINITIONS = (*EVALUATION, *GEOMETRY, *CLUSTERING, *TRAINING)
"""Of every command."""
METRICS = {metric.key: metric for definition in DEFINITIONS for metric in definition.metrics}
EVALUATION_KEYS = tuple(key for definition in EVALUATION for key in definition.keys)
NOISE_SUFFIXES = {
    "_noise_as_cluster": "noise as one cluster",
    "_without_noise": "without noise",
}
"""Endings of the keys that `artvec cluster` gives twice where a method knows noise."""


def metric_of(key: str) -> Metric:
    """Return what is known of a figure.

    Raises:
        KeyError: There is no such figure.
    """
    for suffix, variant in NOISE_SUFFIXES.items():
        if key.endswith(suffix):
            plain = METRICS[key.removesuffix(suffix)]
            title, short = (f"{name}, {variant}" for name in (plain.title, plain.short))
            return replace(plain, key=key, title=title, short=short)
    return METRICS[key]
