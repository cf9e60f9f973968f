"""All copies in a collection: stored facts first, then a second look at what they can't decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from artvec.collection.reader import Collection, columns
from artvec.core.progress import Progress, silent
from artvec.core.results import NearDuplicates
from artvec.core.types import Int64Array
from artvec.near_duplicates.fingerprint_matches import Fingerprints, fingerprints
from artvec.near_duplicates.grouping import around_the_best
from artvec.near_duplicates.neighbours import close_pairs
from artvec.near_duplicates.second_look import look

LOOKS = 5000
"""Pairs that a second look compares by default: 8 ms each on one core, and two decodes at most."""


@dataclass(frozen=True)
class DuplicateSearch:
    """The copies in a collection, and how far the search went.

    Attributes:
        copies: Groups, the one with the best file first.
        looked: Pairs that were compared by their pictures.
        unavailable: Pairs whose pictures aren't there any more, or are others by now.
        left: Pairs beyond the limit, less close than those that were looked at.
    """

    copies: tuple[NearDuplicates, ...]
    looked: int
    unavailable: int
    left: int


def across_splits(
    collection: Collection, copies: Sequence[NearDuplicates]
) -> tuple[NearDuplicates, ...]:
    """Return the groups whose rows have different splits; a row without one has none."""
    splits = columns(collection, ["split"])["split"].to_pylist()
    return tuple(
        group
        for group in copies
        if len({splits[row] for row in group.rows if splits[row] is not None}) > 1
    )


def find_near_duplicates(
    collection: Collection, progress: Progress = silent, *, looks: int = LOOKS
) -> DuplicateSearch:
    """Find the rows that show the same picture.

    Files with equal bytes are one picture. Of the others, rows whose fingerprints agree with those
    of the best of them are one group, unless a look at both pictures contradicts: coins and posters
    in one layout can have one fingerprint. Groups with close embeddings, in any of their rows,
    become one when their best pictures agree, laid over each other. So every row shows the picture
    of the first one of its group, in one step or two, however many rows there are.

    Args:
        collection: Its pictures are opened for close pairs only, and may be gone.
        progress: Told what is done of the step at hand.
        looks: Most pairs to compare by their pictures, the closest first, and as many that have
            equal fingerprints.
    """
    if collection.rows == 0:
        return DuplicateSearch((), 0, 0, 0)
    prints = fingerprints(collection)
    order = _best_first(collection)
    twins = _equal_files(prints, order)
    groups, checked = _by_fingerprints(collection, list(twins), prints, looks, progress)
    head = {row: group[0] for group in groups for row in group}
    chosen = np.zeros(collection.rows, dtype=np.bool_)  # (N,) the best row of each content
    chosen[list(head)] = True
    pairs = _between_heads(close_pairs(collection, chosen, progress), head)
    looked = look(collection, pairs[:looks], progress)
    agreeing: dict[int, list[int]] = defaultdict(list)
    for a, b in looked.same:
        agreeing[a].append(b)
        agreeing[b].append(a)
    members = {group[0]: group for group in groups}
    merged = around_the_best(list(members), agreeing.__getitem__)
    place = {row: at for at, row in enumerate(order)}
    copies = []
    for heads in merged:
        rows = [twin for one in heads for row in members[one] for twin in twins[row]]
        if len(rows) > 1:
            copies.append(_copies(prints, sorted(rows, key=place.__getitem__)))
    return DuplicateSearch(
        tuple(copies), checked + looked.compared, looked.unavailable, max(0, len(pairs) - looks)
    )


def _by_fingerprints(
    collection: Collection,
    order: Sequence[int],
    prints: Fingerprints,
    looks: int,
    progress: Progress,
) -> tuple[list[list[int]], int]:
    """Group rows of equal fingerprints, and anew those that a look parts from their first one.

    Args:
        collection: Its pictures are opened.
        order: Rows, the best first.
        prints: Of all rows.
        looks: Most pairs to compare.
        progress: Told what is done of the step at hand.

    Returns:
        The groups, and how many pairs were compared.
    """
    regrouped: list[list[int]] = []
    checked = 0
    groups = around_the_best(order, prints.rows_like, progress)
    while groups:
        pairs = [(group[0], row) for group in groups for row in group[1:]][: looks - checked]
        looked = look(collection, pairs, progress)
        checked += looked.compared
        outside = {row for _, row in looked.different}
        regrouped += [[row for row in group if row not in outside] for group in groups]
        groups = around_the_best([row for row in order if row in outside], prints.rows_like)
    return regrouped, checked


def _between_heads(pairs: Int64Array, head: Mapping[int, int]) -> list[tuple[int, int]]:
    """Return the pairs of groups, by their best rows, that close rows lie in; closest first."""
    ends = ((head[a], head[b]) for a, b in pairs.tolist())
    return list(dict.fromkeys((min(pair), max(pair)) for pair in ends if pair[0] != pair[1]))


def _best_first(collection: Collection) -> list[int]:
    """Order rows by quality: more pixels, then more bytes, then by path."""
    table = columns(collection, ["path", "width", "height", "size_bytes"])
    path, width, height, size = (column.to_pylist() for column in table.columns)
    return sorted(range(len(path)), key=lambda n: (-width[n] * height[n], -size[n], path[n]))


def _equal_files(prints: Fingerprints, order: Sequence[int]) -> dict[int, list[int]]:
    """Return the best row of each content → all rows that have it, in order."""
    first_of: dict[bytes, int] = {}
    twins: dict[int, list[int]] = defaultdict(list)
    for row in order:
        twins[first_of.setdefault(prints.content[row].tobytes(), row)].append(row)
    return dict(twins)


def _copies(prints: Fingerprints, rows: Sequence[int]) -> NearDuplicates:
    equal = bool((prints.content[rows] == prints.content[rows[0]]).all())
    return NearDuplicates(tuple(rows), "exact" if equal else "near")
