"""Queries to vectors, by the collection's own encoder and decode path; several to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from artvec.collection.reader import Collection, vector
from artvec.collection.settings import stored_request
from artvec.commands.search.queries import Asked, own_rows
from artvec.commands.search.search_results import Picture, QueryError, SearchOptions
from artvec.core.types import Fingerprint, Float32Array, Skipped
from artvec.encoding.extraction import Clock, Embedded, ExtractOptions, extract
from artvec.encoding.setup import ReadyEncoder, encoder_for
from artvec.images.detail import Detail
from artvec.vector_search import unit_rows


@dataclass(frozen=True)
class Query:
    """A query ready to search with.

    Attributes:
        text: As it was given.
        pictures: What it was made from.
        vector: (dim,) float32, not normalised.
        own: Rows that are the query itself; empty unless they are to be left out.
    """

    text: str
    pictures: tuple[Picture, ...]
    vector: Float32Array
    own: frozenset[int]


@dataclass(frozen=True)
class Encoded:
    """Queries in the order given, those that have no vector, and what a user should be told."""

    queries: tuple[Query, ...]
    errors: tuple[QueryError, ...] = ()
    notes: tuple[str, ...] = ()


def encode(collection: Collection, asked: Sequence[Asked], options: SearchOptions) -> Encoded:
    """Give every query its vector: a row's stored one, or its picture's.

    Raises:
        ArtvecError: The collection's encoder can't be had.
    """
    samples = [replace(a.sample, path=str(at)) for at, a in enumerate(asked) if a.sample]
    if not samples:
        return Encoded(tuple(_query(collection, one, None, options) for one in asked))
    manifest = collection.manifest
    ready = encoder_for(manifest.encoder, stored_request(manifest), options.encoder)
    extraction = ExtractOptions(manifest.recorded.get("decode", "fast"), detail=options.crop)
    vectors: dict[int, tuple[Float32Array, Fingerprint]] = {}
    errors: list[QueryError] = []
    for outcome in extract(samples, ready.encoder, extraction, Clock()):
        if isinstance(outcome, Embedded):
            made = zip(outcome.vectors, outcome.fingerprints, strict=True)
            vectors |= zip((int(s.path) for s in outcome.samples), made, strict=True)
        elif isinstance(outcome, Skipped):
            text = asked[int(outcome.path)].text
            errors.append(QueryError(text, outcome.stage, outcome.reason, outcome.message))
    queries = (
        _query(collection, one, vectors.get(at), options)
        for at, one in enumerate(asked)
        if one.sample is None or at in vectors
    )
    notes = (*ready.notes, *_precision_note(collection, ready))
    return Encoded(tuple(queries), tuple(errors), notes)


def combined(queries: Sequence[Query]) -> tuple[Query, ...]:
    """Make one query of several: the mean of their unit vectors, so that each counts the same.

    Source: relevance feedback by the mean of relevant items (Rocchio 1971), in image retrieval
    average query expansion (Chum et al. 2007).
    """
    if len(queries) < 2:
        return tuple(queries)
    first, *others = (query.text for query in queries)
    text = " + ".join((first, *others)) if len(others) < 3 else f"{first} + {len(others)} more"
    units = unit_rows(np.stack([query.vector for query in queries]))  # (Q, dim)
    own = frozenset[int]().union(*(query.own for query in queries))
    pictures = tuple(picture for query in queries for picture in query.pictures)
    return (Query(text, pictures, units.mean(axis=0), own),)


def _query(
    collection: Collection,
    asked: Asked,
    made: tuple[Float32Array, Fingerprint] | None,
    options: SearchOptions,
) -> Query:
    content_hash = None
    picture = Picture(asked.text, asked.file)
    if made is not None:
        found, fingerprint = made
        content_hash = fingerprint.content_hash
        picture = _cropped(picture, fingerprint, options.crop)
    else:
        assert asked.row is not None
        found = np.asarray(vector(collection, asked.row), dtype=np.float32)
    own = own_rows(collection, asked, content_hash) if options.exclude_self else frozenset()
    return Query(asked.text, (picture,), found, own)


def _cropped(picture: Picture, fingerprint: Fingerprint, crop: Detail | None) -> Picture:
    if crop is None:
        return picture
    size = (fingerprint.width, fingerprint.height)
    left, top, right, bottom = crop.box(*size)
    return replace(picture, crop=(left, top, right - left, bottom - top), size=size)


def _precision_note(collection: Collection, ready: ReadyEncoder) -> tuple[str, ...]:
    now = ready.encoder.precision
    recorded = collection.manifest.recorded.get("precision", now)
    if recorded == now:
        return ()
    return (f"the collection was made in {recorded}, this query is encoded in {now}",)
