"""Which rows a page shows as pictures: clusters, outliers, copies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from artvec.commands.cluster import Findings
from artvec.core.results import Groups, NearDuplicates
from artvec.core.types import Int64Array

MAX_PICTURES = 1500
_MAX_CARDS = 150
_SHEET_PICTURES = 900
"""On all contact sheets together."""
_LONGEST_SHEET = 11
_OUTLIERS = 24
_COPY_GROUPS = 40
_COPIES_SHOWN = 6
_LABELS_NAMED = 6


@dataclass(frozen=True, slots=True)
class Card:
    """What is shown of a cluster.

    Attributes:
        number: Of the cluster.
        size: Its rows.
        silhouette: Their mean.
        rows: The medoid, then members from the heart to the edge.
        labels: The most frequent ones with their counts.
        other_labels: Rows with further labels.
        unlabelled: Rows without one.
    """

    number: int
    size: int
    silhouette: float
    rows: tuple[int, ...]
    labels: tuple[tuple[str, int], ...]
    other_labels: int
    unlabelled: int


@dataclass(frozen=True, slots=True)
class PagePictures:
    """The pictures of a page.

    Attributes:
        cards: The largest clusters, by size.
        outliers: Rows, the oddest first.
        copies: Groups, the largest first, cut to what is shown of each.
    """

    cards: tuple[Card, ...]
    outliers: tuple[int, ...]
    copies: tuple[NearDuplicates, ...]

    def rows(self, n_rows: int) -> list[int]:
        """Return the rows that deserve a picture in the page, the most wanted first.

        Args:
            n_rows: Of the collection; where it is small, every row gets its picture.
        """
        sheets = zip_longest(*(card.rows for card in self.cards))  # all medoids, all seconds, …
        ordered = [
            *(card.rows[0] for card in self.cards),
            *self.outliers,
            *(row for group in self.copies for row in group.rows),
            *(row for layer in sheets for row in layer if row is not None),
            *(range(n_rows) if n_rows <= MAX_PICTURES else ()),
        ]
        return list(dict.fromkeys(ordered))[:MAX_PICTURES]


def choose_pictures(findings: Findings) -> PagePictures:
    """Choose what is shown of a collection."""
    groups = findings.groups
    scores = groups.outlier_scores
    odd = np.argsort(-scores, kind="stable")[:_OUTLIERS]
    copies = sorted(findings.copies, key=lambda group: -len(group.rows))[:_COPY_GROUPS]
    return PagePictures(
        cards=tuple(_cards(findings)),
        outliers=tuple(int(row) for row in odd if scores[row] > 0),
        copies=tuple(NearDuplicates(group.rows[:_COPIES_SHOWN], group.kind) for group in copies),
    )


def _cards(findings: Findings) -> Iterator[Card]:
    groups = findings.groups
    number_of_cards = min(len(groups.medoids), _MAX_CARDS)
    each = max(1, min(_LONGEST_SHEET, _SHEET_PICTURES // max(1, number_of_cards)))
    order = np.argsort(groups.clusters, kind="stable")
    starts = np.searchsorted(groups.clusters[order], np.arange(number_of_cards + 1))
    for number in range(number_of_cards):
        members = order[starts[number] : starts[number + 1]]
        counts = Counter(findings.labels[row] for row in members)
        unlabelled = counts.pop(None, 0)
        named = [(str(label), n) for label, n in counts.most_common(_LABELS_NAMED)]
        yield Card(
            number=number,
            size=len(members),
            silhouette=float(groups.silhouettes[members].mean()),
            rows=_sheet(groups, members, int(groups.medoids[number]), each),
            labels=tuple(named),
            other_labels=sum(counts.values()) - sum(n for _, n in named),
            unlabelled=unlabelled,
        )


def _sheet(groups: Groups, members: Int64Array, medoid: int, length: int) -> tuple[int, ...]:
    """Return the medoid, then members spread evenly from the highest silhouette to the lowest."""
    others = members[members != medoid]
    ordered = others[np.argsort(-groups.silhouettes[others], kind="stable")]
    at = np.linspace(0, len(ordered) - 1, min(length - 1, len(ordered))).astype(np.int64)
    return (medoid, *(int(row) for row in ordered[at]))
