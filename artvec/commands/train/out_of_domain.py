"""What training costs out of domain: labelled images that a run never learns from.

Every picture is a query against all others of its collection, its own row left out by row id.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artvec.collection.reader import Collection, columns
from artvec.commands.train.inspection import Rows, figures_of_split
from artvec.commands.train.train_report import SplitFigures
from artvec.core.errors import ArtvecError, command
from artvec.core.files import sha256_of
from artvec.core.types import EncoderIdentity, Float32Array, Int64Array, Sample
from artvec.core.wording import counted
from artvec.evaluation import group_codes, rows_of
from artvec.images.find import file_of

Embed = Callable[[Sequence[Sample]], Float32Array]
"""Pictures to (N, D) float32 vectors, row by row."""


@dataclass(frozen=True)
class Watched:
    """The pictures of a watched collection that can be judged.

    Attributes:
        name: Of the collection.
        samples: N files, as they were when they were embedded.
        labels: (N,) class codes.
        groups: (N,) group codes, None without groups.
        vectors: (N, D) float32, of the backbone that the run begins with.
        notes: What was left out, in plain words.
    """

    name: str
    samples: tuple[Sample, ...]
    labels: Int64Array
    groups: Int64Array | None
    vectors: Float32Array
    notes: tuple[str, ...]


def watched(
    collection: Collection, start: EncoderIdentity, trained_hashes: Container[bytes], embed: Embed
) -> Watched:
    """Choose the pictures of a collection that can be watched, the same ones for the whole run.

    Left out are rows without a label, rows whose file is gone or no longer what was embedded, and
    pictures that the run knows: learned from, chosen by, or tested on.

    Args:
        collection: Labelled; any encoder.
        start: Of the backbone that the run begins with.
        trained_hashes: Content hashes of the run's own pictures.
        embed: With that backbone, for collections of another encoder.

    Raises:
        ArtvecError: What is left has fewer than two labels.
    """
    table = columns(collection, ["path", "label", "size_bytes", "mtime_ns", "content_hash"])
    records = table.to_pylist()
    labelled = [row for row, record in enumerate(records) if record["label"] is not None]
    foreign = [row for row in labelled if records[row]["content_hash"] not in trained_hashes]
    samples = {row: _sample(collection, records[row]) for row in foreign}
    readable = [row for row in foreign if _is_there(samples[row], records[row]["content_hash"])]
    name = collection.folder.resolve().name
    names = sorted({records[row]["label"] for row in readable})
    codes = {label: code for code, label in enumerate(names)}
    notes = _notes(name, len(labelled) - len(foreign), len(foreign) - len(readable))
    if len(names) < 2:
        raise _too_few(collection, len(names), notes)
    rows = np.array(readable, dtype=np.int64)
    readable_samples = tuple(samples[row] for row in readable)
    own = collection.manifest.encoder == start
    column = collection.manifest.group_column
    return Watched(
        name=name,
        samples=readable_samples,
        labels=np.array([codes[records[row]["label"]] for row in readable], dtype=np.int64),
        groups=None if column is None else group_codes(collection, column)[rows],
        vectors=rows_of(collection, rows) if own else embed(readable_samples),
        notes=notes,
    )


def after(given: Watched, vectors: Float32Array) -> SplitFigures:
    """Judge (N, D) vectors of the watched pictures, as some weights emit them."""
    rows = Rows(vectors, given.labels, given.groups)
    return figures_of_split(rows, rows, own_places=np.arange(len(vectors)))


def _sample(collection: Collection, record: dict[str, object]) -> Sample:
    path, size_bytes, mtime_ns = (record[name] for name in ("path", "size_bytes", "mtime_ns"))
    assert isinstance(path, str) and isinstance(size_bytes, int) and isinstance(mtime_ns, int)
    return Sample(path, str(file_of(collection.source, path)), size_bytes, mtime_ns)


def _is_there(sample: Sample, digest: bytes) -> bool:
    """Say whether a file is what was embedded, so that it will be decoded as it was then."""
    try:
        return sha256_of(Path(sample.file)) == digest.hex()
    except OSError:
        return False


def _notes(name: str, known: int, gone: int) -> tuple[str, ...]:
    notes = []
    if known:
        those = counted(known, "picture")
        notes.append(f"{name}: left out {those} that are also pictures of this run")
    if gone:
        those = counted(gone, "picture")
        notes.append(f"{name}: left out {those} whose file is gone or has changed since embedding")
    return tuple(notes)


def _too_few(collection: Collection, labels: int, notes: Sequence[str]) -> ArtvecError:
    what = f"{collection.folder} can't be watched: {counted(labels, 'label')} where two are needed"
    return ArtvecError(
        "; ".join([what, *notes]),
        "watch a labelled collection of other pictures, or bring this one up to date: "
        + command("embed", collection.source, "-i", collection.folder),
        usage=True,
    )
