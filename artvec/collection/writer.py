"""Write a collection: shards as they fill, everything else when the run is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from artvec.collection.analysis import FOLDER, clear_unnamed
from artvec.collection.lock import writing
from artvec.collection.manifest import (
    MANIFEST,
    FileEntry,
    Manifest,
    ShardEntry,
    file_entry,
    read_manifest,
    write_manifest,
)
from artvec.collection.plan import KnownRow, known_rows
from artvec.collection.shards import (
    ROWS_PER_SHARD,
    Row,
    WrittenShard,
    is_shard_name,
    open_shard,
    rows_to_table,
    shard_schema,
    vectors_of,
    write_shard,
)
from artvec.core.errors import ArtvecError, command
from artvec.core.files import sha256_of, write_whole
from artvec.core.types import Float32Array
from artvec.core.version import __version__
from artvec.encoding.identity import identity_json

Redescribe = Callable[[str, int, Row], Row | None]
"""(shard, row number, row as stored) → the row as it should be, or None to remove it."""


class CollectionWriter:
    """Holds a collection for writing.

    Until `finish`, readers see the rows of the last finished run; what this run commits meanwhile
    is marked pending, and taken up by the next run if this one dies.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        *,
        stored: Manifest | None,
        damaged: frozenset[str] = frozenset(),
    ) -> None:
        """Prepare to write.

        Args:
            folder: The collection.
            manifest: As this run wants it, with the shards of earlier runs.
            stored: As it was read from the folder; None where there was none.
            damaged: Names of shards that can't be trusted; they go when this run is whole.
        """
        self.folder = folder
        self._damaged = damaged
        self.manifest = manifest
        self._stored = stored
        self._shards = folder / "shards"
        self._schema = shard_schema(manifest.encoder, manifest.dtype, manifest.columns)
        self._rows: list[Row] = []
        self._vectors: list[Float32Array] = []
        self._held = ExitStack()

    def __enter__(self) -> CollectionWriter:
        """Take the lock, and adopt whole shards that a killed run left behind.

        Raises:
            ArtvecError: Another process writes, or has written since the manifest was read.
        """
        self._held.enter_context(writing(self.folder))
        try:
            self._check_unchanged()
        except ArtvecError:
            self._held.close()
            raise
        self._shards.mkdir(exist_ok=True)
        self._adopt()
        self._all_earlier = self.manifest.shards
        self._earlier = [shard for shard in self._all_earlier if shard.name not in self._damaged]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def known_rows(self) -> list[KnownRow]:
        """Return the rows of earlier runs, finished or not, in order."""
        return known_rows(self.folder, self._earlier)

    def append(self, rows: Iterable[Row], vectors: Float32Array) -> None:
        """Add rows with their (N, dim) vectors; commit every full shard."""
        for row, vector in zip(rows, vectors, strict=True):
            self._rows.append(row)
            self._vectors.append(vector)
            if len(self._rows) == ROWS_PER_SHARD:
                self._commit_pending(self._write_open_shard(pending=True))

    def finish(self, redescribe: Redescribe, files: Mapping[str, bytes]) -> None:
        """Make this run the collection: rewrite what changed, commit, clear away the rest.

        Args:
            redescribe: Is asked about every row of earlier runs.
            files: Other files to write, by their path below the collection.
        """
        earlier = self._rewrite_earlier(redescribe)
        fresh = [entry for entry in self.manifest.shards if entry not in self._all_earlier]
        while self._rows:
            fresh.append(self._write_open_shard(pending=False))
        shards = tuple(replace(entry, pending=False) for entry in [*earlier, *fresh])
        written = {name: self._write_file(name, data) for name, data in files.items()}
        entries = {**self.manifest.files, **written}  # an index stays until it is followed up
        self.manifest = replace(self.manifest, complete=True, shards=shards, files=entries)
        self._commit(self.manifest)
        self._clear()

    def _commit_pending(self, *entries: ShardEntry) -> None:
        """Note shards of this run; all else stays as the last finished run left it."""
        shards = (*self.manifest.shards, *entries)
        self.manifest = replace(self.manifest, shards=shards)
        self._commit(replace(self._stored or self.manifest, complete=False, shards=shards))

    def _check_unchanged(self) -> None:
        now = read_manifest(self.folder) if (self.folder / MANIFEST).is_file() else None
        if now != self._stored:
            raise ArtvecError(
                f"{self.folder} was changed by another process just now", "run the command again"
            )

    def _adopt(self) -> None:
        """Take up whole new shards that no manifest names; delete anything else that is left.

        What has no higher number than the named ones is a rewritten copy or was to be cleared.
        """
        named = {shard.name for shard in self.manifest.shards}
        newest = max(map(_number, named), default=-1)
        adopted = []
        for file in sorted(self._shards.glob("*.arrow")):
            if file.name in named:
                continue
            if self._fits(file, newest):
                size_bytes, rows = file.stat().st_size, open_shard(file).num_rows
                entry = ShardEntry(file.name, sha256_of(file), size_bytes, rows, pending=True)
                adopted.append(entry)
            else:
                file.unlink()
        for place in (self.folder, self._shards, self.folder / "index", self.folder / FOLDER):
            for file in place.glob(".*.partial"):
                file.unlink()
        if adopted:
            self._commit_pending(*adopted)

    def _fits(self, file: Path, newest: int) -> bool:
        if not is_shard_name(file.name) or _number(file.name) <= newest:
            return False
        if not sha256_of(file).startswith(file.stem[-12:]):
            return False
        try:
            schema = open_shard(file).schema
        except ArtvecError:
            return False
        same_encoder = (schema.metadata or {}).get(b"artvec.encoder") == identity_json(
            self.manifest.encoder
        ).encode()
        return bool(same_encoder and schema.field("embedding") == self._schema.field("embedding"))

    def _rewrite_earlier(self, redescribe: Redescribe) -> list[ShardEntry]:
        entries: list[ShardEntry] = []
        finished = [shard for shard in self._earlier if not shard.pending]
        tails = [
            *finished[-1:],
            *self._earlier[-1:],
        ]  # of the last finished run, and of a killed one
        for shard in self._earlier:
            table = open_shard(self._shards / shard.name)
            survivors, changed = self._survivors(shard.name, table, redescribe)
            is_tail = shard in tails and len(survivors) < ROWS_PER_SHARD
            moves = is_tail and bool(self._rows)
            if not (moves or changed) and table.schema.equals(self._schema, check_metadata=True):
                entries.append(shard)
                continue
            self._check_intact(shard)
            if moves:
                self._carry(survivors, table)
            elif survivors:
                vectors = vectors_of(table)[[number for number, _ in survivors]]
                renewed = rows_to_table([row for _, row in survivors], vectors, self._schema)
                written = write_shard(self._shards, _number(shard.name), renewed)
                entries.append(_entry(written, pending=False))
        return entries

    def _check_intact(self, shard: ShardEntry) -> None:
        """Refuse to copy rows out of a damaged shard: the copy would look intact."""
        if sha256_of(self._shards / shard.name) != shard.sha256:
            raise ArtvecError(
                f"shard {shard.name} of {self.folder} is damaged: it doesn't match its checksum",
                f"mend it: {command('verify', '--repair', '-i', self.folder)}",
            )

    def _survivors(
        self, shard: str, table: pa.Table, redescribe: Redescribe
    ) -> tuple[list[tuple[int, Row]], bool]:
        survivors = []
        stored = _rows_of(table)
        for number, row in enumerate(stored):
            described = redescribe(shard, number, row)
            if described is not None:
                survivors.append((number, described))
        changed = [row for _, row in survivors] != stored
        return survivors, changed

    def _carry(self, survivors: Sequence[tuple[int, Row]], table: pa.Table) -> None:
        """Fill up the last, short shard instead of starting another behind it."""
        vectors = vectors_of(table)
        self._rows[:0] = [row for _, row in survivors]
        self._vectors[:0] = [np.asarray(vectors[number]) for number, _ in survivors]

    def _write_open_shard(self, *, pending: bool) -> ShardEntry:
        rows, self._rows = self._rows[:ROWS_PER_SHARD], self._rows[ROWS_PER_SHARD:]
        vectors, self._vectors = self._vectors[:ROWS_PER_SHARD], self._vectors[ROWS_PER_SHARD:]
        number = 1 + max((_number(f.name) for f in self._shards.glob("*.arrow")), default=-1)
        table = rows_to_table(rows, np.stack(vectors), self._schema)
        return _entry(write_shard(self._shards, number, table), pending=pending)

    def _write_file(self, name: str, data: bytes) -> FileEntry:
        file = self.folder / name
        entry = file_entry(data)
        if not file.is_file() or sha256_of(file) != entry.sha256:
            file.parent.mkdir(exist_ok=True)
            write_whole(file, data)
        return entry

    def _commit(self, manifest: Manifest) -> None:
        if manifest != self._stored:
            write_manifest(self.folder, manifest, artvec_version=__version__)
        self._stored = manifest

    def _clear(self) -> None:
        named = {shard.name for shard in self.manifest.shards}
        for file in self._shards.iterdir():
            if file.name not in named:
                file.unlink()
        clear_unnamed(self.folder, self.manifest.files)


def _number(shard: str) -> int:
    return int(shard.partition("-")[0])


def _entry(written: WrittenShard, *, pending: bool) -> ShardEntry:
    return ShardEntry(**asdict(written), pending=pending)


def _rows_of(table: pa.Table) -> list[Row]:
    own = [name for name in Row.__dataclass_fields__ if name not in ("metadata", "colour")]
    user = [n for n in table.column_names if n not in (*own, "colour", "embedding")]
    colours = table.column("colour").combine_chunks().values.to_numpy().reshape(-1, 48)
    return [
        Row(
            **{name: record[name] for name in own},
            colour=colour.tobytes(),
            metadata={name: record[name] for name in user},
        )
        for record, colour in zip(table.select([*own, *user]).to_pylist(), colours, strict=True)
    ]
