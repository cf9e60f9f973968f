"""Is every byte of a collection as it was written? Compares files with the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artvec.collection.index.record import INDEX, record_from, state_of
from artvec.collection.lock import writer_of
from artvec.collection.manifest import MANIFEST, FileEntry, Manifest, ShardEntry, is_as_written
from artvec.collection.shards import open_shard, vectors_of
from artvec.core.errors import ArtvecError
from artvec.core.files import sha256_of
from artvec.core.finite import finite_rows
from artvec.core.progress import Progress, silent

Entry = ShardEntry | FileEntry


@dataclass(frozen=True, slots=True)
class Integrity:
    """What is wrong with a collection's files.

    Attributes:
        damaged: Files that are missing or hold other bytes, by their path below the collection.
        foreign: Files among the shards, indexes and analyses that the manifest doesn't know.
        not_finite: Vectors with NaN or infinity; their shards are among the damaged files.
    """

    damaged: tuple[str, ...]
    foreign: tuple[str, ...]
    not_finite: int = 0


def by_size(folder: Path, manifest: Manifest) -> Integrity:
    """Compare sizes only; reads no file."""
    entries = _entries(manifest)
    damaged = [name for name, entry in entries.items() if not _same_size(folder / name, entry)]
    return Integrity(tuple(damaged), _foreign(folder, entries))


def by_content(folder: Path, manifest: Manifest, progress: Progress = silent) -> Integrity:
    """Compare every byte: sizes, checksums, and what shards say of themselves.

    Args:
        folder: The collection.
        manifest: Its manifest, readable.
        progress: Called with bytes read and bytes to read.
    """
    entries = _entries(manifest)
    total = sum(entry.size_bytes for entry in entries.values())
    damaged = [] if is_as_written(folder) else [MANIFEST]
    done = not_finite = 0
    for name, entry in entries.items():
        progress(done, total)
        if not _is_whole(folder / name, entry) or (name == INDEX and _is_stale(folder, manifest)):
            damaged.append(name)
        elif isinstance(entry, ShardEntry) and (odd := _not_finite(folder / name)):
            damaged.append(name)
            not_finite += odd
        done += entry.size_bytes
    progress(total, total)
    return Integrity(tuple(damaged), _foreign(folder, entries), not_finite)


def _entries(manifest: Manifest) -> dict[str, Entry]:
    shards = {f"shards/{shard.name}": shard for shard in manifest.shards}
    return {**shards, **manifest.files}


def _same_size(file: Path, entry: Entry) -> bool:
    return file.is_file() and file.stat().st_size == entry.size_bytes


def _is_whole(file: Path, entry: Entry) -> bool:
    try:
        if not _same_size(file, entry) or sha256_of(file) != entry.sha256:
            return False
        return isinstance(entry, FileEntry) or open_shard(file).num_rows == entry.rows
    except (OSError, ArtvecError):
        return False


def _not_finite(shard: Path) -> int:
    """Count the vectors of a whole shard that no version should have written."""
    return int(np.count_nonzero(~finite_rows(vectors_of(open_shard(shard)))))


def _is_stale(folder: Path, manifest: Manifest) -> bool:
    """Say whether the index is of other rows; where every row is scanned, none is needed."""
    try:
        record = record_from((folder / INDEX).read_bytes())
    except ValueError:
        return True
    return record.recipe != "flat" and record.state != state_of(manifest)


def _foreign(folder: Path, entries: Mapping[str, Entry]) -> tuple[str, ...]:
    """List what no manifest names; a writer at work may not have named its newest shard yet."""
    if writer_of(folder) is not None:
        return ()
    found = (
        file.relative_to(folder).as_posix()
        for place in ("shards", "index", "analysis")
        for file in sorted((folder / place).glob("*"))
        if not file.name.startswith(".")  # what a killed write left; the next one clears it
    )
    return tuple(name for name in found if name not in entries)
