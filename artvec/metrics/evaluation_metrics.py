"""The figures of an evaluation, in the order of tables; see `artvec.metrics.registry`."""

from __future__ import annotations

import math

from artvec.metrics.metric import Definition, Metric

_SILHOUETTE = (
    "How much nearer a picture is to its own group (label or cluster) than to the next one; "
    "high-dimensional embeddings rarely pass .3."
)
# fmt: off
EVALUATION = (
    Definition(
        "share of queries whose label wins among the k nearest gallery rows, each voting with "
        "weight exp(cosine / 0.07)",
        "How far similarity alone names the class; nothing is trained.",
        "DINOv2 (Oquab et al. 2023), after Wu et al. 2018",
        (
            Metric("knn1_accuracy", "Nearest neighbour", "kNN-1",
                   "Share of pictures whose nearest neighbour has their label."),
            Metric("knn5_accuracy", "5 neighbours", "kNN-5",
                   "Share of pictures whose label wins a vote of the five nearest, nearer ones "
                   "counting more."),
            Metric("knn20_accuracy", "20 neighbours", "kNN-20",
                   "Share of pictures whose label wins a vote of the twenty nearest, nearer ones "
                   "counting more."),
        ),
    ),
    Definition(
        "the same with one row one vote, ties to the larger summed cosine",
        "Far below knn20_accuracy, only the very nearest rows are right.",
        "Cover and Hart 1967",
        (
            Metric("knn20_uniform_accuracy", "20 neighbours, uniform", "kNN-20 uniform",
                   "As 20 neighbours, but each has one vote."),
        ),
    ),
    Definition(
        "multinomial logistic regression on standardised gallery embeddings, L2 strength chosen "
        "on val rows: share of queries whose label is its first, or among its first five",
        "What the embedding knows, even where its distances don't show it.",
        "Chen et al. 2020 (SimCLR), strength swept as by Radford et al. 2021 (CLIP)",
        (
            Metric("linear_probe_accuracy", "Linear probe", "probe",
                   "Share of pictures that a linear classifier on the embeddings labels "
                   "correctly."),
            Metric("linear_probe_top5_accuracy", "Linear probe, top 5", "probe top-5",
                   "Share of pictures whose label is among the first five of the linear probe."),
        ),
    ),
    Definition(
        "the trained head of the run that made the embeddings, judged likewise",
        "The classifier that training gave; the embedding may be better or worse than it.",
        "Krizhevsky et al. 2012",
        (
            Metric("head_accuracy", "Head", "head",
                   "Share of pictures that the trained head labels correctly."),
            Metric("head_top5_accuracy", "Head, top 5", "head top-5",
                   "Share of pictures whose label is among the first five of the trained head."),
        ),
    ),
    Definition(
        "the mean of the probabilities of several runs' heads (--ensemble), judged likewise",
        "Worth its cost where it beats its best member by more than the interval.",
        "Hansen and Salamon 1990",
        (
            Metric("ensemble_accuracy", "Ensemble", "ensemble",
                   "Share of pictures that several heads, averaged, label correctly."),
            Metric("ensemble_top5_accuracy", "Ensemble, top 5", "ensemble top-5",
                   "Share of pictures whose label is among the first five of the ensemble."),
        ),
    ),
    Definition(
        "share of the first k gallery neighbours, or of all where there are fewer, with the "
        "query's label",
        "How clean the first hits of a search are.",
        "Manning, Raghavan and Schütze 2008",
        (
            Metric("precision_at_1", "Precision at 1", "precision@1",
                   "Share of queries whose nearest picture has their label."),
            Metric("precision_at_5", "Precision at 5", "precision@5",
                   "Share of the five nearest pictures that have the query's label."),
        ),
    ),
    Definition(
        "share of queries with at least one such neighbour among the first k",
        "How often somebody who looks at k hits sees a right one.",
        "Jégou et al. 2011; Oh Song et al. 2016",
        (
            Metric("recall_at_1", "Recall at 1", "recall@1",
                   "The same as precision at 1."),
            Metric("recall_at_5", "Recall at 5", "recall@5",
                   "Share of queries with a picture of their label among the first five."),
            Metric("recall_at_10", "Recall at 10", "recall@10",
                   "Share of queries with a picture of their label among the first ten."),
        ),
    ),
    Definition(
        "with R gallery rows of the query's label: share of the first R with it; and precision "
        "at each right rank up to R, summed and divided by R",
        "Whether whole classes lie together; MAP@R counts early ranks more.",
        "Musgrave, Belongie and Lim 2020",
        (
            Metric("r_precision", "R-precision", "R-precision",
                   "Precision among as many pictures as the query's label has."),
            Metric("map_at_r", "MAP@R", "MAP@R",
                   "As R-precision, but right pictures count more the earlier they come."),
        ),
    ),
    Definition(
        "k-means (k = number of labels, 10 starts, seeded) on query embeddings at length 1, "
        "against labels: normalised and adjusted mutual information, adjusted Rand index, and "
        "accuracy under the best matching of clusters to labels",
        "Whether the labels are what the embedding groups by; NMI grows with the number of "
        "clusters, AMI and ARI are 0 by chance.",
        "Vinh, Epps and Bailey 2010; Hubert and Arabie 1985; Kuhn 1955",
        (
            Metric("nmi", "NMI", "NMI",
                   "How much clusters and labels tell about each other; grows with more clusters.",
                   ),
            Metric("ami", "AMI", "AMI",
                   "As NMI, corrected for chance: 0 is what random clusters reach, 1 is "
                   "agreement.", low=-math.inf),
            Metric("ari", "ARI", "ARI",
                   "Pairs of pictures on which clusters and labels agree, corrected for chance: 0"
                   " is what random clusters reach.", low=-0.5),
            Metric("matched_accuracy", "Matched accuracy", "matched",
                   "Share of pictures whose label is that of their cluster, each cluster matched "
                   "to one label."),
        ),
    ),
    Definition(
        "mean over queries of (b - a) / max(a, b), by true label: a is the mean distance to the "
        "own class, b to the nearest other one; as emitted, exact",
        "Near 1, classes are apart; near 0, they touch; below 0, they lie in one another.",
        "Rousseeuw 1987",
        (
            Metric("silhouette_cosine", "Silhouette", "silhouette",
                   _SILHOUETTE, low=-1.0),
            Metric("silhouette_euclidean", "Silhouette, Euclidean", "silhouette, Euclidean",
                   "The silhouette by Euclidean distance instead of cosine.", low=-1.0),
        ),
    ),
)
"""The figures of `artvec eval` and `artvec compare` that need labels, in the order of tables."""
GEOMETRY = (
    Definition(
        "of the query embeddings: mean cosine of two different rows; share of the squared length "
        "that varies; exp of the entropy of the singular values",
        "Anisotropy near 1, spread near 0 or a low rank: the encoder tells little apart.",
        "Ethayarajh 2019; Roy and Vetterli 2007; Garrido et al. 2023",
        (
            Metric("anisotropy", "Anisotropy", "anisotropy",
                   "Mean cosine of two different pictures; near 1, all embeddings point one way.",
                   low=-1.0, better="neither"),
            Metric("spread", "Spread", "spread",
                   "Share of the squared length of embeddings that differs between pictures.",
                   better="neither"),
            Metric("effective_rank", "Effective rank", "effective rank",
                   "How many dimensions the embeddings use.",
                   low=1.0, high=math.inf, better="neither"),
        ),
    ),
)
"""The figures that need no labels."""
