"""A run in stages: how long each took, and how much of all is done."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from artvec.core.progress import Progress

_UNITS = 1000
"""Of progress, for the run as a whole."""


class Stages:
    """Times stages and turns the progress of each into that of the run.

    Attributes:
        seconds: Name of a stage → what it took.
    """

    def __init__(self, expected_seconds: Mapping[str, float], progress: Progress) -> None:
        """Begin a run.

        Args:
            expected_seconds: Of every stage, in order.
            progress: Of the run, in thousandths.
        """
        self.seconds: dict[str, float] = {}
        self._expected = expected_seconds
        self._total = sum(expected_seconds.values()) or 1.0
        self._before = 0.0
        self._progress = progress

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        """Time a stage; what is yielded takes its own progress."""
        started = time.perf_counter()
        expected = self._expected.get(name, 0.0)
        self._progress(self._thousandths(0.0), _UNITS)

        def within(done: int, total: int) -> None:
            self._progress(self._thousandths(expected * done / max(1, total)), _UNITS)

        yield within
        self._before += expected
        self.seconds[name] = round(time.perf_counter() - started, 3)

    def _thousandths(self, within: float) -> int:
        return min(_UNITS, int(_UNITS * (self._before + within) / self._total))
