"""Which rows of a collection are gallery, queries and validation, with their labels and groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artvec.annotations.split_names import split_named
from artvec.collection.column_names import ROW_COLUMNS, known_columns
from artvec.collection.reader import Collection, columns
from artvec.core.errors import ArtvecError, command, mistyped
from artvec.core.types import BoolArray, Int64Array

VAL_SHARE = 0.15
"""Of the gallery, where a collection has no rows to choose the probe's strength by."""


@dataclass(frozen=True)
class Selection:
    """The rows of one evaluation. Rows without a label are left out, unless none has one.

    Attributes:
        gallery_split: Value of the column `split` that makes the gallery.
        query_split: Value of the column `split` that makes the queries.
        gallery: (G,) row numbers of the collection, ascending.
        queries: (Q,) row numbers, ascending.
        val: (V,) row numbers by which the strength of a probe is chosen, nothing else.
        val_drawn: True where `val` was drawn out of the gallery (and stays part of it).
        labels: (N,) class code of every row of the collection; -1 for rows that take no part.
        classes: Names of the classes by code; empty where no row has a label.
        groups: (N,) group code of every row, or None; a row without a value is its own group.
        group_column: Where the groups come from.
        unlabelled: Rows of both splits that were left out.
    """

    gallery_split: str
    query_split: str
    gallery: Int64Array
    queries: Int64Array
    val: Int64Array
    val_drawn: bool
    labels: Int64Array
    classes: tuple[str, ...]
    groups: Int64Array | None = None
    group_column: str | None = None
    unlabelled: int = 0

    @property
    def gallery_labels(self) -> Int64Array:
        """(G,) class codes of the gallery."""
        return self.labels[self.gallery]

    @property
    def query_labels(self) -> Int64Array:
        """(Q,) class codes of the queries."""
        return self.labels[self.queries]

    @property
    def query_groups(self) -> Int64Array | None:
        """(Q,) group codes of the queries, the units of every bootstrap."""
        return None if self.groups is None else self.groups[self.queries]

    @property
    def own_places(self) -> Int64Array:
        """(Q,) place in the gallery at which a query would find its own row, or -1."""
        places = {row: place for place, row in enumerate(self.gallery.tolist())}
        return np.array([places.get(row, -1) for row in self.queries.tolist()], dtype=np.int64)


def select(
    collection: Collection,
    gallery: str = "train",
    queries: str = "test",
    group: str | None = None,
    asked: Sequence[object] = (),
    label: str = "label",
) -> Selection:
    """Choose the rows of an evaluation by their splits.

    Args:
        collection: Its column `split` decides.
        gallery: Split that is searched and learned from.
        queries: Split that is asked about; may be the gallery's: then no row finds itself.
        group: Column of the groups; None for the one that the collection was embedded with.
        asked: Words of the command, without options, for hints; none stand for `eval`.
        label: Column that holds the labels.

    Raises:
        ArtvecError: No row has one of the splits, no such column, or a side without labels.
    """
    asked = asked or ("eval", "-i", collection.folder)
    splits = np.array(columns(collection, ["split"]).column("split").to_pylist(), dtype=object)
    labels = np.array(label_texts(collection, label), dtype=object)
    gallery, queries = (
        split if split in splits else split_named(split) for split in (gallery, queries)
    )
    for split in (gallery, queries):
        _check_split(collection, splits, split, asked)
    sides = (splits == gallery) | (splits == queries)
    labelled = np.array([label is not None for label in labels], dtype=bool)
    if (sides & labelled).any():
        for split in (gallery, queries):
            _check_labelled(collection, labelled[splits == split], split)
        taken = labelled
    else:
        taken = np.ones(len(labels), dtype=bool)
    classes = sorted(set(labels[sides & labelled]))
    codes = {name: code for code, name in enumerate(classes)}
    numbers = np.array([codes.get(label, -1) for label in labels], dtype=np.int64)
    gallery_rows = np.flatnonzero((splits == gallery) & taken)
    stored_val = np.flatnonzero((splits == "val") & (numbers >= 0) & ~sides)
    val = stored_val if len(stored_val) else _drawn(collection, gallery_rows, numbers)
    column = group or collection.manifest.group_column
    return Selection(
        gallery_split=gallery,
        query_split=queries,
        gallery=gallery_rows,
        queries=np.flatnonzero((splits == queries) & taken),
        val=val,
        val_drawn=not len(stored_val) and len(val) > 0,
        labels=numbers,
        classes=tuple(classes),
        groups=group_codes(collection, column, asked) if column is not None else None,
        group_column=column,
        unlabelled=int(np.count_nonzero(sides & ~labelled)),
    )


def label_texts(collection: Collection, column: str) -> list[str | None]:
    """Return what a column says of every row, as text; None where it says nothing."""
    values = columns(collection, [column]).column(column).to_pylist()
    return [None if value is None or value == "" else str(value) for value in values]


def same_pictures(collection: Collection, hashes: Sequence[bytes]) -> Int64Array:
    """Return the row of each picture by its content hash, the first of several, -1 for none."""
    rows: dict[bytes, int] = {}
    for row, digest in enumerate(
        columns(collection, ["content_hash"]).column("content_hash").to_pylist()
    ):
        rows.setdefault(digest, row)
    return np.array([rows.get(digest, -1) for digest in hashes], dtype=np.int64)


def content_hashes(collection: Collection, rows: Int64Array) -> list[bytes]:
    """Return the content hashes of rows, in the order asked for."""
    hashes = columns(collection, ["content_hash"]).column("content_hash").to_pylist()
    return [hashes[row] for row in rows]


def _check_split(
    collection: Collection,
    splits: np.ndarray[tuple[int], np.dtype[np.object_]],
    name: str,
    asked: Sequence[object],
) -> None:
    counts: dict[str, int] = {}
    for split in splits:
        if split is not None:
            counts[split] = counts.get(split, 0) + 1
    if name in counts:
        return
    known = ", ".join(f"{split} {count:,}" for split, count in sorted(counts.items())) or "none"
    largest = max(counts, key=lambda split: counts[split], default=name)
    index = collection.folder
    raise mistyped(
        f"no row of {index} has the split {name!r} (there are: {known})",
        name,
        counts,
        otherwise="name one that exists; every row against all others: "
        + command(*asked, "--gallery", largest, "--queries", largest)
        if counts
        else f"embed pictures: {command('embed', 'SOURCE', '-i', index)}",
    )


def _check_labelled(collection: Collection, labelled: BoolArray, split: str) -> None:
    if not labelled.any():
        raise ArtvecError(
            f"no row of the split {split!r} has a label, so there is nothing to compare with",
            "give labels by a CSV with the columns filename and label: "
            + command("embed", collection.source, "-i", collection.folder, "--metadata", "CSV"),
        )


def _drawn(collection: Collection, gallery: Int64Array, labels: Int64Array) -> Int64Array:
    """Draw 15 % of every class: the smallest content hashes, so the same pictures everywhere."""
    by_class: dict[int, list[int]] = {}
    for _, row in sorted(zip(content_hashes(collection, gallery), gallery.tolist(), strict=True)):
        by_class.setdefault(int(labels[row]), []).append(row)
    by_class.pop(-1, None)
    drawn = [rows[: _share(len(rows))] for rows in by_class.values()]
    return np.array(sorted(row for rows in drawn for row in rows), dtype=np.int64)


def _share(count: int) -> int:
    """A class keeps at least one row to learn from, and gives one as soon as it has two."""
    return max(1, round(VAL_SHARE * count)) if count > 1 else 0


def group_codes(
    collection: Collection, column: str, asked: Sequence[object] = ("eval",)
) -> Int64Array:
    """Return the (N,) group code of every row; a row without a value is its own group.

    Args:
        collection: Whose rows.
        column: Its values are the groups.
        asked: Words of the command, for hints.

    Raises:
        ArtvecError: There is no such column.
    """
    if column not in known_columns(collection):
        raise _no_group(collection, column, asked)
    codes: dict[object, int] = {}
    values = columns(collection, [column]).column(column).to_pylist()
    keys = (value if value is not None else (row,) for row, value in enumerate(values))
    return np.array([codes.setdefault(key, len(codes)) for key in keys], dtype=np.int64)


def _no_group(collection: Collection, column: str, asked: Sequence[object]) -> ArtvecError:
    """Offer the user's own columns first: few of the others make groups."""
    own = tuple(collection.manifest.columns)
    if own:
        hint = f"columns: {', '.join((*own, *ROW_COLUMNS))}; type: "
        hint += command(*asked, "--group", own[0])
    else:
        hint = f"{collection.folder} has no columns of its own; give some by a CSV: " + command(
            "embed", collection.source, "-i", collection.folder, "--metadata", "CSV"
        )
    known = known_columns(collection)
    return mistyped(f"there is no column {column!r}", column, known, otherwise=hint)
