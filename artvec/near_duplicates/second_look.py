"""The second look: pairs that stored facts can't decide are compared picture by picture."""

from __future__ import annotations

from collections.abc import Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from artvec.collection.reader import Collection, columns
from artvec.collection.stamps import StoredContent, read_proofs, still_holds
from artvec.core.progress import Progress, silent
from artvec.core.runtime import cores
from artvec.images.byte_sources import Undecodable
from artvec.images.decode import load_picture
from artvec.images.find import file_of, sample_of
from artvec.images.opening import import_decoders
from artvec.near_duplicates.alignment import THUMBNAIL_PX, Thumbnail, agreement, thumbnail
from artvec.near_duplicates.evidence import AGREEMENT, CONTRADICTED

Pair = tuple[int, int]


@dataclass(frozen=True)
class Looks:
    """What a second look said.

    Attributes:
        same: Pairs that show one picture.
        different: Pairs that show different ones; the others show too little to say.
        compared: How many pairs could be compared.
        unavailable: How many could not: a picture is gone, or is another than was embedded.
    """

    same: tuple[Pair, ...]
    different: tuple[Pair, ...]
    compared: int
    unavailable: int


def look(collection: Collection, pairs: Sequence[Pair], progress: Progress = silent) -> Looks:
    """Compare the pictures of pairs of rows; memory is a small copy of each."""
    rows = sorted({row for pair in pairs for row in pair})
    total = len(rows) + len(pairs)
    table = columns(collection, ["path", "size_bytes", "content_hash"])
    proofs = read_proofs(collection.folder, collection.manifest)

    def small(row: int) -> Thumbnail | None:
        path, *stored = (column[row].as_py() for column in table.columns)
        return _small(file_of(collection.source, path), StoredContent(*stored), proofs)

    import_decoders()
    with ThreadPoolExecutor(cores()) as pool:
        pictures: dict[int, Thumbnail] = {}
        for done, (row, picture) in enumerate(zip(rows, pool.map(small, rows), strict=True), 1):
            if picture is not None:
                pictures[row] = picture
            progress(done, total)
    there = [(a, b) for a, b in pairs if a in pictures and b in pictures]
    same, different = [], []
    for done, (a, b) in enumerate(there, 1):
        agreed = agreement(pictures[a], pictures[b])
        if agreed >= AGREEMENT:
            same.append((a, b))
        elif agreed <= CONTRADICTED:
            different.append((a, b))
        progress(total - len(there) + done, total)
    return Looks(tuple(same), tuple(different), len(there), len(pairs) - len(there))


def _small(file: Path, stored: StoredContent, proofs: Container[int]) -> Thumbnail | None:
    """Return a small copy of a row's picture; None where that is gone or another by now."""
    try:
        if not still_holds(sample_of(file), stored, proofs):
            return None
        return thumbnail(load_picture(file, side_px=THUMBNAIL_PX))
    except (OSError, Undecodable):
        return None
