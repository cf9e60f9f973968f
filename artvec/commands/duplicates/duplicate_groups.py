"""Groups of copies with what a user wants to know of each file; nothing is ever deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from artvec.collection.reader import Collection, blocks, columns, open_collection
from artvec.core.errors import ArtvecError
from artvec.core.progress import Progress, silent
from artvec.images.find import file_of
from artvec.near_duplicates import (
    LOOKS,
    DuplicateSearch,
    across_splits,
    find_near_duplicates,
    fingerprints,
)
from artvec.vector_search import unit_rows

_FACTS = ("path", "label", "split", "width", "height", "size_bytes")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a group.

    Attributes:
        path: Of the row.
        file: Where the picture is.
        label: Of the row.
        split: Of the row.
        width: As displayed.
        height: As displayed.
        size_bytes: Of the file when it was embedded.
        similarity: Cosine of its embedding with that of the group's first file.
        hash_bits: Bits in which their perceptual hashes differ, of 64; where it is mirrored,
            those of the mirrored picture.
    """

    path: str
    file: Path
    label: str | None
    split: str | None
    width: int
    height: int
    size_bytes: int
    similarity: float
    hash_bits: int


@dataclass(frozen=True, slots=True)
class Group:
    """Files that show one picture.

    Attributes:
        kind: `exact` where all files are equal byte by byte, else `near`.
        files: The one of best quality first: most pixels, then most bytes, then by path.
        leak: Its files lie in different splits.
    """

    kind: Literal["exact", "near"]
    files: tuple[File, ...]
    leak: bool


@dataclass(frozen=True)
class DuplicatesReport:
    """What was found.

    Attributes:
        index: The collection.
        n_images: Its rows.
        groups: The one with the best file first.
        looked: Pairs that were compared by their pictures.
        notes: For the user, a sentence each.
    """

    index: Path
    n_images: int
    groups: tuple[Group, ...]
    looked: int
    notes: tuple[str, ...]

    @property
    def n_copies(self) -> int:
        """Files beside the first of each group."""
        return sum(len(group.files) - 1 for group in self.groups)

    @property
    def copy_bytes(self) -> int:
        """What those take on disk."""
        return sum(file.size_bytes for group in self.groups for file in group.files[1:])

    @property
    def n_leaks(self) -> int:
        """Groups that lie in different splits."""
        return sum(group.leak for group in self.groups)


def find_duplicates(
    folder: Path, *, looks: int = LOOKS, progress: Progress = silent
) -> DuplicatesReport:
    """Find the files that show the same picture.

    Args:
        folder: The collection.
        looks: Most pairs to compare by their pictures; 0 goes by stored facts alone.
        progress: Told what is done of the step at hand.

    Raises:
        ArtvecError: The collection is damaged, or `looks` is negative.
    """
    if looks < 0:
        raise ArtvecError(f"--looks {looks} is below 0", "give --looks 0 or more", usage=True)
    collection = open_collection(folder)
    found = find_near_duplicates(collection, progress, looks=looks)
    return DuplicatesReport(
        folder.resolve(), collection.rows, _groups(collection, found), found.looked, _notes(found)
    )


def _groups(collection: Collection, found: DuplicateSearch) -> tuple[Group, ...]:
    rows = [row for group in found.copies for row in group.rows]
    if not rows:
        return ()
    files = dict(zip(rows, _files(collection, found), strict=True))
    leaks = set(across_splits(collection, found.copies))
    return tuple(
        Group(group.kind, tuple(files[row] for row in group.rows), group in leaks)
        for group in found.copies
    )


def _files(collection: Collection, found: DuplicateSearch) -> list[File]:
    """Return the files of all groups, one group after another."""
    firsts = [group.rows[0] for group in found.copies for _ in group.rows]
    rows = [row for group in found.copies for row in group.rows]
    prints = fingerprints(collection)
    facts: list[dict[str, Any]] = columns(collection, _FACTS).take(rows).to_pylist()
    similarity = _cosines(collection, firsts, rows)
    return [
        File(
            **fact,
            file=file_of(collection.source, fact["path"]),
            similarity=cosine,
            hash_bits=prints.hash_bits(first, row),
        )
        for fact, cosine, first, row in zip(facts, similarity, firsts, rows, strict=True)
    ]


def _cosines(collection: Collection, ones: Sequence[int], others: Sequence[int]) -> list[float]:
    chosen = np.zeros(collection.rows, dtype=np.bool_)
    chosen[others] = True
    place = np.cumsum(chosen) - 1  # (N,) row → its place among the chosen
    units = unit_rows(np.concatenate(list(blocks(collection, chosen))))
    cosines = np.vecdot(units[place[list(ones)]], units[place[list(others)]])
    return [float(cosine) for cosine in np.clip(cosines, -1, 1)]


def _notes(found: DuplicateSearch) -> tuple[str, ...]:
    undecided = "crops and other strong changes among them stay unfound"
    notes = []
    if found.unavailable:
        gone = "pictures are gone or changed"
        notes.append(f"{found.unavailable:,} close pairs can't be looked at, {gone}: {undecided}")
    if found.left:
        more = f"--looks {found.looked + found.unavailable + found.left} compares all"
        notes.append(f"{found.left:,} less close pairs were not looked at ({more}): {undecided}")
    return tuple(notes)
