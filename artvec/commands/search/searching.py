"""The search itself: check, choose rows, find the queries' pictures, encode, rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from artvec.collection.column_names import known_columns, no_column
from artvec.collection.reader import Collection, open_collection
from artvec.commands.search.hits import find_hits
from artvec.commands.search.queries import QueryInput, resolve
from artvec.commands.search.query_vectors import collection_encoder, encode, mean_query
from artvec.commands.search.search_results import SearchOptions, SearchReport
from artvec.core.errors import ArtvecError, command
from artvec.core.types import BoolArray
from artvec.encoding.setup import ReadyEncoder


def search_collection(
    folder: Path, queries: Sequence[str], options: SearchOptions | None = None
) -> SearchReport:
    """Open a collection and find the rows most similar to each query; see `search_rows`."""
    return search_rows(open_collection(folder), queries, options or SearchOptions())


def search_rows(
    collection: Collection,
    queries: Sequence[QueryInput],
    options: SearchOptions,
    get_encoder: Callable[[], ReadyEncoder] | None = None,
) -> SearchReport:
    """Find the rows most similar to each query.

    Args:
        collection: An opened one.
        queries: Image files, folders of them, or paths of rows (an existing file comes first);
            images, (H, W, 3) uint8 arrays, (dim,) vectors.
        options: See `SearchOptions`.
        get_encoder: Gives the collection's encoder where a picture has to be encoded; None to
            make it ready anew.

    Raises:
        ArtvecError: An empty or damaged collection, k below 1, a condition or a column that is
            not understood, an array of another shape, or an encoder that can't be had.
    """
    if options.k < 1:
        raise ArtvecError(f"-k {options.k} asks for no hits", "give -k 1 or more", usage=True)
    folder = collection.folder
    if collection.rows == 0:
        hint = f"embed pictures: {command('embed', 'SOURCE', '-i', folder)}"
        raise ArtvecError(f"{folder} is empty", hint)
    _check_columns(collection, options.show)
    chosen = None if options.where is None else _chosen(collection, options.where)
    resolved = resolve(collection, queries, decode_rows=options.crop is not None)
    get_encoder = get_encoder or partial(collection_encoder, collection, options.encoder)
    answer = encode(collection, resolved.asked, options, get_encoder)
    prepared = mean_query(answer.queries) if options.combine else answer.queries
    found = find_hits(collection, prepared, options, chosen)
    return SearchReport(
        index=folder.resolve(),
        k=options.k,
        queries=found.queries,
        errors=(*resolved.errors, *answer.errors),
        searched=collection.rows if chosen is None else int(np.count_nonzero(chosen)),
        show=options.show,
        notes=(*answer.notes, *_chosen_notes(chosen), *found.notes),
    )


def _check_columns(collection: Collection, show: Sequence[str]) -> None:
    known = known_columns(collection)
    for name in show:
        if name not in known:
            raise no_column(name, known)


def _chosen(collection: Collection, condition: str) -> BoolArray:
    # pyarrow's functions take a search without a condition a thirtieth of a second to import.
    from artvec.collection.where import rows_meeting

    return rows_meeting(collection, condition)


def _chosen_notes(chosen: BoolArray | None) -> tuple[str, ...]:
    if chosen is None:
        return ()
    count = int(np.count_nonzero(chosen))
    some = f"{count:,} of {len(chosen):,} rows meet the condition"
    return (some if count else f"{some}: there is nothing to find",)
