"""The only thing that travels up the stairs: how much of how much is done."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]


_UNITS = 1000
"""Of each part, see `part_of`."""


def silent(done: int, total: int) -> None:
    """Report nothing."""


def part_of(progress: Progress, number: int, parts: int) -> Progress:
    """Return the progress of one of several equal parts, from 0, counted in thousandths."""

    def within(done: int, total: int) -> None:
        progress(number * _UNITS + _UNITS * done // max(1, total), parts * _UNITS)

    return within
