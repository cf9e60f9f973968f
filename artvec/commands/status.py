"""The command `status`: is a collection whole, and does it still match its source?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artvec.collection import checksums
from artvec.collection.analysis import is_analysis, outdated
from artvec.collection.failures import known_failures, known_to_fail
from artvec.collection.manifest import Manifest, read_manifest
from artvec.collection.reader import open_collection, source_of
from artvec.collection.shards import open_shard
from artvec.collection.stamps import StoredContent, changed_paths, read_proofs
from artvec.core.errors import ArtvecError, command
from artvec.core.types import EncoderIdentity
from artvec.core.wording import counted
from artvec.images.find import find_images


@dataclass(frozen=True)
class StatusReport:
    """The state of a collection.

    Attributes:
        index: Its folder.
        source: Folder of its images.
        rows: Rows that searches see.
        encoder: Identity of its encoder.
        dtype: Of its vectors.
        size_bytes: Of its shards.
        complete: The last run finished, nothing is damaged, and the source (where it can be
            reached) holds just the rows' images, unchanged.
        missing: Images of the source that have no row and are not known to fail.
        stale: Rows whose file has changed (its content decides, but where size or stamp do).
        orphaned: Rows whose file is gone.
        damaged: Files of the collection that are missing or not as they were written.
        foreign: Files among its shards, indexes and analyses that it doesn't know.
        failed: Files that could not be embedded.
        notes: For the user, a sentence each.
    """

    index: Path
    source: Path
    rows: int
    encoder: EncoderIdentity
    dtype: str
    size_bytes: int
    complete: bool
    missing: tuple[str, ...]
    stale: tuple[str, ...]
    orphaned: tuple[str, ...]
    damaged: tuple[str, ...]
    foreign: tuple[str, ...]
    failed: int
    notes: tuple[str, ...]


def collection_status(folder: Path, source: Path | None = None) -> StatusReport:
    """Compare a collection with its manifest (by size) and with its source (by size and stamp).

    Files whose stamp is another than the last run's (see `collection.stamps`) are read.

    Args:
        folder: The collection.
        source: Where the images are now, if they were moved.

    Raises:
        ArtvecError: No collection, or a manifest that can't be trusted.
    """
    manifest = read_manifest(folder)
    return compared_with_source(folder, manifest, source, checksums.by_size(folder, manifest))


def compared_with_source(
    folder: Path, manifest: Manifest, source: Path | None, found: checksums.Integrity
) -> StatusReport:
    """Compare a collection's rows with its source; `found` says what is damaged of its files."""
    if source is not None and not source.is_dir():
        raise ArtvecError(f"{source} is not a folder", "give --source FOLDER", usage=True)
    rows = _rows(folder, manifest)
    place = source or source_of(folder, manifest)
    notes: list[str] = []
    missing: list[str] = []
    stale: tuple[str, ...] = ()
    orphaned: list[str] = []
    # The version of artvec doesn't matter here: a known failure is known.
    failures = known_failures(folder, artvec_version=None)
    try:
        there = find_images(place, any_suffix=manifest.any_suffix)
        samples = {sample.path: sample for sample in there.samples}
    except ArtvecError as error:
        notes.append(f"the source can't be compared: {error.message}")
    else:
        missing = [
            path
            for path, sample in samples.items()
            if path not in rows and known_to_fail(sample, failures) is None
        ]
        orphaned = [path for path in rows if path not in samples]
        if there.images_by_content:
            count = len(there.images_by_content)
            notes.append(f"{count} more are images by content but not by name (--any-suffix)")
        present = [path for path in rows if path in samples]
        stale = changed_paths(
            [(samples[p], rows[p]) for p in present], read_proofs(folder, manifest)
        )
    if not manifest.complete:
        notes.append("the last run has not finished; artvec embed takes it up where it stopped")
    notes += _outdated_notes(folder, manifest)
    if found.not_finite:
        mend = command("verify", "--repair", "-i", folder)
        those = counted(found.not_finite, "vector is", "vectors are")
        notes.append(f"{those} not finite (NaN or infinite); embed their pictures again: {mend}")
    return StatusReport(
        index=folder.resolve(),
        source=place.resolve(),
        rows=manifest.rows,
        encoder=manifest.encoder,
        dtype=manifest.dtype,
        size_bytes=sum(shard.size_bytes for shard in manifest.shards),
        complete=manifest.complete
        and not (found.damaged or found.foreign or missing or stale or orphaned),
        missing=tuple(missing),
        stale=stale,
        orphaned=tuple(orphaned),
        damaged=found.damaged,
        foreign=found.foreign,
        failed=len(failures),
        notes=tuple(notes),
    )


def _outdated_notes(folder: Path, manifest: Manifest) -> list[str]:
    if not any(map(is_analysis, manifest.files)):
        return []
    try:
        stale = outdated(open_collection(folder))
    except ArtvecError:
        return []  # named among the damaged
    again = command("cluster", "-i", folder)
    return [f"its stored {' and '.join(stale)}: of other rows; make anew: {again}"] if stale else []


def _rows(folder: Path, manifest: Manifest) -> dict[str, StoredContent]:
    rows: dict[str, StoredContent] = {}
    for shard in manifest.shards:
        if shard.pending:
            continue
        try:
            table = open_shard(folder / "shards" / shard.name)
        except ArtvecError:
            continue  # named among the damaged
        for path, size_bytes, content_hash in zip(
            *(table.column(name).to_pylist() for name in ("path", "size_bytes", "content_hash")),
            strict=True,
        ):
            rows[path] = StoredContent(size_bytes, content_hash)
    return rows
