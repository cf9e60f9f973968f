"""Where labels, splits and groups come from: what a run says, else what its collection keeps."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from artvec.annotations.metadata import Metadata, join_metadata
from artvec.annotations.split_names import split_folders, split_named
from artvec.annotations.splits import SplitBook
from artvec.collection import locate
from artvec.collection.facts import Facts, MetadataFile
from artvec.collection.manifest import Manifest, read_manifest
from artvec.collection.shards import open_shard
from artvec.core.errors import ArtvecError, mistyped

NO_METADATA = Path("none")


@dataclass(frozen=True, slots=True)
class FactChoice:
    """What a run says about labels and splits.

    Attributes:
        metadata: CSV file; None for the one used before; `NO_METADATA` to drop it.
        group_column: Or None for the one used before.
        lenient_metadata: Skip faulty rows of that file, now and at later runs.
    """

    metadata: Path | None
    group_column: str | None
    lenient_metadata: bool = False


def joined_metadata(paths: Sequence[str], old: Manifest | None, choice: FactChoice) -> Metadata:
    """Join the metadata file that a run names, else the one the collection was made with.

    Raises:
        ArtvecError: The file is gone, can't be joined, or has no such group column.
    """
    file = metadata_file(old, choice)
    if file is None and choice.lenient_metadata:
        raise ArtvecError(
            "there is no metadata file to be lenient with", "name it: --metadata FILE", usage=True
        )
    if file is not None and not file.path.is_file():
        what = "there is no metadata file" if choice.metadata else "the collection's metadata file"
        raise ArtvecError(
            f"{what} {file.path}{'' if choice.metadata else ' is gone'}",
            "give its place: --metadata FILE; or go on without: --metadata none",
            usage=True,
        )
    metadata = Metadata()
    if file is not None:
        metadata = join_metadata(file.path, paths, skip_faulty=file.skip_faulty)
    group = _group(old, choice)
    if choice.metadata == NO_METADATA and choice.group_column is None:
        group = None
    if group is not None and group not in metadata.columns:
        raise mistyped(
            f"there is no metadata column {group!r} to group by "
            f"(there are: {', '.join(metadata.columns) or 'none'})",
            group,
            metadata.columns,
            otherwise="give --metadata FILE with that column, or another --group COLUMN",
        )
    return metadata


def metadata_file(old: Manifest | None, choice: FactChoice) -> MetadataFile | None:
    """Return the metadata file of this run: the one named, else the one used before.

    Leniency holds for the file that it was given with: another one is read strictly.
    """
    if choice.metadata is not None:
        named = MetadataFile(choice.metadata, choice.lenient_metadata)
        return None if choice.metadata == NO_METADATA else named
    if old is None or old.metadata_file is None:
        return None
    lenient = choice.lenient_metadata or old.lenient_metadata
    return MetadataFile(Path(old.metadata_file), lenient)


def facts_for(
    paths: Sequence[str],
    metadata: Metadata,
    manifest: Manifest,
    folder: Path,
    choice: FactChoice,
    run_splits: Mapping[bytes, str],
) -> Facts:
    """Gather what labels, splits and metadata of a source come from.

    Args:
        paths: Of the source's images.
        metadata: Joined to them.
        manifest: Of the collection.
        folder: Of the collection.
        choice: What this run says.
        run_splits: Content hash → split of the run that the encoder is.
    """
    book = SplitBook()
    for content_hash, split in run_splits.items():
        book.remember(content_hash, split)
    _remember_siblings(book, manifest, folder)
    group = _group(manifest, choice)
    # What a run trained on is a leak wherever it is given another split here.
    sides: dict[bytes | str, str] = {digest[:8]: split for digest, split in run_splits.items()}
    group = group if group in metadata.columns else None
    return Facts(metadata, split_folders(paths), group, book, sides)


def _group(manifest: Manifest | None, choice: FactChoice) -> str | None:
    group = choice.group_column or (manifest.group_column if manifest else None)
    return unicodedata.normalize("NFC", group) if group else None


def _remember_siblings(book: SplitBook, manifest: Manifest, folder: Path) -> None:
    """Take over the splits that other collections gave to images of the same source."""
    source = (folder / manifest.source).resolve()
    for other in locate.neighbours(folder):
        try:
            theirs = read_manifest(other)
            if (other / theirs.source).resolve() != source:
                continue
            for shard in theirs.shards:
                table = open_shard(other / "shards" / shard.name)
                hashes, splits = table.column("content_hash"), table.column("split")
                for content_hash, split in zip(hashes.to_pylist(), splits.to_pylist(), strict=True):
                    if split is not None:
                        book.remember(content_hash, split_named(split))
        except ArtvecError:
            continue  # a damaged neighbour is its owner's affair
