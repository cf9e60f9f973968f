"""The verb `status`: is a collection complete, and does it still match its source?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artvec.collection.failures import known_failures, still_failing
from artvec.collection.manifest import Manifest, read_manifest
from artvec.collection.reader import source_of
from artvec.errors import ArtvecError
from artvec.images.find import find_images
from artvec.shards import open_shard
from artvec.types import EncoderIdentity, Sample


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
        stale: Rows whose file has changed.
        orphaned: Rows whose file is gone.
        damaged: Files of the collection that are missing or not as they were written.
        failed: Files that could not be embedded.
        notes: What a user should be told.
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
    failed: int
    notes: tuple[str, ...]


def status(folder: Path, source: Path | None = None) -> StatusReport:
    """Compare a collection with its manifest (by size) and with its source (by size and time).

    Args:
        folder: The collection.
        source: Where the images are now, if they were moved.

    Raises:
        ArtvecError: No collection, or a manifest that can't be trusted.
    """
    manifest = read_manifest(folder)
    damaged = _damaged(folder, manifest)
    rows = _rows(folder, manifest)
    place = source or source_of(folder, manifest)
    notes: list[str] = []
    missing: list[str] = []
    stale: list[str] = []
    orphaned: list[str] = []
    # The version of artvec doesn't matter here: a known failure is known.
    failures = known_failures(folder, artvec_version=None)
    try:
        samples = {sample.path: sample for sample in find_images(place).samples}
    except ArtvecError as error:
        notes.append(f"the source can't be compared: {error.message}")
    else:
        missing = [
            path
            for path, sample in samples.items()
            if path not in rows and still_failing(sample, failures) is None
        ]
        orphaned = [path for path in rows if path not in samples]
        stale = [path for path in rows if path in samples and rows[path] != _stamp(samples[path])]
    if not manifest.complete:
        notes.append("the last run has not finished; artvec embed takes it up where it stopped")
    return StatusReport(
        index=folder.resolve(),
        source=place.resolve(),
        rows=manifest.rows,
        encoder=manifest.encoder,
        dtype=manifest.dtype,
        size_bytes=sum(shard.size_bytes for shard in manifest.shards),
        complete=manifest.complete and not (damaged or missing or stale or orphaned),
        missing=tuple(missing),
        stale=tuple(stale),
        orphaned=tuple(orphaned),
        damaged=tuple(damaged),
        failed=len(failures),
        notes=tuple(notes),
    )


def _damaged(folder: Path, manifest: Manifest) -> list[str]:
    expected = {f"shards/{shard.name}": shard.size_bytes for shard in manifest.shards}
    expected |= {name: entry.size_bytes for name, entry in manifest.files.items()}
    return [
        name
        for name, size_bytes in expected.items()
        if not (folder / name).is_file() or (folder / name).stat().st_size != size_bytes
    ]


def _rows(folder: Path, manifest: Manifest) -> dict[str, tuple[int, int]]:
    rows: dict[str, tuple[int, int]] = {}
    for shard in manifest.shards:
        if shard.pending:
            continue
        try:
            table = open_shard(folder / "shards" / shard.name)
        except ArtvecError:
            continue  # named among the damaged
        columns = (table.column(name).to_pylist() for name in ("path", "size_bytes", "mtime_ns"))
        rows |= {path: (size, time) for path, size, time in zip(*columns, strict=True)}
    return rows


def _stamp(sample: Sample) -> tuple[int, int]:
    return sample.size_bytes, sample.mtime_ns
