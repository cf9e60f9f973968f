"""Samples to vectors: decode in threads, forward in batches, in order, in constant memory."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np

from artvec.core import runtime
from artvec.core.choices import DecodeMode
from artvec.core.errors import ArtvecError, OutOfMemory
from artvec.core.finite import finite_rows
from artvec.core.types import (
    Decoded,
    Encoder,
    Fingerprint,
    Float32Array,
    Recognised,
    Sample,
    Skipped,
)
from artvec.images.byte_sources import Undecodable, skipped
from artvec.images.decode import decode_sample
from artvec.images.detail import Detail
from artvec.images.opening import MAX_PIXELS, import_decoders

_BATCHES_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Embedded:
    """A batch of rows, in the order of the samples.

    Attributes:
        samples: B of them.
        fingerprints: B, row by row.
        vectors: (B, dim) float32, row by row.
    """

    samples: tuple[Sample, ...]
    fingerprints: tuple[Fingerprint, ...]
    vectors: Float32Array


@dataclass
class Clock:
    """Seconds of all threads together, stage by stage.

    Attributes:
        decode: On a core.
        decode_waited: Within decoding, but off the cores: for files, memory, a lock or a core.
        forward: From the call of a forward pass to its end, waiting for a core included.
        write: From the call to the end.
        write_waited: Of these, off the cores.
    """

    decode: float = 0.0
    decode_waited: float = 0.0
    forward: float = 0.0
    write: float = 0.0
    write_waited: float = 0.0


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """How to turn files into vectors.

    Attributes:
        decode: See `DecodeMode`.
        batch_size: Images a forward pass; None for the encoder's own.
        known: Content hashes that need neither decoding nor a forward pass.
        detail: The part of every picture that is embedded; None for the whole.
        max_pixels: Larger pictures are skipped.
        dtype: That vectors will be stored in: what it can't hold is not finite.
    """

    decode: DecodeMode = "fast"
    batch_size: int | None = None
    known: Container[bytes] = frozenset()
    detail: Detail | None = None
    max_pixels: int = MAX_PIXELS
    dtype: str = "float32"


def extract(
    samples: Iterable[Sample], encoder: Encoder, options: ExtractOptions, clock: Clock
) -> Iterator[Embedded | Recognised | Skipped]:
    """Decode and embed samples.

    Skipped and recognised samples leave before batching, so the batches of the good images are
    those that a source without the others would have.

    Args:
        samples: In the order wanted.
        encoder: Works on several batches at once.
        options: See `ExtractOptions`.
        clock: Is added to.

    Yields:
        Every sample once: in a batch (batches keep the order), recognised, or skipped; skipped,
        too, where its vector is not finite.

    Raises:
        ArtvecError: Not even one image at a time fits into memory, or the encoder yields vectors
            of another width than it promised.
    """
    size = options.batch_size or encoder.batch_size
    batches: deque[Future[list[Embedded | Skipped]]] = deque()
    batch: list[Decoded] = []
    halving = _Halving(encoder, clock, options.dtype)
    import_decoders()
    with (
        ThreadPoolExecutor(runtime.cores(), "decode") as decoders,
        ThreadPoolExecutor(encoder.streams, "forward") as forwarders,
    ):
        try:
            for outcome in _decoded(samples, encoder, options, decoders, clock):
                if not isinstance(outcome, Decoded):
                    yield outcome
                    continue
                batch.append(outcome)
                if len(batch) == size:
                    batches.append(forwarders.submit(halving.embed, batch))
                    batch = []
                while batches and (len(batches) > encoder.streams or batches[0].done()):
                    yield from batches.popleft().result()
            if batch:
                batches.append(forwarders.submit(halving.embed, batch))
            while batches:
                yield from batches.popleft().result()
        finally:
            forwarders.shutdown(cancel_futures=True)
            decoders.shutdown(cancel_futures=True)


def _decoded(
    samples: Iterable[Sample],
    encoder: Encoder,
    options: ExtractOptions,
    pool: ThreadPoolExecutor,
    clock: Clock,
) -> Iterator[Decoded | Recognised | Skipped]:
    """Decode ahead by a few batches, and no further: memory stays constant."""
    decode = partial(
        decode_sample,
        preprocessing=encoder.identity.preprocessing,
        mode=options.decode,
        known=options.known,
        detail=options.detail,
        max_pixels=options.max_pixels,
    )
    ahead = _BATCHES_AHEAD * (options.batch_size or encoder.batch_size)
    remaining = iter(samples)
    pending = deque(pool.submit(_timed, decode, sample) for sample in islice(remaining, ahead))
    while pending:
        outcome, seconds, waited = pending.popleft().result()
        clock.decode += seconds
        clock.decode_waited += waited
        for sample in islice(remaining, 1):
            pending.append(pool.submit(_timed, decode, sample))
        yield outcome


def _timed(
    decode: Callable[[Sample], Decoded | Recognised | Skipped], sample: Sample
) -> tuple[Decoded | Recognised | Skipped, float, float]:
    """Return the outcome, and how long it took on the core and off it."""
    started, started_working = time.perf_counter(), time.thread_time()
    outcome = decode(sample)
    worked = time.thread_time() - started_working
    return outcome, worked, max(0.0, time.perf_counter() - started - worked)


class _Halving:
    """Runs batches, in halves once memory has run out."""

    def __init__(self, encoder: Encoder, clock: Clock, dtype: str) -> None:
        self._encoder = encoder
        self._clock = clock
        self._dtype = dtype
        self._limit: int | None = None

    def embed(self, batch: list[Decoded]) -> list[Embedded | Skipped]:
        pixels = np.stack([decoded.pixels for decoded in batch])  # (B, H, W, 3)
        started = time.perf_counter()
        parts = []
        at = 0
        while at < len(pixels):
            size = min(self._limit or len(pixels), len(pixels) - at)
            try:
                parts.append(self._encoder.encode(pixels[at : at + size]))
            except OutOfMemory as error:
                if size == 1:
                    raise out_of_memory() from error
                self._limit = min(self._limit or size, size // 2)
                continue
            at += size
        self._clock.forward += time.perf_counter() - started
        vectors = np.concatenate(parts)  # (B, dim)
        self._check(vectors, len(batch))
        finite = finite_rows(vectors, self._dtype)
        if finite.all():
            return [_embedded(batch, vectors)]
        why = self._not_finite(vectors)
        odd = [skipped(batch[row].sample, why) for row in np.flatnonzero(~finite)]
        rest = [batch[row] for row in np.flatnonzero(finite)]
        return [*([_embedded(rest, vectors[finite])] if rest else []), *odd]

    def _not_finite(self, vectors: Float32Array) -> Undecodable:
        """Say why vectors are not finite, and what may help."""
        ways = []
        if self._encoder.precision != "fp32":
            ways.append(f"--precision fp32 instead of {self._encoder.precision}")
        if self._dtype != "float32" and finite_rows(vectors).any():
            ways.append(f"--dtype float32 instead of {self._dtype}")
        help_ = " or ".join(ways) or "another backbone, or other weights"
        message = f"its vector is not finite (NaN or infinite); try {help_}"
        return Undecodable("forward", "not_finite", message)

    def _check(self, vectors: Float32Array, expected: int) -> None:
        identity = self._encoder.identity
        if vectors.shape != (expected, identity.dim):
            raise ArtvecError(
                f"{identity.backbone} gave vectors of shape {vectors.shape} instead of "
                f"({expected}, {identity.dim})",
                "this is a defect of artvec; --engine torch may avoid it",
            )


def _embedded(batch: Sequence[Decoded], vectors: Float32Array) -> Embedded:
    samples = tuple(decoded.sample for decoded in batch)
    return Embedded(samples, tuple(decoded.fingerprint for decoded in batch), vectors)


def out_of_memory() -> ArtvecError:
    """Tell that an encoder can't work on this machine at all."""
    return ArtvecError(
        "memory runs out even for one image at a time",
        "use a smaller --image-size or backbone, or --device cpu",
    )
