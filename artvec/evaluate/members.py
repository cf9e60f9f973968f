"""Several encoders over the same pictures: their collections found, their rows matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artvec.collection import locate
from artvec.collection.manifest import Manifest, read_manifest
from artvec.collection.reader import Collection, open_collection, source_of
from artvec.errors import ArtvecError, command
from artvec.evaluate.report import Member
from artvec.metrics.bootstrap import interval
from artvec.metrics.probe import top_k_hits
from artvec.protocol import (
    Scores,
    Selection,
    Vectors,
    concatenated,
    content_hashes,
    gathered,
    rows_of,
    same_pictures,
)
from artvec.protocol.heads import class_names, class_scores, run_head
from artvec.types import Float32Array, Int64Array, Interval


@dataclass(frozen=True)
class Ensemble:
    """Averaged probabilities, and the runs that they come from."""

    scores: Scores
    members: tuple[Member, ...]


def embedded_by(run: Path, collection: Collection) -> Collection:
    """Find the collection that a run embedded of another collection's source.

    Raises:
        ArtvecError: There is none.
    """
    for folder in (collection.folder, *locate.neighbours(collection.folder)):
        try:
            manifest = read_manifest(folder)
        except ArtvecError:
            continue  # a damaged neighbour is its owner's affair
        if source_of(folder, manifest) == collection.source and _is_of(manifest, run):
            return collection if folder == collection.folder else open_collection(folder)
    name = f"{collection.folder.resolve().name}-{run.resolve().name}"
    raise ArtvecError(
        f"no collection here holds {collection.source} embedded by {run}",
        "make one: "
        + command("embed", collection.source, "-m", run, "-i", _beside(collection, name)),
        usage=True,
    )


def ensemble(collection: Collection, selection: Selection, runs: Sequence[Path]) -> Ensemble:
    """Average the probabilities of several runs' heads over the queries of a selection.

    Raises:
        ArtvecError: Fewer than two runs, a run without a head, or one that embedded other pictures.
    """
    if len({run.resolve() for run in runs}) < 2:
        raise ArtvecError(
            "an ensemble needs two runs or more",
            "name each: --ensemble runs/A --ensemble runs/B",
            usage=True,
        )
    hashes = content_hashes(collection, selection.queries)
    heads, vectors, folders = [], [], []
    for run in runs:
        head = run_head(run)
        if head is None:
            raise ArtvecError(
                f"{run} has no head, so it gives no probabilities",
                "name runs that artvec train has written",
                usage=True,
            )
        member = embedded_by(run, collection)
        heads.append(head)
        vectors.append(rows_of(member, _rows(member, hashes)))
        folders.append(member.folder.resolve())
    classes = class_names(selection.classes, heads)
    each = [class_scores(head, of, classes) for head, of in zip(heads, vectors, strict=True)]
    members = tuple(
        Member(run, folder, _accuracy(scores, selection))
        for run, folder, scores in zip(runs, folders, each, strict=True)
    )
    return Ensemble(Scores(classes, _averaged(each)), members)


def side_by_side(
    collection: Collection, selection: Selection, others: Sequence[Collection]
) -> Vectors:
    """Return the vectors of several collections side by side, matched by content.

    Args:
        collection: Without others, its vectors come as emitted.
        selection: Its rows.
        others: Hold the same pictures.

    Raises:
        ArtvecError: A collection lacks some of the pictures.
    """
    own = gathered(collection, selection)
    if not others:
        return own
    parts = [own]
    for other in others:
        sides = (selection.gallery, selection.queries, selection.val)
        rows = (_rows(other, content_hashes(collection, side)) for side in sides)
        parts.append(Vectors(*(rows_of(other, side) for side in rows)))
    return concatenated(parts)


def other_collection(name: str, collection: Collection) -> Collection:
    """Open a collection by its name, its path, or the run that embedded it.

    Raises:
        ArtvecError: There is none.
    """
    if (Path(name) / "run.json").is_file():
        return embedded_by(Path(name), collection)
    return open_collection(locate.existing(name, command="artvec eval --concat"))


def _is_of(manifest: Manifest, run: Path) -> bool:
    return Path(str(manifest.request.get("name", ""))).resolve() == run.resolve()


def _beside(collection: Collection, name: str) -> str:
    """Spell a new collection's place as it can be typed."""
    under_root = collection.folder.resolve().parent == locate.root().resolve()
    return name if under_root else str(collection.folder.parent / name)


def _rows(member: Collection, hashes: Sequence[bytes]) -> Int64Array:
    rows = same_pictures(member, hashes)
    missing = int(np.count_nonzero(rows < 0))
    if missing:
        raise ArtvecError(
            f"{member.folder} lacks {missing:,} of the {len(rows):,} pictures",
            "bring it up to date: " + command("embed", member.source, "-i", member.folder),
        )
    return rows


def _averaged(each: Sequence[Float32Array]) -> Float32Array:
    """Average (Q, C) probabilities; a head gives 0 to classes that it doesn't know."""
    stacked = np.stack(each)  # (R, Q, C)
    known = np.isfinite(stacked)
    means = np.where(known, stacked, 0.0).mean(axis=0)
    averaged: Float32Array = np.where(known.any(axis=0), means, -np.inf).astype(np.float32)
    return averaged


def _accuracy(scores: Float32Array, selection: Selection) -> Interval:
    hits = top_k_hits(scores, selection.query_labels, 1)
    return interval(hits, selection.query_groups)
