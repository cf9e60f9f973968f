"""Compare every byte of a collection with its checksums, and its rows with their source."""

from __future__ import annotations

from pathlib import Path

from artvec.collection import checksums
from artvec.collection.manifest import read_manifest
from artvec.commands.status import StatusReport, compared_with_source
from artvec.core.progress import Progress, silent


def verify_collection(
    folder: Path, source: Path | None = None, progress: Progress = silent
) -> StatusReport:
    """Do what `collection_status` does, and compare every byte of a collection with its checksums.

    Args:
        folder: The collection.
        source: Where the images are now, if they were moved.
        progress: Called with bytes read and bytes to read.

    Raises:
        ArtvecError: No collection, or a manifest that can't be trusted.
    """
    manifest = read_manifest(folder)
    return compared_with_source(
        folder, manifest, source, checksums.by_content(folder, manifest, progress)
    )
