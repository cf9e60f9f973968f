"""Make files part of a collection's index: named by their content, and listed in the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import artvec
from artvec.collection.index_record import INDEX, IndexRecord, record_bytes
from artvec.collection.manifest import FileEntry, Manifest, file_entry, write_manifest
from artvec.files import settle, write_whole


def settled(folder: Path, partial: Path, suffix: str) -> tuple[str, FileEntry]:
    """Give a finished partial file the name of its content; return its path below the folder."""
    with partial.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    entry = FileEntry(digest, partial.stat().st_size)
    file = partial.with_name(f"{digest[:12]}{suffix}")
    settle(partial, file)
    return file.relative_to(folder).as_posix(), entry


def commit_index(
    folder: Path, manifest: Manifest, record: IndexRecord, files: Mapping[str, FileEntry]
) -> None:
    """Make an index the collection's, and delete the files of the former one.

    Args:
        folder: The collection; the caller holds its lock.
        manifest: As it is.
        record: Of the index.
        files: Settled files of the index, by their path below the folder.
    """
    data = record_bytes(record)
    others = {
        name: entry for name, entry in manifest.files.items() if not name.startswith("index/")
    }
    named = {**others, **files, INDEX: file_entry(data)}
    file = folder / INDEX
    if manifest.files != named or not file.is_file():
        file.parent.mkdir(exist_ok=True)
        write_whole(file, data)
        changed = replace(manifest, files=named)
        write_manifest(folder, changed, artvec_version=artvec.__version__)
    for left in file.parent.iterdir():
        if left.is_file() and f"index/{left.name}" not in named:
            left.unlink()
