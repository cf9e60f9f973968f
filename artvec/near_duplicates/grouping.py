"""Rows that match each other to groups: around their best file, never along a chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from artvec.core.progress import Progress, silent


def around_the_best(
    order: Sequence[int],
    matches: Callable[[int], Iterable[int]],
    progress: Progress = silent,
) -> list[list[int]]:
    """Group rows so that every member matches the first one of its group.

    The best row that has no group yet takes all such rows that match it. So a row that matches
    only a member, but not the best file, is never drawn in: chains don't grow.

    Args:
        order: Rows, the best first; the result depends on their order alone.
        matches: Row → rows that match it; whether it names itself doesn't matter.
        progress: Told the rows done.

    Returns:
        Groups, each with its rows in that order, a row alone as a group of one.
    """
    place = {row: at for at, row in enumerate(order)}
    free = set(order)
    groups = []
    for done, first in enumerate(order, 1):
        if first in free:
            members = {first, *matches(first)} & free
            free -= members
            groups.append(sorted(members, key=place.__getitem__))
        progress(done, len(order))
    return groups
