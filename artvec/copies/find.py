"""All copies in a collection: stored facts first, then a second look at what they can't decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artvec.collection.reader import Collection, columns
from artvec.copies.fingerprints import Fingerprints, fingerprints
from artvec.copies.grouping import around_the_best
from artvec.copies.look import look
from artvec.copies.neighbours import close_pairs
from artvec.progress import Progress, silent
from artvec.types import Copies

LOOKS = 5000
"""Pairs that a second look compares by default: 8 ms each on one core, and two decodes at most."""


@dataclass(frozen=True)
class Found:
    """The copies in a collection, and how far the search went.

    Attributes:
        copies: Groups, the one with the best file first.
        looked: Pairs that were compared by their pictures.
        unseen: Pairs whose pictures aren't there any more, or are others by now.
        left: Pairs beyond the limit, less close than those that were looked at.
    """

    copies: tuple[Copies, ...]
    looked: int
    unseen: int
    left: int


def find_copies(collection: Collection, progress: Progress = silent) -> tuple[Copies, ...]:
    """Return the groups of rows that show the same picture: see `search_copies`."""
    return search_copies(collection, progress).copies


def across_splits(collection: Collection, copies: Sequence[Copies]) -> tuple[Copies, ...]:
    """Return the groups whose rows have different splits; a row without one has none."""
    splits = columns(collection, ["split"])["split"].to_pylist()
    return tuple(
        group
        for group in copies
        if len({splits[row] for row in group.rows if splits[row] is not None}) > 1
    )


def search_copies(
    collection: Collection, progress: Progress = silent, *, looks: int = LOOKS
) -> Found:
    """Find the rows that show the same picture.

    Files with equal bytes are one picture. Of the others, two rows show the same picture when
    their fingerprints say so, or when their embeddings are unusually close and, laid over each
    other, the pictures themselves agree. Every row of a group shows the picture of its first.

    Args:
        collection: Its pictures are opened for close pairs only, and may be gone.
        progress: Told what is done of the step at hand.
        looks: Most pairs to compare by their pictures, the closest first.
    """
    if collection.rows == 0:
        return Found((), 0, 0, 0)
    prints = fingerprints(collection)
    order = _best_first(collection)
    twins = _equal_files(prints, order)
    firsts = np.zeros(collection.rows, dtype=np.bool_)  # (N,) the best row of each content
    firsts[list(twins)] = True
    pairs = close_pairs(collection, firsts, progress)
    undecided = [(a, b) for a, b in pairs.tolist() if not prints.same_picture(a)[b]]
    looked = look(collection, undecided[:looks], progress)
    agreeing: dict[int, list[int]] = defaultdict(list)
    for a, b in looked.same:
        agreeing[a].append(b)
        agreeing[b].append(a)

    def matches(row: int) -> list[int]:
        return [*np.flatnonzero(prints.same_picture(row)).tolist(), *agreeing[row]]

    place = {row: at for at, row in enumerate(order)}
    groups = [
        sorted((row for first in group for row in twins[first]), key=place.__getitem__)
        for group in around_the_best(list(twins), matches, progress)
    ]
    copies = tuple(_copies(prints, group) for group in groups if len(group) > 1)
    return Found(copies, looked.seen, looked.unseen, max(0, len(undecided) - looks))


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


def _copies(prints: Fingerprints, rows: Sequence[int]) -> Copies:
    equal = bool((prints.content[rows] == prints.content[rows[0]]).all())
    return Copies(tuple(rows), "exact" if equal else "near")
