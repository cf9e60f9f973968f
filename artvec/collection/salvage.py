"""What can be trusted of a damaged collection; nothing is written here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from artvec.annotations.split_names import SPLITS
from artvec.collection.analysis import whole_analyses
from artvec.collection.destination import relative_source
from artvec.collection.manifest import MANIFEST, Manifest, ShardEntry
from artvec.collection.shards import OWN_COLUMNS, is_shard_name, open_shard
from artvec.core.errors import ArtvecError, command
from artvec.core.files import sha256_of
from artvec.core.types import EncoderIdentity
from artvec.encoding.identity import identity_from

_SETTING = re.compile(
    r'^ "(source|metadata_file|lenient_metadata|group_column)": (".*"|true),?$', re.MULTILINE
)
_DTYPES = {pa.float32(): "float32", pa.float16(): "float16"}
_KINDS = {pa.int64(): "int64", pa.float64(): "double", pa.string(): "string"}


@dataclass(frozen=True)
class Salvage:
    """What damaged shards still tell.

    Attributes:
        shards: Their names.
        paths: Of the rows that could be read in them.
        splits: Content hash → split, where the column can be trusted.
        unreadable_rows: Rows of shards that tell nothing.
    """

    shards: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()
    splits: Mapping[bytes, str] = field(default_factory=dict)
    unreadable_rows: int = 0


def salvage_shards(folder: Path, manifest: Manifest, damaged: Iterable[str]) -> Salvage:
    """Read what damaged shards still tell: their images' paths and splits.

    A split is believed only where every value of its shard is one that intact shards, or the
    usual three, have: a flipped bit must not move an image to another side.

    Args:
        folder: The collection.
        manifest: Readable.
        damaged: Names of its damaged shards.
    """
    names = frozenset(damaged)
    whole = [shard.name for shard in manifest.shards if shard.name not in names]
    known = set(SPLITS).union(*(_splits(folder, name) for name in whole))
    paths: list[str] = []
    splits: dict[bytes, str] = {}
    unreadable_rows = 0
    for shard in manifest.shards:
        if shard.name not in names:
            continue
        try:
            table = open_shard(folder / "shards" / shard.name)
            paths += table.column("path").to_pylist()
            values = table.column("split").to_pylist()
            hashes = table.column("content_hash").to_pylist()
        except (ArtvecError, KeyError):
            unreadable_rows += shard.rows
            continue
        if set(values) <= known | {None}:
            splits |= {
                content: split
                for content, split in zip(hashes, values, strict=True)
                if split is not None
            }
    return Salvage(names, tuple(paths), splits, unreadable_rows)


def salvage_manifest(folder: Path, source: Path | None) -> Manifest:
    """Rebuild a manifest from the shards that match their names' digests.

    What shards don't know (source, request, metadata file) is taken from the damaged manifest
    where that can be read and proves itself: a folder that exists, a file that exists.

    Args:
        folder: The collection.
        source: Where its images are; None to believe the damaged manifest.

    Raises:
        ArtvecError: No shard is whole, or the source is unknown.
    """
    whole = _whole_shards(folder / "shards")
    if not whole:
        raise ArtvecError(
            f"{folder} has neither a readable {MANIFEST} nor a whole shard",
            "nothing can be rebuilt; embed again: artvec embed SOURCE --overwrite",
        )
    schema = next(iter(whole.values()))
    identity = _identity(schema, folder)
    record = _old_record(folder)
    place = source or _recorded_source(folder, record)
    if place is None:
        raise ArtvecError(
            f"the source of {folder} is not known any more",
            "say where its pictures are: "
            + command("verify", "--repair", "-i", folder, "--source", "DIR"),
        )
    columns = {f.name: _KINDS[f.type] for f in schema if f.name not in OWN_COLUMNS}
    metadata_file = record.get("metadata_file")
    known_file = isinstance(metadata_file, str) and Path(metadata_file).is_file()
    return Manifest(
        encoder=identity,
        dtype=_DTYPES[schema.field("embedding").type.value_type],
        source=relative_source(folder, place),
        shards=tuple(s for s, its in whole.items() if its.metadata == schema.metadata),
        files=whole_analyses(folder),
        columns=columns,
        metadata_file=metadata_file if known_file else None,
        lenient_metadata=known_file and record.get("lenient_metadata") is True,
        group_column=record.get("group_column") if record.get("group_column") in columns else None,
        request=_request(record, identity),
    )


def _splits(folder: Path, shard: str) -> set[str]:
    try:
        return set(open_shard(folder / "shards" / shard).column("split").unique().to_pylist())
    except (ArtvecError, KeyError):
        return set()


def _whole_shards(folder: Path) -> dict[ShardEntry, pa.Schema]:
    """Return pending entries of all shards whose bytes are those their names were given for."""
    whole = {}
    for file in sorted(folder.glob("*.arrow")):
        digest = sha256_of(file) if is_shard_name(file.name) else ""
        if digest and digest.startswith(file.stem[-12:]):
            table = open_shard(file)
            size_bytes = file.stat().st_size
            entry = ShardEntry(file.name, digest, size_bytes, table.num_rows, pending=True)
            whole[entry] = table.schema
    return whole


def _identity(schema: pa.Schema, folder: Path) -> EncoderIdentity:
    try:
        return identity_from(json.loads((schema.metadata or {})[b"artvec.encoder"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ArtvecError(
            f"the shards of {folder} don't tell their encoder: {error}",
            "embed again: artvec embed SOURCE --overwrite",
        ) from error


def _old_record(folder: Path) -> dict[str, Any]:
    """Return what a damaged manifest says, as a whole or (top-level settings) line by line."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = {}
        for name, value in _SETTING.findall(text):
            with suppress(ValueError):
                fields[name] = json.loads(value)
    return fields if isinstance(fields, dict) else {}


def _recorded_source(folder: Path, record: Mapping[str, Any]) -> Path | None:
    source = record.get("source")
    place = (folder / source).resolve() if isinstance(source, str) else None
    return place if place is not None and place.is_dir() else None


def _request(record: Mapping[str, Any], identity: EncoderIdentity) -> Mapping[str, Any]:
    """Return what to load the backbone by; whether it yields the identity is checked on loading."""
    request = record.get("request")
    names: Sequence[str] = ("name", "weights", "image_size_px", "fit")
    fields: dict[str, Any] = dict.fromkeys(names)
    if isinstance(request, dict) and request.keys() >= fields.keys():
        fields = {name: request[name] for name in names}
    if fields["name"] and Path(fields["name"]).is_dir():  # a run, which the identity doesn't name
        return fields
    return {**fields, "name": identity.backbone, "fit": identity.preprocessing.fit}
