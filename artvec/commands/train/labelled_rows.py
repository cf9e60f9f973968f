"""What a run learns from: the labelled rows of a collection, their splits, labels and vectors."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from artvec.collection.column_names import known_columns, no_column
from artvec.collection.reader import Collection, columns
from artvec.core.errors import ArtvecError, command
from artvec.core.types import BoolArray, Float32Array, Int64Array, Sample
from artvec.core.wording import counted
from artvec.evaluation import Selection, content_hashes, label_texts, rows_of, select, trained_on
from artvec.images.find import file_of

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Material:
    """The rows that a run uses; all arrays and tuples are in their order.

    Attributes:
        rows: (M,) row numbers of the collection, ascending.
        samples: Their files, as they were when they were embedded.
        hashes: Their content hashes.
        vectors: (M, D) float32, the stored embeddings.
        columns: Label columns; the first is judged.
        classes: Names by code, a tuple a label column.
        labels: (M, T) int64 class codes, -1 where unknown.
        groups: (M,) int64 codes of what is resampled as a whole, None where nothing is.
        train: (n,) places in `rows` that are learned from.
        gallery: (G,) places that are searched: all of the split `train` that have the first label.
        val: (V,) places that weights are chosen by, outside of `train`.
        test: (Q,) places that are judged, and never chosen by.
        val_drawn: True where `val` was drawn out of `gallery`.
        notes: For the user, a sentence each.
    """

    rows: Int64Array
    samples: tuple[Sample, ...]
    hashes: tuple[bytes, ...]
    vectors: Float32Array
    columns: tuple[str, ...]
    classes: tuple[tuple[str, ...], ...]
    labels: Int64Array
    groups: Int64Array | None
    train: Int64Array
    gallery: Int64Array
    val: Int64Array
    test: Int64Array
    val_drawn: bool
    notes: tuple[str, ...] = ()

    @property
    def splits(self) -> dict[str, Int64Array]:
        """Name of a split → its judged places."""
        return {"train": self.gallery, "val": self.val, "test": self.test}


def material(
    collection: Collection, label_columns: Sequence[str], group: str | None = None
) -> Material:
    """Gather what a run learns from.

    Args:
        collection: Embedded with the backbone that the run begins with.
        label_columns: What is to be learned.
        group: Column whose values are resampled as a whole; None for the collection's own.

    Raises:
        ArtvecError: No such column; no labels, a single class, or a split without rows; or the
            backbone has seen test pictures in an earlier training.
    """
    texts = [_texts(collection, column) for column in label_columns]
    _check_splits(collection, label_columns[0], texts[0])
    selection = select(collection, group=group, asked=("train",), label=label_columns[0])
    classes, labels = _coded(selection, texts)
    sides = _sides(collection, selection, labels)
    _check_classes(sides["train"], label_columns, classes, labels)
    _check_never_trained_on(collection, sides["test"])
    rows = np.unique(np.concatenate(list(sides.values())))
    places = {name: np.searchsorted(rows, of) for name, of in sides.items()}
    return Material(
        rows=rows,
        samples=_samples(collection, rows),
        hashes=tuple(content_hashes(collection, rows)),
        vectors=rows_of(collection, rows),
        columns=tuple(label_columns),
        classes=classes,
        labels=labels[rows],
        groups=None if selection.groups is None else selection.groups[rows],
        **places,
        val_drawn=selection.val_drawn,
        notes=_notes(collection, selection, sides, labels[:, 0]),
    )


def without(given: Material, gone: BoolArray) -> Material:
    """Leave pictures out.

    Args:
        given: M rows.
        gone: (M,) which of them.

    Raises:
        ArtvecError: No test or training pictures are left.
    """
    if not gone.any():
        return given
    readable = np.flatnonzero(~gone)
    places = np.cumsum(~gone) - 1
    train, gallery, val, test = (
        places[side[~gone[side]]] for side in (given.train, given.gallery, given.val, given.test)
    )
    for name, side in (("training", train), ("test", test)):
        if not len(side):
            raise ArtvecError(
                f"none of the {name} pictures can be read any more",
                "bring the files back, or the collection up to date: artvec embed SOURCE",
            )
    lost = [given.samples[place].path for place in np.flatnonzero(gone)]
    those = counted(len(lost), "picture")
    note = f"left out {those} gone, unreadable or changed since embedding: {lost[0]}"
    return replace(
        given,
        rows=given.rows[readable],
        samples=tuple(given.samples[place] for place in readable),
        hashes=tuple(given.hashes[place] for place in readable),
        vectors=given.vectors[readable],
        labels=given.labels[readable],
        groups=None if given.groups is None else given.groups[readable],
        train=train,
        gallery=gallery,
        val=val,
        test=test,
        notes=(*given.notes, note + (", …" if len(lost) > 1 else "")),
    )


def data_fingerprint(material: Material) -> str:
    """Return the sha256 over contents, labels and splits: what a resumed run must find again."""
    digest = hashlib.sha256(json.dumps(material.classes).encode())
    digest.update(b"".join(material.hashes))
    for numbers in (material.labels, material.train, material.gallery, material.val, material.test):
        digest.update(np.ascontiguousarray(numbers, dtype=np.int64).tobytes() + b"|")
    return digest.hexdigest()


def _texts(collection: Collection, column: str) -> list[str | None]:
    known = known_columns(collection)
    if column not in known:
        raise no_column(column, known)
    return label_texts(collection, column)


def _check_splits(collection: Collection, column: str, texts: Sequence[str | None]) -> None:
    """Refuse what can't be learned or judged, naming what to do about it."""
    give = command("embed", collection.source, "-i", collection.folder, "--metadata", "FACTS.csv")
    if not any(text is not None for text in texts):
        raise ArtvecError(
            f"no row of {collection.folder} has a {column}, so there is nothing to learn",
            "give labels by folders (paintings/baroque/a.jpg) or by a CSV with the columns "
            f"filename and label: {give}",
            usage=True,
        )
    splits = columns(collection, ["split"]).column("split").to_pylist()
    labelled = Counter(split for split, text in zip(splits, texts, strict=True) if text is not None)
    for split, what in (("train", "to learn from"), ("test", "to judge by")):
        if not labelled[split]:
            there = ", ".join(f"{name} {n:,}" for name, n in sorted(labelled.items()))
            raise ArtvecError(
                f"{collection.folder} has no labelled {split} pictures {what} (it has: {there})",
                "add pictures (three of a class are the least for a test), or give splits by "
                f"folders (train/, test/) or by a CSV column split: {give}",
                usage=True,
            )


def _coded(
    selection: Selection, texts: Sequence[Sequence[str | None]]
) -> tuple[tuple[tuple[str, ...], ...], Int64Array]:
    """Return the class names of each column, and the (N, T) codes of all rows."""
    classes, labels = [selection.classes], [selection.labels]
    for column in texts[1:]:
        names = tuple(sorted({text for text in column if text is not None}))
        codes = {name: code for code, name in enumerate(names)}
        classes.append(names)
        labels.append(np.array([-1 if t is None else codes[t] for t in column], dtype=np.int64))
    return tuple(classes), np.stack(labels, axis=1)


def _sides(
    collection: Collection, selection: Selection, labels: Int64Array
) -> dict[str, Int64Array]:
    """Return row numbers: learned from are training rows with any label, the drawn val left out."""
    splits = np.array(columns(collection, ["split"]).column("split").to_pylist(), dtype=object)
    learnable = np.flatnonzero((splits == selection.gallery_split) & (labels >= 0).any(axis=1))
    return {
        "train": np.setdiff1d(learnable, selection.val),
        "gallery": selection.gallery,
        "val": selection.val,
        "test": selection.queries,
    }


def _check_classes(
    train: Int64Array,
    label_columns: Sequence[str],
    classes: Sequence[Sequence[str]],
    labels: Int64Array,
) -> None:
    for at, column in enumerate(label_columns):
        codes = np.unique(labels[train, at])
        present = codes[codes >= 0]
        if len(present) < 2:
            only = f"have the {column} {classes[at][present[0]]!r}" if len(present) else "have none"
            raise ArtvecError(
                f"all training pictures {only}: there is nothing to tell apart",
                "give pictures of a second class, or name another column: --label COLUMN",
                usage=True,
            )


def _check_never_trained_on(collection: Collection, test: Int64Array) -> None:
    """Refuse to judge by pictures that the backbone learned from in an earlier run."""
    run = Path(str(collection.manifest.request.get("name", "")))
    if not (run / "run.json").is_file():
        return
    n_trained_on = int(np.count_nonzero(trained_on(collection, run, test)))
    if n_trained_on:
        raise ArtvecError(
            f"{n_trained_on:,} of the {len(test):,} test pictures were training pictures of {run}",
            "begin with another backbone, or give other pictures the split test",
        )


def _samples(collection: Collection, rows: Int64Array) -> tuple[Sample, ...]:
    table = columns(collection, ["path", "size_bytes", "mtime_ns"])
    paths, sizes, times = (column.to_pylist() for column in table.columns)
    return tuple(
        Sample(paths[row], str(file_of(collection.source, paths[row])), sizes[row], times[row])
        for row in rows.tolist()
    )


def _notes(
    collection: Collection,
    selection: Selection,
    sides: dict[str, Int64Array],
    labels: Int64Array,
) -> tuple[str, ...]:
    """Tell what is left out, too few, or on two sides."""
    notes = []
    if selection.unlabelled:
        notes.append(f"left out: {counted(selection.unlabelled, 'row')} without a label")
    counts = np.bincount(labels[sides["gallery"]], minlength=len(selection.classes))
    for count, what in ((0, "no training picture"), (1, "a single training picture")):
        few = [selection.classes[code] for code in np.flatnonzero(counts == count)]
        if few:
            those = f"{', '.join(few[:3])}{', …' if len(few) > 3 else ''}"
            notes.append(f"{counted(len(few), 'class has', 'classes have')} {what}: {those}")
    learned = set(content_hashes(collection, sides["gallery"]))
    twice = sum(digest in learned for digest in content_hashes(collection, sides["test"]))
    if twice:
        notes.append(
            f"{counted(twice, 'test picture')} also lie among the training pictures: figures on "
            "test will be too good (artvec eval lists them)"
        )
    if selection.val_drawn:
        notes.append(
            f"there is no split val: {counted(len(selection.val), 'training picture')} serve "
            "to choose weights, and are not learned from"
        )
    return tuple(notes)
