"""The run itself: plan, extract, write, report."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from artvec.collection import destination
from artvec.collection.facts import Facts
from artvec.collection.failures import FAILURES, failures_bytes
from artvec.collection.index.updating import update_index
from artvec.collection.notes import split_notes
from artvec.collection.plan import KnownRow, Plan, removed
from artvec.collection.salvage import Salvage
from artvec.collection.shards import Row
from artvec.collection.stamps import STAMPS, proofs_bytes
from artvec.collection.writer import CollectionWriter
from artvec.commands.embed.core_time import Meter, stage_seconds, utilisation
from artvec.commands.embed.embed_options import EmbedOptions, EmbedReport
from artvec.commands.embed.limiting_stage import find_limit, limit_notes, worth_telling
from artvec.commands.embed.preparation import (
    Preparation,
    Task,
    find_task,
    place_of,
    plan_rows,
    prepare,
    reading_version,
)
from artvec.core.choices import DecodeMode
from artvec.core.progress import Progress, silent
from artvec.core.types import Recognised, Skipped
from artvec.core.version import __version__
from artvec.encoding.extraction import Embedded, ExtractOptions, extract
from artvec.encoding.setup import ReadyEncoder
from artvec.images.fit import area_lost


@dataclass
class _Tally:
    embedded: int = 0
    failures: list[Skipped] = field(default_factory=list)
    area_lost: float = 0.0
    meter: Meter = field(default_factory=Meter)


def embed_images(
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
    return _embed(find_task(source, options or EmbedOptions()), progress)


def embed_damaged(
    source: Path, folder: Path, salvage: Salvage, progress: Progress = silent
) -> EmbedReport:
    """Embed the images of damaged shards again, with everything else of a collection kept.

    Args:
        source: Folder of images.
        folder: Of the collection.
        salvage: See `Task`.
        progress: Called with files done and files to do.

    Raises:
        ArtvecError: See `embed_images`.
    """
    options = EmbedOptions(index=str(folder.absolute()))
    return _embed(find_task(source, options, salvage), progress)


def _embed(task: Task, progress: Progress) -> EmbedReport:
    place = place_of(task)
    if not place.replaces:
        return _embed_into(task, prepare(task, place), progress)
    with destination.replacing(task.folder, task.source):
        preparation = prepare(task, place)
        if preparation.stored is None:
            shutil.rmtree(place.folder, ignore_errors=True)  # it was to be another collection
        report = _embed_into(task, preparation, progress)
    return replace(report, index=task.folder.resolve())


def _embed_into(task: Task, prepared: Preparation, progress: Progress) -> EmbedReport:
    started = time.perf_counter()
    folder, facts, options, found = prepared.folder, prepared.facts, task.options, task.found
    with CollectionWriter(
        folder, prepared.manifest, stored=prepared.stored, damaged=task.salvage.shards
    ) as writer:
        earlier = writer.known_rows()
        plan = plan_rows(task, prepared, earlier)
        _recall_splits(facts, plan, earlier)
        for content_hash, split in task.salvage.splits.items():
            facts.book.remember(content_hash, split)
        tally = _run(plan, prepared, writer, options, progress)
        measured = tally.meter.read()
        if tally.embedded:
            recorded = _recorded(prepared.ready, options.decode)
            writer.manifest = replace(writer.manifest, recorded=recorded)
        failures = (*found.skipped, *plan.failures, *tally.failures)
        _finish(writer, plan, facts, failures, version=reading_version(options))
        index = update_index(folder, prepared.request)
    seconds = time.perf_counter() - started
    use = utilisation(measured)
    encoder, long = prepared.ready.encoder, worth_telling(measured.wall, tally.embedded)
    limit = find_limit(measured, encoder) if long else None
    return EmbedReport(
        index=folder.resolve(),
        rows=writer.manifest.rows,
        found=len(found.samples) + len(found.skipped),
        embedded=tally.embedded,
        reused=len(plan.claims) - plan.out_of_reach,
        removed=removed(plan, earlier, found),
        failed=len(failures),
        failures=failures,
        dim=prepared.manifest.encoder.dim,
        seconds=seconds,
        images_per_second=tally.embedded / seconds if tally.embedded else None,
        stages=stage_seconds(measured, encoder.device),
        limit=limit.stage if limit else None,
        utilisation=use if tally.embedded else None,
        index_recipe=index.recipe,
        unmatched=facts.metadata.unmatched,
        ambiguous=facts.metadata.ambiguous,
        images_by_content=found.images_by_content,
        passed_over=dict(found.passed_over),
        without_row=facts.metadata.without_row,
        skipped_rows=facts.metadata.skipped_rows,
        area_lost=tally.area_lost / tally.embedded if tally.embedded else None,
        notes=(
            *prepared.notes,
            *split_notes(facts),
            *_notes_of_plan(plan),
            *_not_finite_notes(tally),
            *index.notes,
            *limit_notes(limit, encoder, options.decode, others=use.others),
        ),
    )


def _recall_splits(facts: Facts, plan: Plan, earlier: Sequence[KnownRow]) -> None:
    """Note every split that an image has already; a picture that comes back finds its own."""
    for row in earlier:
        sample = plan.claims.get((row.shard, row.number))
        stays = sample is not None or plan.doubtful.get(row.path) is row
        if stays and row.split is not None:
            facts.recall(sample.path if sample else row.path, row.content_hash, row.split)
    for row in earlier:
        if row.split is not None:
            facts.book.remember(row.content_hash, row.split)


def _run(
    plan: Plan,
    prepared: Preparation,
    writer: CollectionWriter,
    options: EmbedOptions,
    progress: Progress,
) -> _Tally:
    tally = _Tally()
    encoder, facts = prepared.ready.encoder, prepared.facts
    extraction = ExtractOptions(
        options.decode,
        options.batch_size,
        plan.free,
        max_pixels=options.max_pixels,
        dtype=prepared.manifest.dtype,
    )
    preprocessing = encoder.identity.preprocessing
    done = 0
    progress(0, len(plan.candidates))
    candidates = list(plan.candidates)
    while candidates:
        again = []
        for outcome in extract(candidates, encoder, extraction, tally.meter.clock):
            if isinstance(outcome, Embedded):
                rows = list(map(facts.new_row, outcome.samples, outcome.fingerprints))
                with tally.meter.writing():
                    writer.append(rows, outcome.vectors)
                for row, sample in zip(rows, outcome.samples, strict=True):
                    plan.prove(sample, row.content_hash)
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
                if outcome.reason in ("unreadable", "vanished"):
                    plan.keep_unread(outcome.path)
            progress(done, len(plan.candidates))
        candidates = again
        extraction = replace(extraction, known=frozenset())
    return tally


def _finish(
    writer: CollectionWriter,
    plan: Plan,
    facts: Facts,
    failures: tuple[Skipped, ...],
    *,
    version: str,
) -> None:
    def redescribe(shard: str, number: int, row: Row) -> Row | None:
        sample = plan.claims.get((shard, number))
        return None if sample is None else facts.renewed_row(sample, row)

    failed = failures_bytes(failures, artvec_version=version)
    writer.finish(redescribe, {FAILURES: failed, STAMPS: proofs_bytes(plan.proofs)})


def _notes_of_plan(plan: Plan) -> tuple[str, ...]:
    if not plan.out_of_reach:
        return ()
    return (f"{plan.out_of_reach} rows were kept whose file or folder can't be reached now",)


def _not_finite_notes(tally: _Tally) -> tuple[str, ...]:
    """Blame the encoder where most of the pictures have no finite vector."""
    odd = [failure for failure in tally.failures if failure.reason == "not_finite"]
    if len(odd) <= tally.embedded:
        return ()
    share = f"{len(odd):,} of {len(odd) + tally.embedded:,} vectors"
    way = odd[0].message.partition("; ")[2]
    return (f"{share} are not finite: that is the encoder, not the pictures; {way}",)


def _recorded(ready: ReadyEncoder, decode: DecodeMode) -> dict[str, str]:
    encoder = ready.encoder
    packages = ("torch", "timm", "openvino", "pillow", "pyarrow")
    return {
        "engine": encoder.engine,
        "device": encoder.device,
        "precision": encoder.precision,
        "decode": decode,
        "python": platform.python_version(),
        "artvec": __version__,
        **{package: version(package) for package in packages},
    }
