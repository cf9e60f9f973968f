"""What is said about an image beside its pixels: label, split and metadata, for every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from artvec.annotations.folder_labels import folder_label, folder_split
from artvec.annotations.metadata import Metadata
from artvec.annotations.splits import SplitBook
from artvec.collection.manifest import Manifest
from artvec.collection.shards import Row
from artvec.core.types import Fingerprint, Sample


@dataclass(frozen=True, slots=True)
class MetadataFile:
    """A metadata file, and whether its faulty rows are skipped."""

    path: Path
    skip_faulty: bool = False


@dataclass(frozen=True)
class Facts:
    """Where labels, splits and metadata come from.

    Attributes:
        metadata: Joined to the source's paths.
        split_folders: Top folders of the source that are splits, with the split of each.
        group_column: Metadata column whose values keep one split.
        book: Decides splits.
        sides: Content (hash), or group, → the split of the first row that has it.
        leaks: Paths of rows whose picture also lies on another side of the split.
        straddling: Groups that lie on several sides of the split.
        split_counts: Rows described so far, by split.
    """

    metadata: Metadata
    split_folders: Mapping[str, str]
    group_column: str | None
    book: SplitBook
    sides: dict[bytes | str, str] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    straddling: set[str] = field(default_factory=set)
    split_counts: Counter[str] = field(default_factory=Counter)

    def described(self, manifest: Manifest, file: MetadataFile | None) -> Manifest:
        """Return a manifest that names today's metadata columns, file and groups."""
        return replace(
            manifest,
            columns=dict(self.metadata.columns),
            metadata_file=str(file.path.absolute()) if file else None,
            lenient_metadata=file is not None and file.skip_faulty,
            group_column=self.group_column,
        )

    def label_of(self, path: str) -> str | None:
        """Return the label: from metadata with a column of labels, else from the folder."""
        if self.metadata.label_column is not None:
            return self.metadata.labels.get(path)
        return folder_label(path, self.split_folders)

    def given_split(self, path: str) -> str | None:
        """Return the split from metadata, else from the folder, else None."""
        return self.metadata.splits.get(path) or folder_split(path, self.split_folders)

    def group_of(self, path: str) -> str | None:
        """Return the value that keeps an image's split with its group's, if any."""
        if self.group_column is None:
            return None
        value = self._values(path).get(self.group_column)
        return None if value is None else str(value)

    def recall(self, path: str, content_hash: bytes, stored_split: str) -> None:
        """Note the split of a row that stays; must be called in row order, before any draw."""
        given = self.given_split(path)
        if given is None:
            self.book.recall(
                content_hash,
                stored_split,
                label=self.label_of(path),
                group=self.group_of(path),
            )
        else:
            self._split_of(path, content_hash)

    def _split_of(self, path: str, content_hash: bytes) -> str:
        """Return an image's split; must be called in the order of the source."""
        return self.book.split_of(
            content_hash,
            given=self.given_split(path),
            label=self.label_of(path),
            group=self.group_of(path),
        )

    def new_row(self, sample: Sample, fingerprint: Fingerprint) -> Row:
        """Describe an image that has just been embedded."""
        return Row(
            path=sample.path,
            label=self.label_of(sample.path),
            split=self._sided(
                sample.path,
                fingerprint.content_hash,
                self._split_of(sample.path, fingerprint.content_hash),
            ),
            width=fingerprint.width,
            height=fingerprint.height,
            size_bytes=sample.size_bytes,
            mtime_ns=sample.mtime_ns,
            content_hash=fingerprint.content_hash,
            phash=fingerprint.phash,
            colour=fingerprint.colour,
            metadata=self._values(sample.path),
        )

    def renewed_row(self, sample: Sample, row: Row) -> Row:
        """Describe an image whose row stays, under today's name, labels and metadata."""
        return replace(
            row,
            path=sample.path,
            label=self.label_of(sample.path),
            split=self._sided(
                sample.path, row.content_hash, self.given_split(sample.path) or row.split
            ),
            size_bytes=sample.size_bytes,
            mtime_ns=sample.mtime_ns,
            metadata=self._values(sample.path),
        )

    def _sided(self, path: str, content_hash: bytes, split: str | None) -> str | None:
        """Pass a row's split on, noting where one picture or group gets two."""
        if split is None:
            return None
        self.split_counts[split] += 1
        if self.sides.setdefault(content_hash[:8], split) != split:
            self.leaks.append(path)
        group = self.group_of(path)
        if group is not None and self.sides.setdefault(group, split) != split:
            self.straddling.add(group)
        return split

    def _values(self, path: str) -> Mapping[str, Any]:
        empty = dict.fromkeys(self.metadata.columns)
        return self.metadata.rows.get(path, empty)
