"""The verb `embed`: a folder of pictures becomes, or stays, a collection."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import artvec
from artvec.collection import locate, settings, target
from artvec.collection.facts import Facts
from artvec.collection.failures import FAILURES, failures_bytes, known_failures
from artvec.collection.manifest import Manifest
from artvec.collection.plan import KnownRow, Plan, make_plan
from artvec.collection.writer import CollectionWriter
from artvec.encoder_setup import ReadyEncoder, describe, ready_encoder
from artvec.errors import ArtvecError
from artvec.extract import Clock, Embedded, ExtractOptions, extract
from artvec.images.find import Found, find_images
from artvec.images.fit import area_lost
from artvec.progress import Progress, silent
from artvec.shards import Row
from artvec.types import (
    AUTO,
    BackboneRequest,
    DecodeMode,
    EncoderOptions,
    Fit,
    Recognised,
    Skipped,
)


@dataclass(frozen=True, slots=True)
class EmbedOptions:
    """What `artvec embed` can be told; None keeps what the collection has, else the default.

    Attributes:
        model: Backbone name or run directory.
        index: Collection name or path.
        weights: Local weights file.
        fit: See `Preprocessing`.
        image_size_px: Side of the square the backbone sees.
        batch_size: Images a forward pass.
        encoder: Engine, device, precision.
        dtype: Of the stored vectors.
        decode: See `DecodeMode`.
        metadata: CSV file to join.
        group: Metadata column whose values keep one split.
        overwrite: Replace the collection.
        seed: Of drawn splits.
    """

    model: str | None = None
    index: str | None = None
    weights: Path | None = None
    fit: Fit | None = None
    image_size_px: int | None = None
    batch_size: int | None = None
    encoder: EncoderOptions = AUTO
    dtype: Literal["float32", "float16"] | None = None
    decode: DecodeMode = "fast"
    metadata: Path | None = None
    group: str | None = None
    overwrite: bool = False
    seed: int = 0


@dataclass(frozen=True)
class EmbedReport:
    """What a run of `artvec embed` did; `found = embedded + reused + failed`.

    Attributes:
        index: The collection's folder.
        rows: In the collection now.
        found: Files that look like images.
        embedded: Forward passes.
        reused: Rows kept without one.
        removed: Rows whose file is gone.
        failed: Files that could not be embedded.
        failures: They.
        dim: Width of the vectors.
        seconds: Wall time of decoding, forward passes and writing.
        images_per_second: Embedded images over that time; None where nothing was embedded.
        stages: Busy seconds of all threads, by stage.
        index_recipe: How it is searched.
        unmatched: Metadata rows that name no image.
        ambiguous: Metadata rows that name several images, or one that has a row already.
        area_lost: Mean share of the embedded pictures' area that the backbone never saw.
        notes: What a user should be told.
    """

    index: Path
    rows: int
    found: int
    embedded: int
    reused: int
    removed: int
    failed: int
    failures: tuple[Skipped, ...]
    dim: int
    seconds: float
    images_per_second: float | None
    stages: dict[str, float]
    index_recipe: str
    unmatched: tuple[str, ...]
    ambiguous: tuple[str, ...]
    area_lost: float | None
    notes: tuple[str, ...]


@dataclass
class _Tally:
    embedded: int = 0
    failures: list[Skipped] = field(default_factory=list)
    area_lost: float = 0.0
    clock: Clock = field(default_factory=Clock)


def embed(
    source: Path, options: EmbedOptions | None = None, progress: Progress = silent
) -> EmbedReport:
    """Find, decode, embed and shard the images below a folder; only what is new or changed.

    Args:
        source: Folder of images.
        options: See `EmbedOptions`.
        progress: Called with files done and files to do.

    Raises:
        ArtvecError: No images, another encoder than the collection's, a folder or metadata file
            that can't be read or written, or weights that can't be had.
    """
    options = options or EmbedOptions()
    found = find_images(source)
    folder = locate.for_source(source, options.index)
    target.check_free_or_collection(folder, source)
    if not options.overwrite:
        return _embed_into(folder, source, found, options, progress)
    with target.replacing(folder) as beside:
        report = _embed_into(beside, source, found, options, progress)
    return replace(report, index=folder.resolve())


def _embed_into(
    folder: Path, source: Path, found: Found, options: EmbedOptions, progress: Progress
) -> EmbedReport:
    old = target.existing(folder, source)
    target.check_any_found(found, source, old is not None)
    asked = BackboneRequest(
        options.model or "", options.weights, options.image_size_px, options.fit
    )
    choice = settings.FactChoice(options.metadata, options.group, options.seed)
    metadata = settings.joined_metadata([s.path for s in found.samples], old, choice)
    request = settings.request_for(old, asked)
    ready = ready_encoder(request, options.encoder)
    _check_same(old, ready, folder, source)
    identity = ready.encoder.identity
    manifest = old or settings.new_manifest(
        folder, source, identity, request, options.dtype or "float32"
    )
    facts = settings.facts_for(metadata, manifest, folder, choice, ready.splits)
    described = facts.described(manifest, options.metadata)
    with CollectionWriter(folder, described, stored=old) as writer:
        started = time.perf_counter()
        earlier = writer.known_rows()
        plan = make_plan(
            found.samples, earlier, known_failures(folder, artvec_version=artvec.__version__)
        )
        _recall_splits(facts, plan, earlier)
        tally = _run(plan, ready, writer, facts, options, progress)
        if tally.embedded:
            recorded = _recorded(ready, options.decode)
            writer.manifest = replace(writer.manifest, recorded=recorded)
        failures = (*found.skipped, *plan.failures, *tally.failures)
        _finish(writer, plan, facts, failures)
        seconds = time.perf_counter() - started
    return EmbedReport(
        index=folder.resolve(),
        rows=writer.manifest.rows,
        found=len(found.samples) + len(found.skipped),
        embedded=tally.embedded,
        reused=len(plan.claims),
        removed=_removed(earlier, plan, found),
        failed=len(failures),
        failures=failures,
        dim=identity.dim,
        seconds=seconds,
        images_per_second=tally.embedded / seconds if tally.embedded else None,
        stages=asdict(tally.clock),
        index_recipe="flat",
        unmatched=metadata.unmatched,
        ambiguous=metadata.ambiguous,
        area_lost=tally.area_lost / tally.embedded if tally.embedded else None,
        notes=(*ready.notes, *settings.unjoined(metadata), *_leak_note(facts)),
    )


def _check_same(old: Manifest | None, ready: ReadyEncoder, folder: Path, source: Path) -> None:
    new = ready.encoder.identity
    if old is None or old.encoder == new:
        return
    short = new.backbone.rpartition("/")[2].replace(":", "-")
    raise ArtvecError(
        f"{folder} was made with {describe(old.encoder)}, not with {describe(new)}",
        f"keep both: artvec embed {source} -m {new.backbone} -i {folder.name}-{short}; "
        "or replace it: --overwrite",
        usage=True,
    )


def _recall_splits(facts: Facts, plan: Plan, earlier: Sequence[KnownRow]) -> None:
    for row in earlier:
        sample = plan.claims.get((row.shard, row.number))
        if sample is not None:
            facts.recall(sample.path, row.content_hash, row.split)


def _run(
    plan: Plan,
    ready: ReadyEncoder,
    writer: CollectionWriter,
    facts: Facts,
    options: EmbedOptions,
    progress: Progress,
) -> _Tally:
    tally = _Tally()
    extraction = ExtractOptions(options.decode, options.batch_size, known=plan.free)
    preprocessing = ready.encoder.identity.preprocessing
    done = 0
    progress(0, len(plan.candidates))
    candidates = list(plan.candidates)
    while candidates:
        again = []
        for outcome in extract(candidates, ready.encoder, extraction, tally.clock):
            if isinstance(outcome, Embedded):
                rows = list(map(facts.new_row, outcome.samples, outcome.fingerprints))
                started = time.perf_counter()
                writer.append(rows, outcome.vectors)
                tally.clock.write += time.perf_counter() - started
                tally.embedded += len(rows)
                tally.area_lost += sum(area_lost(r.width, r.height, preprocessing) for r in rows)
                done += len(rows)
            elif isinstance(outcome, Recognised):
                if plan.claim(outcome.sample, outcome.content_hash):
                    done += 1
                else:  # the only row with this content went to another file: a new copy
                    again.append(outcome.sample)
            else:
                tally.failures.append(outcome)
                done += 1
            progress(done, len(plan.candidates))
        candidates = again
        extraction = replace(extraction, known=frozenset())
    return tally


def _finish(
    writer: CollectionWriter, plan: Plan, facts: Facts, failures: tuple[Skipped, ...]
) -> None:
    def redescribe(shard: str, number: int, row: Row) -> Row | None:
        sample = plan.claims.get((shard, number))
        return None if sample is None else facts.renewed_row(sample, row)

    index = {"recipe": "flat", "parameters": {}, "recall_at_10": 1.0, "bytes": 0}
    writer.finish(
        redescribe,
        {
            FAILURES: failures_bytes(failures, artvec_version=artvec.__version__),
            "index/index.json": json.dumps(index, indent=1).encode(),
        },
    )


def _removed(earlier: Sequence[KnownRow], plan: Plan, found: Found) -> int:
    """Count the earlier paths that are gone, renamed ones aside."""
    present = {sample.path for sample in found.samples}
    kept = {row.path for row in earlier if (row.shard, row.number) in plan.claims}
    return len({row.path for row in earlier} - present - kept)


def _leak_note(facts: Facts) -> tuple[str, ...]:
    leaks = facts.book.leaks
    if not leaks:
        return ()
    return (
        f"{len(leaks)} pictures also lie on another side of the split, e.g. {leaks[0]}: "
        "figures on this split will be too good",
    )


def _recorded(ready: ReadyEncoder, decode: DecodeMode) -> dict[str, str]:
    encoder = ready.encoder
    packages = ("torch", "timm", "openvino", "pillow", "pyarrow")
    return {
        "engine": encoder.engine,
        "device": encoder.device,
        "precision": encoder.precision,
        "decode": decode,
        "python": platform.python_version(),
        "artvec": artvec.__version__,
        **{package: version(package) for package in packages},
    }
