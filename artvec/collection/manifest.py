"""The small file written last: `collection.json` says what a collection is and holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from artvec.collection.shards import FORMAT_VERSION, is_shard_name
from artvec.core.errors import ArtvecError, command
from artvec.core.files import write_whole
from artvec.core.types import EncoderIdentity
from artvec.encoding.identity import identity_from

MANIFEST = "collection.json"
_MAX_BYTES = 256 << 20
"""A manifest names 1,024 rows in about 200 bytes; nobody's has this many."""


@dataclass(frozen=True, slots=True)
class ShardEntry:
    """A shard as the manifest knows it.

    Attributes:
        name: Below `shards/`.
        sha256: Of the file.
        size_bytes: Of the file.
        rows: In the file.
        pending: True until the run that wrote it has finished; readers pass over it.
    """

    name: str
    sha256: str
    size_bytes: int
    rows: int
    pending: bool = False


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Any other file of a collection: sha256 and size."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Manifest:
    """The content of `collection.json`.

    Attributes:
        encoder: Identity of the encoder of every vector here.
        dtype: Of the vectors, `float32` or `float16`.
        source: Folder of the images; relative to the collection if it lies inside.
        complete: False from a run's first commit to its last.
        shards: In the order of the rows.
        files: Other files, by their path below the collection.
        columns: User metadata columns, name → type.
        metadata_file: The CSV file they came from, if any.
        lenient_metadata: True where faulty rows of that file are skipped.
        group_column: The column whose values keep one split, if any.
        any_suffix: True where files that are images by content but not by name are taken.
        request: What was asked for (backbone name, weights file, image size, fit), to load the
            backbone again.
        recorded: How it was made (engine, device, precision, decode mode, versions): for people;
            never compared.
    """

    encoder: EncoderIdentity
    dtype: str
    source: str
    complete: bool = False
    shards: tuple[ShardEntry, ...] = ()
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    metadata_file: str | None = None
    lenient_metadata: bool = False
    group_column: str | None = None
    any_suffix: bool = False
    request: Mapping[str, Any] = field(default_factory=dict)
    recorded: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows that readers see."""
        return sum(shard.rows for shard in self.shards if not shard.pending)


def read_manifest(folder: Path) -> Manifest:
    """Read and check a collection's manifest.

    Raises:
        ArtvecError: No collection, another format version, or a manifest that was changed.
    """
    file = folder / MANIFEST
    try:
        fields = json.loads(_bytes_of(file))
        version = fields["format_version"]
    except FileNotFoundError as error:
        raise ArtvecError(
            f"{folder} is not a collection (it has no {MANIFEST})",
            "make one with: artvec embed FOLDER",
            usage=True,
        ) from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(file, str(error)) from error
    if version != FORMAT_VERSION:
        raise ArtvecError(
            f"{folder} has format version {version}; this artvec reads version {FORMAT_VERSION}",
            "embed its source again, or use the artvec that made it",
        )
    if fields.get("sha256") != _digest(fields):
        raise _damaged(file, "its content doesn't match its own checksum")
    try:
        return _from_fields(fields)
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(file, f"{type(error).__name__}: {error}") from error


def is_as_written(folder: Path) -> bool:
    """Say whether a readable manifest is, to the byte, what `write_manifest` writes.

    Spellings that mean the same (`1e-05`, `1E-05`) pass its own checksum, and are damage still.
    """
    data = (folder / MANIFEST).read_bytes()
    return data == _laid_out(json.loads(data))


def write_manifest(folder: Path, manifest: Manifest, *, artvec_version: str) -> None:
    """Replace a collection's manifest atomically."""
    fields = {
        "format_version": FORMAT_VERSION,
        "artvec_version": artvec_version,
        "rows": manifest.rows,
        "dim": manifest.encoder.dim,
        **asdict(manifest),
    }
    fields["sha256"] = _digest(fields)
    write_whole(folder / MANIFEST, _laid_out(fields))


def file_entry(data: bytes) -> FileEntry:
    """Describe a file by its bytes."""
    return FileEntry(hashlib.sha256(data).hexdigest(), len(data))


def _bytes_of(file: Path) -> bytes:
    if not file.is_file() and file.exists():
        raise OSError("it is not a regular file")
    if file.is_file() and file.stat().st_size > _MAX_BYTES:
        raise OSError(f"it has more than {_MAX_BYTES:,} bytes")
    return file.read_bytes()


def _laid_out(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, indent=1).encode()


def _digest(fields: Mapping[str, Any]) -> str:
    """Digest of the manifest without its own `sha256`, as JSON with sorted keys."""
    rest = {name: value for name, value in fields.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _from_fields(fields: Mapping[str, Any]) -> Manifest:
    return Manifest(
        encoder=identity_from(fields["encoder"]),
        dtype=fields["dtype"],
        source=fields["source"],
        complete=fields["complete"],
        shards=tuple(ShardEntry(**entry) for entry in map(_inside, fields["shards"])),
        files={_below(name): FileEntry(**entry) for name, entry in fields["files"].items()},
        columns=fields["columns"],
        metadata_file=fields["metadata_file"],
        lenient_metadata=fields.get("lenient_metadata", False),
        group_column=fields["group_column"],
        any_suffix=fields.get("any_suffix", False),
        request=fields["request"],
        recorded=fields["recorded"],
    )


def _inside(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse shard names that lead out of the collection."""
    if not is_shard_name(entry["name"]):
        raise ValueError(f"a shard is called {entry['name']!r}")
    return entry


def _below(name: str) -> str:
    """Refuse names of other files that lead out of the collection."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"a file is called {name!r}")
    return name


def _damaged(file: Path, why: str) -> ArtvecError:
    return ArtvecError(
        f"{file} is damaged: {why}",
        f"mend it: {command('verify', '--repair', '-i', file.parent)}",
    )
