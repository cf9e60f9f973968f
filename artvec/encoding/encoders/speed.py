"""How long forward passes take on this machine, as busy as it is now; nothing is decoded."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from artvec.core.errors import OutOfMemory
from artvec.core.progress import Progress, silent
from artvec.core.types import Encoder, UInt8Array

_ROUNDS = 5
_SINGLE_IMAGES = 5


@dataclass(frozen=True, slots=True)
class Speed:
    """Forward passes of an encoder; medians of several rounds.

    Attributes:
        images_per_second: In whole batches, on all streams.
        ms_per_image: One image at a time.
    """

    images_per_second: float
    ms_per_image: float


def compared_speeds(
    encoders: Sequence[Encoder], batches: Sequence[UInt8Array], progress: Progress = silent
) -> list[Speed]:
    """Time encoders in turns, so that what else the machine does falls on all of them alike.

    Args:
        encoders: To time.
        batches: (B, H, W, 3) of each one's own size; the same pictures for all.
        progress: Called with rounds done and to do.

    Returns:
        In the order of the encoders.

    Raises:
        OutOfMemory: One can't run even one image at a time.
    """
    batched: list[list[float]] = [[] for _ in encoders]
    single: list[list[float]] = [[] for _ in encoders]
    for done in range(_ROUNDS):
        for at, (encoder, batch) in enumerate(zip(encoders, batches, strict=True)):
            batched[at].append(seconds_an_image(encoder, batch))
            single[at].append(_alone(encoder, batch))
        progress(done + 1, _ROUNDS)
    return [
        Speed(1 / statistics.median(together), 1e3 * statistics.median(alone))
        for together, alone in zip(batched, single, strict=True)
    ]


def seconds_an_image(encoder: Encoder, batch: UInt8Array) -> float:
    """Return wall seconds an image of whole batches on all streams; smaller ones if need be.

    Args:
        encoder: Is warmed up first.
        batch: (B, H, W, 3).

    Raises:
        OutOfMemory: Even one image at a time is too much.
    """
    with ThreadPoolExecutor(encoder.streams, "forward") as pool:
        while True:
            try:
                list(pool.map(encoder.encode, [batch] * encoder.streams))  # to warm up
                started = time.perf_counter()
                list(pool.map(encoder.encode, [batch] * encoder.streams))
            except OutOfMemory:
                if len(batch) == 1:
                    raise
                batch = batch[: len(batch) // 2]
            else:
                return (time.perf_counter() - started) / (encoder.streams * len(batch))


def _alone(encoder: Encoder, batch: UInt8Array) -> float:
    encoder.encode(batch[:1])  # to warm up
    started = time.perf_counter()
    for at in range(_SINGLE_IMAGES):
        first = at % len(batch)
        encoder.encode(batch[first : first + 1])
    return (time.perf_counter() - started) / _SINGLE_IMAGES
