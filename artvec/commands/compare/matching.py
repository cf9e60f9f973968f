"""The images that all collections have, by content; their facts come from the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from artvec.collection.reader import Collection, columns
from artvec.commands.compare.named_collections import NamedCollection
from artvec.core.errors import ArtvecError, command
from artvec.core.types import Int64Array
from artvec.evaluation import Selection, Vectors, rows_of

Key = tuple[bytes, int]
"""Content hash, and which of its copies it is in the order of their paths."""


@dataclass(frozen=True)
class Common:
    """Rows of equal content, aligned.

    Attributes:
        rows: For each collection (n,) row numbers: the same images in the same order, which is
            that of the first collection's rows.
        left_out: For each collection the paths of its other rows.
        notes: Where collections tell different things of one image.
    """

    rows: tuple[Int64Array, ...]
    left_out: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]

    def in_other(self, number: int, rows: Int64Array) -> Int64Array:
        """Return a collection's rows of the images in (m,) common rows of the first."""
        found: Int64Array = self.rows[number][np.searchsorted(self.rows[0], rows)]
        return found


def common_images(collections: Sequence[NamedCollection]) -> Common:
    """Match the rows of several collections by content hash, copies among themselves in order.

    Raises:
        ArtvecError: There is no image that all have.
    """
    keyed = [_keyed(one.collection) for one in collections]
    shared = [key for key in keyed[0] if all(key in rows for rows in keyed[1:])]
    if not shared:
        raise _nothing_shared(collections)
    rows = tuple(np.array([by_key[key] for key in shared], dtype=np.int64) for by_key in keyed)
    order = np.argsort(rows[0])
    rows = tuple(numbers[order] for numbers in rows)
    left_out = tuple(
        _paths_beside(one.collection, numbers)
        for one, numbers in zip(collections, rows, strict=True)
    )
    return Common(rows, left_out, tuple(_disagreements(collections, rows)))


def restrict(selection: Selection, common: Common) -> Selection:
    """Keep of the first collection's selection what all collections have.

    Raises:
        ArtvecError: Nothing is left of the gallery, or of the queries.
    """
    gallery, queries, val = (
        np.intersect1d(side, common.rows[0])
        for side in (selection.gallery, selection.queries, selection.val)
    )
    for rows, split in ((gallery, selection.gallery_split), (queries, selection.query_split)):
        if not len(rows):
            raise ArtvecError(
                f"of the {len(common.rows[0]):,} images that all collections have, none that can "
                f"be used is in the split {split!r}",
                "embed one source with all encoders: artvec compare --models M,N SOURCE",
            )
    return replace(selection, gallery=gallery, queries=queries, val=val)


def vectors_of(
    named: NamedCollection, common: Common, number: int, selection: Selection
) -> Vectors:
    """Return a collection's vectors of a selection of the first collection's rows, in its order.

    Raises:
        ArtvecError: Some are not finite numbers.
    """
    sides = (selection.gallery, selection.queries, selection.val)
    return Vectors(*(rows_of(named.collection, common.in_other(number, s)) for s in sides))


def _keyed(collection: Collection) -> dict[Key, int]:
    """Number the rows by content; of several copies the first path comes first."""
    table = columns(collection, ["content_hash", "path"]).to_pydict()
    hashes, paths = table["content_hash"], table["path"]
    counts: Counter[bytes] = Counter()
    keys: list[Key] = [(b"", 0)] * len(paths)
    for row in sorted(range(len(paths)), key=paths.__getitem__):
        keys[row] = (hashes[row], counts[hashes[row]])
        counts[hashes[row]] += 1
    return {key: row for row, key in enumerate(keys)}


def _paths_beside(collection: Collection, rows: Int64Array) -> tuple[str, ...]:
    paths = columns(collection, ["path"]).column("path").to_pylist()
    chosen = set(rows.tolist())
    return tuple(path for row, path in enumerate(paths) if row not in chosen)


def _disagreements(collections: Sequence[NamedCollection], rows: Sequence[Int64Array]) -> list[str]:
    """Say where others give an image another label or split; the first one's count for all."""
    first = collections[0]
    tables = [
        columns(one.collection, ["path", "label", "split"]).take(numbers).to_pydict()
        for one, numbers in zip(collections, rows, strict=True)
    ]
    notes = []
    for one, table in zip(collections[1:], tables[1:], strict=True):
        for fact in ("split", "label"):
            values = zip(tables[0]["path"], tables[0][fact], table[fact], strict=True)
            other = [(path, ours, theirs) for path, ours, theirs in values if ours != theirs]
            if other:
                path, ours, theirs = other[0]
                notes.append(
                    f"{len(other):,} images have another {fact} in {one.name} than in {first.name} "
                    f"({path}: {theirs}, not {ours}); the {fact}s of {first.name}, which is named "
                    f"first, count for all ({_way_out(first, one, fact)})"
                )
    return notes


def _way_out(first: NamedCollection, one: NamedCollection, fact: str) -> str:
    """Say how two collections come to tell the same: what comes from folders only a CSV changes."""
    ours, theirs = (of.collection.manifest.metadata_file for of in (first, one))
    again = ("embed", one.collection.source, "-i", one.collection.folder)
    if first.collection.source != one.collection.source:
        own = command(*again, "--metadata", "CSV")
        table = f"a CSV with the columns filename and {fact}, a row for every image"
        return f"to set those of {one.name}, {table}: {own}"
    if theirs is not None and ours is None:
        other = command(
            "embed", first.collection.source, "-i", first.collection.folder, "--metadata", theirs
        )
        return f"to give {first.name} those of {one.name}: {other}"
    given = ("--metadata", ours) if ours is not None and ours != theirs else ()
    return f"to bring {one.name} up to date: {command(*again, *given)}"


def _nothing_shared(collections: Sequence[NamedCollection]) -> ArtvecError:
    names = ", ".join(one.name for one in collections)
    sources = {one.collection.source for one in collections}
    where = "" if len(sources) == 1 else ": they are of different folders"
    source = collections[0].collection.source
    return ArtvecError(
        f"there is no image that all have: {names}{where}",
        f"embed one folder with all encoders: {command('compare', '--models', 'M,N', source)}",
        usage=True,
    )
