"""Make files part of a collection's index: named by their content, and listed in the manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from artvec.collection.index.record import INDEX, IndexRecord, record_bytes
from artvec.collection.manifest import FileEntry, Manifest, file_entry, write_manifest
from artvec.core.files import publish, sha256_of, write_whole
from artvec.core.version import __version__

FILE_NAME = re.compile(r"index/[0-9a-f]{12}\.(faiss|npy)")


def publish_by_content(folder: Path, partial: Path, suffix: str) -> tuple[str, FileEntry]:
    """Give a finished partial file the name of its content; return its path below the folder."""
    digest = sha256_of(partial)
    entry = FileEntry(digest, partial.stat().st_size)
    file = partial.with_name(f"{digest[:12]}{suffix}")
    publish(partial, file)
    return file.relative_to(folder).as_posix(), entry


def is_intact(folder: Path, name: str) -> bool:
    """Say whether a file of an index is there, and is what its name was given for."""
    file = folder / name
    if not FILE_NAME.fullmatch(name) or not file.is_file():
        return False
    return sha256_of(file).startswith(file.stem)


def entries_of(folder: Path, record: IndexRecord) -> dict[str, FileEntry]:
    """Describe the published files of an index."""
    return {
        name: FileEntry(sha256_of(folder / name), (folder / name).stat().st_size)
        for name in record.files.values()
    }


def commit_index(
    folder: Path, manifest: Manifest, record: IndexRecord, files: Mapping[str, FileEntry]
) -> None:
    """Make an index the collection's, and delete the files of the former one.

    Args:
        folder: The collection; the caller holds its lock.
        manifest: As it is.
        record: Of the index.
        files: Published files of the index, by their path below the folder.
    """
    data = record_bytes(record)
    others = {
        name: entry for name, entry in manifest.files.items() if not name.startswith("index/")
    }
    named = {**others, **files, INDEX: file_entry(data)}
    file = folder / INDEX
    if manifest.files != named or not file.is_file() or file.read_bytes() != data:
        file.parent.mkdir(exist_ok=True)
        write_whole(file, data)
        changed = replace(manifest, files=named)
        write_manifest(folder, changed, artvec_version=__version__)
    for left in file.parent.iterdir():
        if left.is_file() and f"index/{left.name}" not in named:
            left.unlink()
