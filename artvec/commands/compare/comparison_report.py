"""What a comparison yields, and its ranking as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from artvec.commands.compare.encoder_costs import Cost
from artvec.core.results import Interval

Verdict = Literal["better", "worse", "no evidence of a difference"]


@dataclass(frozen=True)
class Row:
    """One collection.

    Attributes:
        name: As the output calls it.
        collection: Its folder.
        backbone: Of its encoder.
        run: The run that embedded it, if any.
        dim: Width of its vectors.
        left_out: Its rows whose image not all have.
        metrics: Figures of the protocol.
        geometry: Figures that need no labels.
        ranks: Headline figure → place, 1 for the best; equal figures share the better place.
        mean_rank: Over the headline figures; None without any.
        accuracy_per_million_parameters: None where there are no parameters or no accuracy.
        cost: See `Cost`.
    """

    name: str
    collection: Path
    backbone: str
    run: Path | None
    dim: int
    left_out: int
    metrics: Mapping[str, Interval]
    geometry: Mapping[str, float]
    ranks: Mapping[str, int]
    mean_rank: float | None
    accuracy_per_million_parameters: float | None
    cost: Cost

    @property
    def encoder(self) -> str:
        """Name of the run, else of the backbone."""
        return self.run.name if self.run else self.backbone

    @property
    def ranking(self) -> dict[str, float]:
        """What is known of its place and its costs, by the names of the JSON."""
        own = {
            "mean_rank": self.mean_rank,
            **self.cost.figures,
            "accuracy_per_million_parameters": self.accuracy_per_million_parameters,
        }
        return {name: value for name, value in own.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Column:
    """How a figure of the ranking is shown.

    Attributes:
        name: In the JSON.
        title: In tables.
        scale: It is divided by.
        digits: After the point.
    """

    name: str
    title: str
    scale: float
    digits: int


RANKING = (
    Column("mean_rank", "mean rank", 1, 1),
    Column("parameters", "parameters M", 1e6, 2),
    Column("mult_adds", "mult-adds G", 1e9, 3),
    Column("depth", "layers", 1, 0),
    Column("size_mb", "MB", 1, 1),
    Column("images_per_second", "images/s", 1, 0),
    Column("ms_per_image", "ms", 1, 1),
    Column("accuracy_per_million_parameters", "accuracy/M", 1, 3),
)


def ranking_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Lay the ranking out: titles, and a line of texts each row; what isn't known is empty."""
    titles = ["collection", "encoder", *(column.title for column in RANKING)]
    lines = [
        [
            row.name,
            row.encoder,
            *(
                f"{row.ranking[one.name] / one.scale:,.{one.digits}f}"
                if one.name in row.ranking
                else ""
                for one in RANKING
            ),
        ]
        for row in rows
    ]
    return titles, lines


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure of two collections on the same queries.

    Attributes:
        a: Name of the one.
        b: Name of the other.
        metric: Name of the figure.
        difference: Of a minus that of b.
        verdict: What is to be said of a against b.
        p_value: McNemar's, for classifiers.
        p_value_holm: Adjusted for all such tests of the comparison.
    """

    a: str
    b: str
    metric: str
    difference: Interval
    verdict: Verdict
    p_value: float | None = None
    p_value_holm: float | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike two figures rank the collections: Kendall's tau-b, 1 alike to -1 reversed."""

    a: str
    b: str
    kendall_tau: float


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two collections of which each is better than the other, by different figures."""

    a: str
    b: str
    better_by: tuple[str, ...]
    worse_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rankings:
    """Whether the figures tell the same story.

    Attributes:
        metrics: The headline figures, which are ranked by.
        agreements: Of every two of them; those that don't tell the collections apart have none.
        contradictions: Pairs that swap, with intervals that exclude 0 on both sides.
        words: The same in sentences.
    """

    metrics: tuple[str, ...]
    agreements: tuple[Agreement, ...]
    contradictions: tuple[Contradiction, ...]
    words: tuple[str, ...]


@dataclass(frozen=True)
class Leak:
    """Queries that an encoder or its head was trained on."""

    name: str
    run: Path
    queries: int
    example: str


@dataclass(frozen=True)
class Protocol:
    """The one selection that all collections were judged by.

    Attributes:
        images: That all collections have.
        gallery_split: Its name.
        gallery: Images in it.
        query_split: Its name.
        queries: Images in it.
        val: Images by which a probe's strength is chosen.
        classes: Names of the labels.
        unlabelled: Images of both splits without a label, which were left out.
        group_column: Whose values are resampled as a whole, if any.
        accuracy: The figure that is set against the number of parameters; None without labels.
    """

    images: int
    gallery_split: str
    gallery: int
    query_split: str
    queries: int
    val: int
    classes: tuple[str, ...]
    unlabelled: int
    group_column: str | None
    accuracy: str | None


@dataclass(frozen=True)
class Comparison:
    """The result of `artvec compare`.

    Attributes:
        rows: A collection each, the best mean rank first.
        pairs: Every two collections, every figure.
        rankings: Whether the figures agree.
        protocol: What was compared.
        leaks: Only where they were allowed.
        cautions: How far the verdicts can be trusted.
        notes: What a user should know.
        embedding_notes: The same of models that were embedded first.
    """

    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    rankings: Rankings
    protocol: Protocol
    leaks: tuple[Leak, ...]
    cautions: tuple[str, ...]
    notes: tuple[str, ...]
    embedding_notes: tuple[str, ...] = ()
