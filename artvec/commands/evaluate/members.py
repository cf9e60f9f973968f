"""Several encoders over the same pictures: their collections found, their rows matched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artvec.collection import locate
from artvec.collection.manifest import MANIFEST, Manifest, read_manifest
from artvec.collection.reader import Collection, open_collection, source_of
from artvec.commands.evaluate.evaluation_report import Member
from artvec.core.errors import ArtvecError, command, mistyped
from artvec.core.results import Interval
from artvec.core.types import Float32Array, Int64Array
from artvec.encoding.backbones import is_run
from artvec.evaluation import (
    Scores,
    Selection,
    Vectors,
    concatenate,
    content_hashes,
    gather_vectors,
    rows_of,
    same_pictures,
)
from artvec.evaluation.stored_heads import class_names, class_scores, run_head
from artvec.metrics.bootstrap import interval
from artvec.metrics.probe import top_k_hits


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
    if _is_of(collection.manifest, run):
        return collection
    for folder, manifest in _of_same_source(collection):
        if _is_of(manifest, run):
            return open_collection(folder)
    name = f"{collection.folder.resolve().name}-{run.resolve().name}"
    raise ArtvecError(
        f"no collection here holds {collection.source} embedded by {run}",
        "make one: "
        + command("embed", collection.source, "-m", run, "-i", _beside(collection, name)),
        usage=True,
    )


def check_runs(collection: Collection, runs: Sequence[Path]) -> None:
    """Make sure that an ensemble's runs can be runs.

    Raises:
        ArtvecError: Fewer than two, or a path without `run.json`.
    """
    for run in runs:
        if not (run / "run.json").is_file():
            raise ArtvecError(
                f"{run} is no run directory: there is no {run / 'run.json'}",
                _runs_of(collection),
                usage=True,
            )
    if len({run.resolve() for run in runs}) == 1:
        raise ArtvecError("an ensemble needs two runs or more", _runs_of(collection), usage=True)


def ensemble(collection: Collection, selection: Selection, runs: Sequence[Path]) -> Ensemble:
    """Average the probabilities of several runs' heads over the queries of a selection.

    Raises:
        ArtvecError: A run without a head, or one that embedded other pictures.
    """
    hashes = content_hashes(collection, selection.queries)
    heads, vectors, folders = [], [], []
    for run in runs:
        head = run_head(run)
        if head is None:
            raise ArtvecError(
                f"{run} has no head for embeddings, so it gives no probabilities",
                "name runs that artvec train has written",
                usage=True,
            )
        member = embedded_by(run, collection)
        heads.append(head)
        vectors.append(rows_of(member, _rows(member, hashes, collection)))
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
    own = gather_vectors(collection, selection)
    if not others:
        return own
    parts = [own]
    for other in others:
        sides = (selection.gallery, selection.queries, selection.val)
        rows = (_rows(other, content_hashes(collection, side), collection) for side in sides)
        parts.append(Vectors(*(rows_of(other, side) for side in rows)))
    return concatenate(parts)


def other_collection(name: str, collection: Collection) -> Collection:
    """Open a collection by its name, its path, or the run that embedded it.

    Raises:
        ArtvecError: There is none.
    """
    if (Path(name) / "run.json").is_file():
        return embedded_by(Path(name), collection)
    folder = locate.named(name)
    if not (folder / MANIFEST).is_file():
        raise mistyped(
            f"there is no collection at {folder}",
            name,
            [place.name for place in locate.collections()],
            otherwise=_to_concatenate(collection),
        )
    return open_collection(folder)


def _of_same_source(collection: Collection) -> Iterator[tuple[Path, Manifest]]:
    """Yield the other collections of the same pictures' folder."""
    for folder in locate.neighbours(collection.folder):
        try:
            manifest = read_manifest(folder)
        except ArtvecError:
            continue  # a damaged neighbour is its owner's affair
        if source_of(folder, manifest) == collection.source:
            yield folder, manifest


def _to_concatenate(collection: Collection) -> str:
    """Offer another collection of the same pictures, or how to make one."""
    other = next((folder for folder, _ in _of_same_source(collection)), None)
    if other is not None:
        place = other.name if other.parent == locate.root().resolve() else other
        return f"type: {command('eval', '-i', collection.folder, '--concat', place)}"
    plain = collection.manifest.encoder.layer == "pixels"
    model = "tf_efficientnet_lite0" if plain else "colour:4x4"
    name = f"{collection.folder.resolve().name}-{model.partition(':')[0]}"
    place = _beside(collection, name)
    made = command("embed", collection.source, "-m", model, "-i", place)
    return f"make another of the same pictures: {made}"


def _runs_of(collection: Collection) -> str:
    """Offer the runs that embedded the same pictures, or say how they come to be known."""
    manifests = [collection.manifest, *(manifest for _, manifest in _of_same_source(collection))]
    names = dict.fromkeys(str(manifest.request.get("name", "")) for manifest in manifests)
    runs = [name for name in names if is_run(name) and (Path(name) / "run.json").is_file()]
    if len(runs) > 1:
        words = [word for run in runs for word in ("--ensemble", run)]
        return f"type: {command('eval', '-i', collection.folder, *words)}"
    name = _beside(collection, "NAME")
    return "give two folders with run.json and head.safetensors that embedded these pictures: " + (
        command("embed", collection.source, "-m", "RUN", "-i", name)
    )


def _is_of(manifest: Manifest, run: Path) -> bool:
    return Path(str(manifest.request.get("name", ""))).resolve() == run.resolve()


def _beside(collection: Collection, name: str) -> str:
    """Spell a new collection's place as it can be typed."""
    under_root = collection.folder.resolve().parent == locate.root().resolve()
    return name if under_root else str(collection.folder.parent / name)


def _rows(member: Collection, hashes: Sequence[bytes], collection: Collection) -> Int64Array:
    """Find a collection's pictures, given by their hashes, in another one."""
    rows = same_pictures(member, hashes)
    missing = int(np.count_nonzero(rows < 0))
    if missing and member.source != collection.source:
        raise ArtvecError(
            f"{member.folder} is of other pictures than {collection.folder}: {member.source} "
            f"lacks {missing:,} of {len(rows):,}",
            _to_concatenate(collection),
            usage=True,
        )
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
