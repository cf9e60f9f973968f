"""What is already known, what has to be read: samples against a collection's rows."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from artvec.collection.failures import still_failing
from artvec.collection.manifest import ShardEntry
from artvec.collection.shards import open_shard
from artvec.collection.stamps import proof_of
from artvec.core.types import Sample, Skipped
from artvec.images.find import Found

_KNOWN_COLUMNS = ("path", "label", "split", "size_bytes", "mtime_ns", "content_hash")


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A row that a collection holds already.

    Attributes:
        shard: Name of its shard.
        number: Within the shard.
        path: See `Sample`.
        label: As stored.
        split: As stored.
        size_bytes: See `Sample`.
        mtime_ns: See `Sample`.
        content_hash: sha256 of the file.
    """

    shard: str
    number: int
    path: str
    label: str | None
    split: str | None
    size_bytes: int
    mtime_ns: int
    content_hash: bytes


@dataclass
class Plan:
    """Which row belongs to which sample; grows while files are read.

    Attributes:
        claims: Rows (shard, number) that stay, with the sample they now describe.
        candidates: Samples whose files have to be read.
        failures: Samples known to fail.
        free: Content hash → rows that no sample has claimed yet.
        doubtful: Path → row whose file has its size and time, but perhaps another content.
        out_of_reach: Rows kept because their file or folder can't be reached now.
        proofs: See `collection.stamps`; of all rows that stay or come.
    """

    claims: dict[tuple[str, int], Sample] = field(default_factory=dict)
    candidates: list[Sample] = field(default_factory=list)
    failures: list[Skipped] = field(default_factory=list)
    free: dict[bytes, list[KnownRow]] = field(default_factory=lambda: defaultdict(list))
    doubtful: dict[str, KnownRow] = field(default_factory=dict)
    out_of_reach: int = 0
    proofs: array[int] = field(default_factory=lambda: array("Q"))

    def claim(self, sample: Sample, content_hash: bytes) -> bool:
        """Give a sample the row that holds its content (its own first); False if none is left."""
        rows = self.free.get(content_hash)
        if not rows:
            return False
        row = next((row for row in rows if row.path == sample.path), rows[0])
        rows.remove(row)
        self.claims[row.shard, row.number] = sample
        self.prove(sample, content_hash)
        return True

    def prove(self, sample: Sample, content_hash: bytes) -> None:
        """Note under which stamp a content was read."""
        proof = proof_of(sample, content_hash)
        if proof is not None:
            self.proofs.append(proof)

    def keep_unread(self, path: str) -> bool:
        """Keep the row of a file that has its size and time, but can't be read now."""
        row = self.doubtful.get(path)
        if row is None or row not in self.free[row.content_hash]:
            return False
        self.free[row.content_hash].remove(row)
        self.claims[row.shard, row.number] = Sample(path, "", row.size_bytes, row.mtime_ns)
        self.out_of_reach += 1
        return True


def known_rows(folder: Path, shards: Sequence[ShardEntry]) -> list[KnownRow]:
    """Return the rows of a collection's shards, in order.

    Raises:
        ArtvecError: A shard is missing or damaged.
    """
    known = []
    for shard in shards:
        table = open_shard(folder / "shards" / shard.name).select(_KNOWN_COLUMNS)
        for number, record in enumerate(table.to_pylist()):
            known.append(KnownRow(shard.name, number, **record))
    return known


def make_plan(
    found: Found,
    rows: Sequence[KnownRow],
    failures: Mapping[str, Skipped],
    proofs: Container[int] = frozenset(),
) -> Plan:
    """Compare samples with rows by path, size, times and inode.

    A file that has its size and modification time, but no proof of its content (see
    `collection.stamps`), becomes a candidate: its content decides when it is read. Where two rows
    have one path (an interrupted run wrote the second), the later one counts. Rows of files that
    were listed but can't be reached, and rows below a folder that can't be read, stay: a mount
    that is gone for a day, or goes while we look, loses nothing.
    """
    plan = Plan()
    latest = {row.path: row for row in rows}
    for sample in found.samples:
        row = latest.get(sample.path)
        failure = still_failing(sample, failures)
        same_time = row and (row.size_bytes, row.mtime_ns) == (sample.size_bytes, sample.mtime_ns)
        proof = proof_of(sample, row.content_hash) if row and same_time else None
        if row and proof is not None and proof in proofs:
            plan.claims[row.shard, row.number] = sample
            plan.proofs.append(proof)
        elif failure is not None:
            plan.failures.append(failure)
        else:
            plan.candidates.append(sample)
            if row and same_time:
                plan.doubtful[sample.path] = row
    closed = _closed(found)
    for row in rows:
        if (row.shard, row.number) in plan.claims:
            continue
        if f"{row.path}/".startswith(closed) and row is latest[row.path]:
            claimed = Sample(row.path, "", row.size_bytes, row.mtime_ns)
            plan.claims[row.shard, row.number] = claimed
            plan.out_of_reach += 1
        else:
            plan.free[row.content_hash].append(row)
    return plan


def described_paths(found: Found, folder: Path, shards: Sequence[ShardEntry]) -> list[str]:
    """Return the paths of what was found, and of rows that stay though they are out of reach.

    Args:
        found: In the source.
        folder: Of the collection.
        shards: Of its earlier runs; read only where something is out of reach.
    """
    paths = [sample.path for sample in found.samples]
    closed = _closed(found)
    if closed and shards:
        rows = known_rows(folder, shards)
        paths += [row.path for row in rows if f"{row.path}/".startswith(closed)]
    return list(dict.fromkeys(paths))


def _closed(found: Found) -> tuple[str, ...]:
    """Return files and folders that were listed but can't be reached, each with a slash."""
    gone = ("unreadable", "vanished")
    return tuple(f"{skipped.path}/" for skipped in found.skipped if skipped.reason in gone)


def removed(plan: Plan, rows: Sequence[KnownRow], found: Found) -> int:
    """Count the rows' paths that are gone, renamed ones aside."""
    present = {sample.path for sample in found.samples}
    claimed = {row.path for row in rows if (row.shard, row.number) in plan.claims}
    return len({row.path for row in rows} - present - claimed)
