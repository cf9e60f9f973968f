"""The verb `search`: the rows of a collection most similar to given pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from artvec.collection.reader import Collection, blocks, open_collection, row, rows_where, vector
from artvec.collection.settings import stored_request
from artvec.encoder_setup import encoder_for
from artvec.errors import ArtvecError
from artvec.extract import Clock, Embedded, ExtractOptions, extract
from artvec.faiss_index import exact_search
from artvec.images.find import Found, file_of, find_images, readable, sample_of
from artvec.shards import FloatArray
from artvec.types import AUTO, EncoderOptions, Sample, Skipped


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What `artvec search` can be told.

    Attributes:
        k: Hits a query.
        exclude_self: Leave a query's own row out: the row whose file it is, or, for a picture
            from elsewhere, rows with the very same bytes.
        encoder: Engine, device, precision.
    """

    k: int = 5
    exclude_self: bool = False
    encoder: EncoderOptions = AUTO


@dataclass(frozen=True, slots=True)
class Hit:
    """A row similar to a query.

    Attributes:
        rank: From 1.
        path: Of the row.
        file: Where the picture is.
        score: Cosine similarity, -1 to 1.
        label: Of the row.
        metadata: The user's columns.
    """

    rank: int
    path: str
    file: Path
    score: float
    label: str | None
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class QueryHits:
    """A query as it was given, its picture, and its hits, best first."""

    query: str
    file: Path
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class QueryError:
    """A query that yields no hits, and why."""

    query: str
    stage: str
    reason: str
    message: str


@dataclass(frozen=True)
class SearchReport:
    """What a search found."""

    index: Path
    k: int
    queries: tuple[QueryHits, ...]
    errors: tuple[QueryError, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Query:
    """A query on its way: a picture to encode, or a row whose vector is stored."""

    text: str
    file: Path
    sample: Sample | None = None
    row: int | None = None
    vector: FloatArray | None = None
    content_hash: bytes | None = None


def search(
    folder: Path, queries: Sequence[str], options: SearchOptions | None = None
) -> SearchReport:
    """Find the rows most similar to each query.

    Args:
        folder: The collection.
        queries: Image files, folders of them, or paths of rows; an existing file comes first.
        options: See `SearchOptions`.

    Raises:
        ArtvecError: An empty or damaged collection, k below 1, or an encoder that can't be had.
    """
    options = options or SearchOptions()
    if options.k < 1:
        raise ArtvecError(f"-k {options.k} asks for no hits", "give -k 1 or more", usage=True)
    collection = open_collection(folder)
    if collection.rows == 0:
        raise ArtvecError(f"{folder} is empty", f"embed pictures: artvec embed SOURCE -i {folder}")
    asked, errors = _resolve(collection, queries)
    notes = _encode(collection, asked, errors, options)
    answered = [query for query in asked if query.vector is not None]
    found = _hits(collection, answered, options) if answered else ()
    return SearchReport(folder.resolve(), options.k, found, tuple(errors), notes)


def _resolve(
    collection: Collection, queries: Sequence[str]
) -> tuple[list[_Query], list[QueryError]]:
    asked: list[_Query] = []
    errors: list[QueryError] = []
    for text in queries:
        try:
            found = _pictures(text)
        except (OSError, ArtvecError) as error:
            errors.append(QueryError(text, "find", "unreadable", str(error)))
            continue
        if found is not None:
            asked += [_Query(s.file, Path(s.file), sample=s) for s in found.samples]
            errors += [QueryError(s.path, s.stage, s.reason, s.message) for s in found.skipped]
        elif (number := _row_of_path(collection, text)) is not None:
            stored = vector(collection, number)
            picture = file_of(collection.source, text)
            asked.append(_Query(text, picture, row=number, vector=stored))
        else:
            message = "no such file, and no row of the collection has this path"
            errors.append(QueryError(text, "find", "vanished", message))
    return asked, errors


def _pictures(text: str) -> Found | None:
    """Return the pictures a query names as a file or folder; None where it is neither."""
    file = Path(text)
    if file.is_dir():
        found = find_images(file)
        if not found.samples and not found.skipped:
            gone = Skipped(text, "find", "vanished", "no images in this folder", 0, 0)
            return Found((), (gone,))
        skipped = tuple(replace(s, path=f"{text.rstrip('/')}/{s.path}") for s in found.skipped)
        return Found(found.samples, skipped)
    if file.is_file():
        return Found((replace(sample_of(file), file=text),), ())
    return None


def _encode(
    collection: Collection,
    asked: list[_Query],
    errors: list[QueryError],
    options: SearchOptions,
) -> tuple[str, ...]:
    """Give every picture its vector, by the collection's own encoder and decode path."""
    pictures = [query for query in asked if query.sample is not None]
    if not pictures:
        return ()
    manifest = collection.manifest
    ready = encoder_for(manifest.encoder, stored_request(manifest), options.encoder)
    decode = manifest.recorded.get("decode", "fast")
    samples = [replace(q.sample, path=str(n)) for n, q in enumerate(pictures) if q.sample]
    for outcome in extract(samples, ready.encoder, ExtractOptions(decode=decode), Clock()):
        if isinstance(outcome, Embedded):
            for sample, fingerprint, found in zip(
                outcome.samples, outcome.fingerprints, outcome.vectors, strict=True
            ):
                query = pictures[int(sample.path)]
                query.vector, query.content_hash = found, fingerprint.content_hash
        elif isinstance(outcome, Skipped):
            text = pictures[int(outcome.path)].text
            errors.append(QueryError(text, outcome.stage, outcome.reason, outcome.message))
    return (*ready.notes, *_precision_note(collection, ready.encoder.precision))


def _hits(
    collection: Collection, answered: list[_Query], options: SearchOptions
) -> tuple[QueryHits, ...]:
    own = [_own_rows(collection, q) if options.exclude_self else set() for q in answered]
    k = min(options.k + max(map(len, own)), collection.rows)
    vectors = np.stack([np.asarray(q.vector, dtype=np.float32) for q in answered])  # (Q, dim)
    matches = exact_search(blocks(collection), vectors, k)
    results = []
    for query, mine, rows, scores in zip(answered, own, matches.rows, matches.scores, strict=True):
        kept = [(int(n), float(s)) for n, s in zip(rows, scores, strict=True) if n not in mine]
        hits = [_hit(collection, at, n, s) for at, (n, s) in enumerate(kept[: options.k], 1)]
        results.append(QueryHits(query.text, query.file, tuple(hits)))
    return tuple(results)


def _hit(collection: Collection, rank: int, number: int, score: float) -> Hit:
    record = row(collection, number)
    metadata = {name: record[name] for name in collection.manifest.columns}
    path = record["path"]
    # Rounding can leave a cosine a hair outside its range.
    bounded = max(-1.0, min(1.0, score))
    return Hit(rank, path, file_of(collection.source, path), bounded, record["label"], metadata)


def _own_rows(collection: Collection, query: _Query) -> set[int]:
    """Return the rows that are the query itself: by its file, else by its bytes."""
    if query.row is not None:
        return {query.row}
    # As it was given first: a link inside the source is a row of its own.
    source, absolute = collection.source, query.file.parent.resolve() / query.file.name
    for file in (absolute, query.file.resolve()):
        if file.is_relative_to(source):
            number = _row_of_path(collection, readable(file.relative_to(source).as_posix()))
            if number is not None:
                return {number}
    return rows_where(collection, "content_hash", query.content_hash)


def _row_of_path(collection: Collection, path: str) -> int | None:
    return min(rows_where(collection, "path", readable(path)), default=None)


def _precision_note(collection: Collection, precision: str) -> tuple[str, ...]:
    recorded = collection.manifest.recorded.get("precision", precision)
    if recorded == precision:
        return ()
    return (f"the collection was made in {recorded}, this query is encoded in {precision}",)
