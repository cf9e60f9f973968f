"""What a run of `embed` would do and cost, rehearsed on a sample; nothing at all is written."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from artvec.collection.plan import Plan, known_rows, removed
from artvec.collection.shards import ROWS_PER_SHARD, rows_to_table, shard_schema
from artvec.commands.embed.embed_options import EmbedOptions
from artvec.commands.embed.limiting_stage import (
    Limit,
    Stage,
    limit_notes,
    rehearsed_limit,
    worth_telling,
)
from artvec.commands.embed.preparation import (
    Preparation,
    find_task,
    place_of,
    plan_rows,
    prepare,
)
from artvec.core import runtime
from artvec.core.errors import OutOfMemory
from artvec.core.types import (
    BackboneRequest,
    Decoded,
    Encoder,
    EncoderOptions,
    Recognised,
    Sample,
    Skipped,
)
from artvec.encoding.encoders.speed import seconds_an_image
from artvec.encoding.extraction import out_of_memory
from artvec.encoding.setup import ReadyEncoder, rehearsed_encoder
from artvec.images.decode import decode_sample
from artvec.images.opening import import_decoders

Outcome = Decoded | Recognised | Skipped

_SAMPLE = 48
_BUDGET_S = 6.0
_SHARD_OVERHEAD_BYTES = 6144
_COPIES_OF_A_SHARD = 4
"""A shard in the making: rows as they came, stacked, as a table, as a file's bytes."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would cost on this machine, as busy as it is now.

    Attributes:
        disk_bytes: What the collection would grow by.
        memory_bytes: Peak resident memory of the process.
        seconds: Wall time of the whole run, loading and compiling the encoder included.
        encoder_seconds: The part that making the encoder ready takes.
        sampled: Pictures decoded for it.
    """

    disk_bytes: int
    memory_bytes: int
    seconds: float
    encoder_seconds: float
    sampled: int


@dataclass(frozen=True)
class DryRun:
    """What `artvec embed` would do; counts as in `EmbedReport`.

    Attributes:
        index: The collection's folder.
        found: Files that look like images.
        embedded: Would be; files of the sample that proved broken are left out.
        reused: Rows that would stay without a forward pass.
        removed: Rows whose file is gone.
        failed: Files that can't be embedded, as far as known.
        failures: They: skipped while finding, known from earlier runs, or met in the sample.
        dim: Width of the vectors.
        estimate: What the run would cost.
        images_by_content: See `EmbedReport`.
        passed_over: See `EmbedReport`.
        notes: For the user, a sentence each.
        limit: The stage that the run would wait for; None for one too short to say.
        dry_run: True, for readers of the JSON.
    """

    index: Path
    found: int
    embedded: int
    reused: int
    removed: int
    failed: int
    failures: tuple[Skipped, ...]
    dim: int
    estimate: Estimate
    images_by_content: tuple[str, ...]
    passed_over: dict[str, int]
    notes: tuple[str, ...]
    limit: Stage | None
    dry_run: bool = True


@dataclass(frozen=True)
class _Rehearsal:
    """A sample, decoded, the wall seconds a picture takes with all cores busy, and the limit."""

    decoded: tuple[Decoded, ...] = ()
    failures: tuple[Skipped, ...] = ()
    seconds_each: float = 0.0
    limit: Limit | None = None


def dry_run(source: Path, options: EmbedOptions | None = None) -> DryRun:
    """Count what `embed` would do, and estimate its cost from a sample of the very same work.

    Nothing is written, not even to the cache: an encoder that isn't kept there is compiled for
    this one estimate. Files that may be known ones under another name or time are read.

    Args:
        source: Folder of images.
        options: As for `embed`.

    Raises:
        ArtvecError: What `embed` would refuse.
    """
    options = options or EmbedOptions()
    started = time.perf_counter()
    task = find_task(source, options)
    stopwatch = _Stopwatch()
    prepared = prepare(task, place_of(task), stopwatch.make)
    earlier = known_rows(prepared.folder, prepared.stored.shards) if prepared.stored else []
    plan = _recognised(plan_rows(task, prepared, earlier))
    found = task.found
    prepare_seconds = time.perf_counter() - started
    rehearsal = _rehearse(plan.candidates, prepared.ready.encoder, options)
    failures = (*found.skipped, *plan.failures, *rehearsal.failures)
    to_embed = len(plan.candidates) - len(rehearsal.failures)
    run_seconds = len(plan.candidates) * rehearsal.seconds_each
    limit = rehearsal.limit if worth_telling(run_seconds, to_embed) else None
    encoder = prepared.ready.encoder
    return DryRun(
        index=task.folder.resolve(),
        found=len(found.samples) + len(found.skipped),
        embedded=to_embed,
        reused=len(plan.claims) - plan.out_of_reach,
        removed=removed(plan, earlier, found),
        failed=len(failures),
        failures=failures,
        dim=prepared.manifest.encoder.dim,
        estimate=Estimate(
            disk_bytes=_disk_bytes(prepared, rehearsal.decoded, to_embed),
            memory_bytes=_memory_bytes(prepared, to_embed),
            seconds=prepare_seconds + run_seconds,
            encoder_seconds=stopwatch.seconds,
            sampled=len(rehearsal.decoded) + len(rehearsal.failures),
        ),
        images_by_content=found.images_by_content,
        passed_over=dict(found.passed_over),
        notes=(*prepared.notes, *limit_notes(limit, encoder, options.decode)),
        limit=limit.stage if limit else None,
    )


class _Stopwatch:
    """Makes the encoder as a rehearsal does, and notes how long that took."""

    seconds = 0.0

    def make(self, request: BackboneRequest, options: EncoderOptions) -> ReadyEncoder:
        started = time.perf_counter()
        ready = rehearsed_encoder(request, options)
        self.seconds = time.perf_counter() - started
        return ready


def _recognised(plan: Plan) -> Plan:
    """Claim rows for candidates of the same content: renamed, touched and copied-back files."""
    sizes = {row.size_bytes for rows in plan.free.values() for row in rows}
    new = []
    with ThreadPoolExecutor(runtime.cores()) as pool:
        digests = pool.map(lambda s: _digest(s) if s.size_bytes in sizes else None, plan.candidates)
    for sample, digest in zip(plan.candidates, digests, strict=True):
        if digest is None or not plan.claim(sample, digest):
            new.append(sample)
    plan.candidates[:] = new
    return plan


def _digest(sample: Sample) -> bytes | None:
    try:
        with Path(sample.file).open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").digest()
    except OSError:
        return None  # the run will say why


def _rehearse(candidates: Sequence[Sample], encoder: Encoder, options: EmbedOptions) -> _Rehearsal:
    """Decode a sample and run the encoder on it, one after the other, on all cores."""
    if not candidates:
        return _Rehearsal()
    decode = partial(
        decode_sample,
        preprocessing=encoder.identity.preprocessing,
        mode=options.decode,
        max_pixels=options.max_pixels,
    )
    outcomes, decode_seconds = _decode_some(candidates, decode)
    decoded = tuple(outcome for outcome in outcomes if isinstance(outcome, Decoded))
    failures = tuple(outcome for outcome in outcomes if isinstance(outcome, Skipped))
    size = options.batch_size or encoder.batch_size
    forward_seconds = _forward_seconds(encoder, decoded, size) if decoded else 0.0
    if encoder.device == "cpu":  # both stages share the cores
        seconds = decode_seconds + forward_seconds
    else:
        seconds = max(decode_seconds, forward_seconds)
    limit = rehearsed_limit(decode_seconds, forward_seconds, encoder)
    return _Rehearsal(decoded, failures, seconds, limit)


def _decode_some(
    candidates: Sequence[Sample], decode: Callable[[Sample], Outcome]
) -> tuple[list[Outcome], float]:
    """Return what a sample was decoded to, and wall seconds a picture."""
    cores = runtime.cores()
    import_decoders()
    with ThreadPoolExecutor(cores, "decode") as pool:
        # The largest at once, to warm up, and because memory peaks there.
        list(pool.map(decode, sorted(candidates, key=lambda s: s.size_bytes)[-cores:]))
        started = time.perf_counter()

        def unless_late(sample: Sample) -> Outcome | None:
            return None if time.perf_counter() - started > _BUDGET_S else decode(sample)

        chosen = _sample(candidates, max(_SAMPLE, 4 * cores))
        outcomes = [outcome for outcome in pool.map(unless_late, chosen) if outcome is not None]
        return outcomes, (time.perf_counter() - started) / len(outcomes)


def _sample(candidates: Sequence[Sample], count: int) -> list[Sample]:
    """Take every n-th of the files ordered by type and size, in a seeded random order."""
    chosen = sorted(candidates, key=lambda s: (Path(s.file).suffix.lower(), s.size_bytes))
    order = random.Random(0)
    if len(chosen) > count:
        step, offset = len(chosen) / count, order.random()
        chosen = [chosen[int((at + offset) * step)] for at in range(count)]
    order.shuffle(chosen)  # a sample that time cuts short is still a fair one
    return chosen


def _forward_seconds(encoder: Encoder, decoded: Sequence[Decoded], size: int) -> float:
    """Return wall seconds a picture of whole batches on all streams; smaller ones if need be."""
    batch = np.stack([decoded[at % len(decoded)].pixels for at in range(size)])  # (B, H, W, 3)
    try:
        return seconds_an_image(encoder, batch)
    except OutOfMemory as error:
        raise out_of_memory() from error


def _disk_bytes(prepared: Preparation, decoded: Sequence[Decoded], count: int) -> int:
    """Return the size of `count` rows like those of the sample, laid out as a shard's table."""
    if not decoded:
        return 0
    manifest = prepared.manifest
    rows = [prepared.facts.new_row(one.sample, one.fingerprint) for one in decoded]
    vectors = np.zeros((len(rows), manifest.encoder.dim), dtype=np.float32)
    schema = shard_schema(manifest.encoder, manifest.dtype, manifest.columns)
    row_bytes: float = rows_to_table(rows, vectors, schema).nbytes / len(rows)
    return round(count * row_bytes) + -(-count // ROWS_PER_SHARD) * _SHARD_OVERHEAD_BYTES


def _memory_bytes(prepared: Preparation, count: int) -> int:
    """Return this process's peak after the rehearsal, and what a shard in the making adds."""
    vector_bytes = prepared.manifest.encoder.dim * np.dtype(np.float32).itemsize
    shard_bytes = min(count, ROWS_PER_SHARD) * vector_bytes
    return runtime.peak_memory_bytes() + _COPIES_OF_A_SHARD * shard_bytes
