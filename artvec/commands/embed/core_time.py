"""What became of the cores' time in a run: measured for the whole process, divided by stage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from artvec.core import runtime
from artvec.encoding.extraction import Clock


class Meter:
    """Measures this process from its making on; for the thread that hands out and writes.

    Attributes:
        clock: To be added to by the stages.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self._wall = time.perf_counter()
        self._process = time.process_time()
        self._main = time.thread_time()
        self._idle = runtime.idle_seconds()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Measure the body as writing."""
        started, started_working = time.perf_counter(), time.thread_time()
        yield
        seconds = time.perf_counter() - started
        self.clock.write += seconds
        self.clock.write_waited += max(0.0, seconds - (time.thread_time() - started_working))

    def read(self) -> Measured:
        """Return what has been measured so far."""
        idle = runtime.idle_seconds()
        return Measured(
            cores=runtime.cores(),
            wall=time.perf_counter() - self._wall,
            process=time.process_time() - self._process,
            main=time.thread_time() - self._main,
            idle=None if idle is None or self._idle is None else idle - self._idle,
            clock=replace(self.clock),
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of a run.

    Attributes:
        cores: That this process may use.
        wall: Wall time.
        process: Core time of all threads.
        main: Core time of the main thread.
        idle: Core time of nobody; None where the system doesn't tell.
        clock: The stages' own.
    """

    cores: int
    wall: float
    process: float
    main: float
    idle: float | None
    clock: Clock

    @property
    def beside(self) -> float:
        """Core time beside decoding threads and main thread: what forward passes take of it."""
        return max(0.0, self.process - self.clock.decode - self.main)


@dataclass(frozen=True, slots=True)
class Utilisation:
    """Shares of the cores' time (cores × wall time) in a run; they sum to 1.

    A forward pass on the CPU works in threads of its engine, so `forward` is what this process
    took beside its decoding threads and its main thread.

    Attributes:
        cores: That this process may use.
        decode: Decoding threads.
        forward: See above; with a GPU, what keeping it busy takes.
        write: The main thread, which hands out files and writes rows.
        others: Other programs; 0 where the system doesn't tell, `idle` holds them then.
        idle: Nobody.
    """

    cores: int
    decode: float
    forward: float
    write: float
    others: float
    idle: float


def stage_seconds(measured: Measured, device: str) -> dict[str, float]:
    """Return busy seconds by stage: of cores, where a forward pass works on them.

    Args:
        measured: A run.
        device: Of its encoder.
    """
    forward = measured.beside if device == "cpu" else measured.clock.forward
    return {"decode": measured.clock.decode, "forward": forward, "write": measured.clock.write}


def utilisation(measured: Measured) -> Utilisation:
    """Divide the cores' time among the stages, other programs and nobody."""
    whole = max(measured.cores * measured.wall, measured.process)
    unused = whole - measured.process
    idle = unused if measured.idle is None else min(unused, max(0.0, measured.idle))
    decode = min(measured.clock.decode, measured.process)
    main = min(measured.main, measured.process - decode)
    parts = (decode, measured.beside, main, unused - idle, idle)
    return Utilisation(measured.cores, *(part / whole for part in parts))
