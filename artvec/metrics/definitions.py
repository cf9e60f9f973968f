"""What each figure of an evaluation is: one text for help and docs; pages say it more plainly."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Definition:
    """One way of measuring, under one or more names.

    Attributes:
        names: Of the figures, as in `--json`.
        meaning: What is computed.
        reading: How to read it, in a sentence.
        source: Where the protocol comes from.
    """

    names: tuple[str, ...]
    meaning: str
    reading: str
    source: str


DEFINITIONS = (
    Definition(
        ("knn1_accuracy", "knn5_accuracy", "knn20_accuracy"),
        "share of queries whose label wins among the k nearest gallery rows, each voting with "
        "weight exp(cosine / 0.07)",
        "How far similarity alone names the class; nothing is trained.",
        "DINOv2 (Oquab et al. 2023), after Wu et al. 2018",
    ),
    Definition(
        ("knn20_uniform_accuracy",),
        "the same with one row one vote, ties to the larger summed cosine",
        "Far below knn20_accuracy, only the very nearest rows are right.",
        "Cover and Hart 1967",
    ),
    Definition(
        ("linear_probe_accuracy", "linear_probe_top5_accuracy"),
        "multinomial logistic regression on standardised gallery embeddings, L2 strength chosen "
        "on val rows: share of queries whose label is its first, or among its first five",
        "What the embedding knows, even where its distances don't show it.",
        "Chen et al. 2020 (SimCLR), strength swept as by Radford et al. 2021 (CLIP)",
    ),
    Definition(
        ("head_accuracy", "head_top5_accuracy"),
        "the trained head of the run that made the embeddings, judged likewise",
        "The classifier that training gave; the embedding may be better or worse than it.",
        "Krizhevsky et al. 2012",
    ),
    Definition(
        ("ensemble_accuracy", "ensemble_top5_accuracy"),
        "the mean of the probabilities of several runs' heads (--ensemble), judged likewise",
        "Worth its cost where it beats its best member by more than the interval.",
        "Hansen and Salamon 1990",
    ),
    Definition(
        ("precision_at_1", "precision_at_5"),
        "share of the first k gallery neighbours, or of all where there are fewer, with the "
        "query's label",
        "How clean the first hits of a search are.",
        "Manning, Raghavan and Schütze 2008",
    ),
    Definition(
        ("recall_at_1", "recall_at_5", "recall_at_10"),
        "share of queries with at least one such neighbour among the first k",
        "How often somebody who looks at k hits sees a right one.",
        "Jégou et al. 2011; Oh Song et al. 2016",
    ),
    Definition(
        ("r_precision", "map_at_r"),
        "with R gallery rows of the query's label: share of the first R with it; and precision "
        "at each right rank up to R, summed and divided by R",
        "Whether whole classes lie together; MAP@R counts early ranks more.",
        "Musgrave, Belongie and Lim 2020",
    ),
    Definition(
        ("nmi", "ami", "ari", "matched_accuracy"),
        "k-means (k = number of labels, 10 starts, seeded) on query embeddings at length 1, "
        "against labels: normalised and adjusted mutual information, adjusted Rand index, and "
        "accuracy under the best matching of clusters to labels",
        "Whether the labels are what the embedding groups by; NMI grows with the number of "
        "clusters, AMI and ARI are 0 by chance.",
        "Vinh, Epps and Bailey 2010; Hubert and Arabie 1985; Kuhn 1955",
    ),
    Definition(
        ("silhouette_cosine", "silhouette_euclidean"),
        "mean over queries of (b - a) / max(a, b), by true label: a is the mean distance to the "
        "own class, b to the nearest other one; as emitted, exact",
        "Near 1, classes are apart; near 0, they touch; below 0, they lie in one another.",
        "Rousseeuw 1987",
    ),
    Definition(
        ("anisotropy", "spread", "effective_rank"),
        "of the query embeddings: mean cosine of two different rows; share of the squared length "
        "that varies; exp of the entropy of the singular values",
        "Anisotropy near 1, spread near 0 or a low rank: the encoder tells little apart.",
        "Ethayarajh 2019; Roy and Vetterli 2007; Garrido et al. 2023",
    ),
)
GEOMETRY = DEFINITIONS[-1].names
METRICS = tuple(name for one in DEFINITIONS[:-1] for name in one.names)
"""Every figure of an evaluation but the geometry, in the order in which they are shown."""
