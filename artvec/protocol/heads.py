"""Heads of trained runs on stored embeddings; torch is imported only where there is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from artvec.backbones import is_run
from artvec.backbones.run_directory import has_head, trained_splits
from artvec.collection.reader import Collection
from artvec.protocol.outcomes import Scores
from artvec.protocol.selection import Selection, content_hashes
from artvec.protocol.vectors import Vectors
from artvec.types import BoolArray, Float32Array, Int64Array

_UNKNOWN = -1.0
"""Score of classes that a head doesn't know, below every probability."""


def own_run(collection: Collection) -> Path | None:
    """Return the run that a collection was embedded with, None for an untrained backbone."""
    name = str(collection.manifest.request.get("name", ""))
    return Path(name) if is_run(name) else None


def trained_on(collection: Collection, run: Path, rows: Int64Array) -> BoolArray:
    """Say for each of (n,) rows whether its picture is among the training images of a run.

    Raises:
        ArtvecError: The directory is no complete run.
    """
    trained = {digest for digest, split in trained_splits(run).items() if split == "train"}
    return np.array([digest in trained for digest in content_hashes(collection, rows)], dtype=bool)


def head_scores(
    collection: Collection, selection: Selection, vectors: Vectors, run: Path
) -> Scores | None:
    """Return the class probabilities of a run's head, None where the run has no head.

    Args:
        collection: Embedded with the run.
        selection: Rows of the collection.
        vectors: Of these rows.
        run: The run's directory.

    Raises:
        ArtvecError: The run or its head can't be read, or doesn't fit the vectors.
    """
    if not has_head(run):
        return None
    from artvec.heads import load_head, probabilities

    head = load_head(run)
    known = {name: column for column, name in enumerate(head.classes)}
    others = [name for name in head.classes if name not in selection.classes]
    classes = (*selection.classes, *others)
    places = [known.get(name, len(known)) for name in classes]

    def scores(of: Float32Array) -> Float32Array:
        """Lay (n, D) vectors' probabilities out as (n, C), a column a class."""
        wide = np.pad(probabilities(head, of), ((0, 0), (0, 1)), constant_values=_UNKNOWN)
        return wide[:, places]

    learned = trained_on(collection, run, selection.gallery)
    train_accuracy = None
    if learned.any():
        hits = scores(vectors.gallery[learned]).argmax(axis=1) == selection.gallery_labels[learned]
        train_accuracy = float(hits.mean())
    return Scores(classes, scores(vectors.queries), train_accuracy)
