"""The examination: everything is looked at, the cheap first, whatever fails on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from artvec.commands.doctor import engines, environment, machine, places, speed
from artvec.commands.doctor.finding import Finding

_EXAMINATIONS: tuple[Callable[[], Iterator[Finding]], ...] = (
    machine.examine,
    environment.examine,
    places.examine,
    speed.examine,
    engines.examine,
)


def examine() -> Iterator[Finding]:
    """Yield findings as they are made; only temporary files are written, and removed again."""
    for examination in _EXAMINATIONS:
        try:
            yield from examination()
        except Exception as error:  # one failure must not hide the other findings
            yield Finding(
                examination.__module__.rpartition(".")[2],
                "problem",
                f"can't be examined: {type(error).__name__}: {' '.join(str(error).split())}",
                "report this as a defect of artvec",
            )
