"""Heads of trained runs on stored embeddings; torch is imported only where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from artvec.collection.reader import Collection
from artvec.core.types import BoolArray, Float32Array, Int64Array
from artvec.encoding.backbones import is_run
from artvec.encoding.backbones.run_directory import has_head, head_takes_map, training_images
from artvec.evaluation.outcomes import Scores
from artvec.evaluation.selection import Selection, content_hashes
from artvec.evaluation.vectors import Vectors

if TYPE_CHECKING:
    from artvec.encoding.heads import Head


def own_run(collection: Collection) -> Path | None:
    """Return the run that a collection was embedded with, None for an untrained backbone."""
    name = str(collection.manifest.request.get("name", ""))
    return Path(name) if is_run(name) else None


def trained_on(collection: Collection, run: Path, rows: Int64Array) -> BoolArray:
    """Say for each of (n,) rows whether its picture is among the training images of a run.

    Raises:
        ArtvecError: The directory is no complete run.
    """
    trained = training_images(run)
    return np.array([digest in trained for digest in content_hashes(collection, rows)], dtype=bool)


def run_head(run: Path) -> Head | None:
    """Load the head of a run, None where it has none that takes embeddings.

    Raises:
        ArtvecError: The run or its head can't be read.
    """
    if not has_head(run) or head_takes_map(run):
        return None
    from artvec.encoding.heads import load_head

    return load_head(run)


def class_names(known: Sequence[str], heads: Sequence[Head]) -> tuple[str, ...]:
    """Return the known classes, then those that only the heads know."""
    return tuple(dict.fromkeys([*known, *(name for head in heads for name in head.classes)]))


def class_scores(head: Head, vectors: Float32Array, classes: Sequence[str]) -> Float32Array:
    """Return a head's (n, C) probabilities, a column a class; -inf for classes it doesn't know.

    Raises:
        ArtvecError: The head takes vectors of another width.
    """
    from artvec.encoding.heads import probabilities

    places = {name: column for column, name in enumerate(head.classes)}
    wide = np.pad(probabilities(head, vectors), ((0, 0), (0, 1)), constant_values=-np.inf)
    return wide[:, [places.get(name, len(places)) for name in classes]]


def head_scores(
    collection: Collection, selection: Selection, vectors: Vectors, run: Path
) -> Scores | None:
    """Return what the head of a run says of its own embeddings, None where no head takes them.

    Args:
        collection: Embedded with the run.
        selection: Rows of the collection.
        vectors: Of these rows.
        run: The run's directory.

    Raises:
        ArtvecError: The run or its head can't be read, or doesn't fit the vectors.
    """
    head = run_head(run)
    if head is None:
        return None
    classes = class_names(selection.classes, [head])
    learned = trained_on(collection, run, selection.gallery)
    train_accuracy = None
    if learned.any():
        predicted = class_scores(head, vectors.gallery[learned], classes).argmax(axis=1)
        train_accuracy = float((predicted == selection.gallery_labels[learned]).mean())
    return Scores(classes, class_scores(head, vectors.queries, classes), train_accuracy)
