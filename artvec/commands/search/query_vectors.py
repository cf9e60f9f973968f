"""Queries to vectors, by the collection's own encoder and decode path; several to one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from artvec.collection.encoder_request import stored_request
from artvec.collection.reader import Collection, vector
from artvec.commands.search.queries import QuerySource, own_rows
from artvec.commands.search.search_results import Picture, QueryError, SearchOptions
from artvec.core.types import EncoderOptions, Fingerprint, Float32Array, Skipped
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
class EncodedQueries:
    """Queries in the order given, those that have no vector, and notes for the user."""

    queries: tuple[Query, ...]
    errors: tuple[QueryError, ...] = ()
    notes: tuple[str, ...] = ()


def collection_encoder(collection: Collection, options: EncoderOptions) -> ReadyEncoder:
    """Return the encoder that a collection was made with.

    Raises:
        ArtvecError: It can't be had; see `encoder_for`.
    """
    manifest = collection.manifest
    return encoder_for(manifest.encoder, stored_request(manifest), options)


def encode(
    collection: Collection,
    asked: Sequence[QuerySource],
    options: SearchOptions,
    get_encoder: Callable[[], ReadyEncoder],
) -> EncodedQueries:
    """Give every query its vector: its own, a row's stored one, or its picture's.

    Args:
        collection: What is searched.
        asked: Two of the same text are the same query.
        options: See `SearchOptions`.
        get_encoder: Is called where a picture has to be encoded.

    Raises:
        ArtvecError: The collection's encoder can't be had.
    """
    samples = {one.text: replace(one.sample, path=one.text) for one in asked if one.sample}
    vectors: dict[str, tuple[Float32Array, Fingerprint]] = {}
    failures: dict[str, Skipped] = {}
    notes: tuple[str, ...] = ()
    if samples:
        ready = get_encoder()
        notes = (*ready.notes, *_precision_note(collection, ready))
        mode = collection.manifest.recorded.get("decode", "fast")
        extraction = ExtractOptions(mode, detail=options.crop)
        for outcome in extract(samples.values(), ready.encoder, extraction, Clock()):
            if isinstance(outcome, Embedded):
                made = zip(outcome.vectors, outcome.fingerprints, strict=True)
                vectors |= zip((sample.path for sample in outcome.samples), made, strict=True)
            elif isinstance(outcome, Skipped):
                failures[outcome.path] = outcome
    assert samples.keys() == vectors.keys() | failures.keys()
    return EncodedQueries(
        queries=tuple(
            _query(collection, one, vectors.get(one.text), options)
            for one in asked
            if one.text not in failures
        ),
        errors=tuple(
            QueryError(one.text, why.stage, why.reason, why.message)
            for one in asked
            if (why := failures.get(one.text))
        ),
        notes=notes,
    )


def mean_query(queries: Sequence[Query]) -> tuple[Query, ...]:
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
    asked: QuerySource,
    made: tuple[Float32Array, Fingerprint] | None,
    options: SearchOptions,
) -> Query:
    content_hash = None
    image = asked.sample.image if asked.sample else None
    picture = Picture(asked.text, asked.file, image=image)
    if made is not None:
        found, fingerprint = made
        content_hash = fingerprint.content_hash
        picture = _cropped(picture, fingerprint, options.crop)
    elif asked.vector is not None:
        return Query(asked.text, (), asked.vector, frozenset())
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
