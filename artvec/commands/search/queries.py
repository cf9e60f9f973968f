"""From what a user typed to pictures: files, folders of them, rows of the collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from artvec.collection.reader import Collection, columns, rows_spelled_alike, rows_where
from artvec.commands.search.search_results import QueryError
from artvec.core.errors import ArtvecError
from artvec.core.types import Float32Array, Sample, Skipped
from artvec.images.find import (
    Found,
    file_of,
    find_images,
    readable,
    sample_of,
)
from artvec.images.in_memory import ImageInput, sample_in_memory, unused_names

QueryInput = ImageInput
"""What can be searched by; see `search_rows`."""


@dataclass(frozen=True, slots=True)
class QuerySource:
    """A query on its way.

    Attributes:
        text: As it was given, or what one in memory is called; its identity among the queries.
        file: Of its picture; None where it has none.
        sample: The picture to encode; None where a vector is there already.
        row: The row it is known to be.
        vector: (dim,) float32, where it was given.
    """

    text: str
    file: Path | None
    sample: Sample | None = None
    row: int | None = None
    vector: Float32Array | None = None


@dataclass(frozen=True, slots=True)
class QuerySources:
    """Queries whose picture was found, in the order given, and the others."""

    asked: tuple[QuerySource, ...]
    errors: tuple[QueryError, ...]


def resolve(
    collection: Collection, queries: Sequence[QueryInput], *, decode_rows: bool
) -> QuerySources:
    """Find the pictures of queries.

    Args:
        collection: Its rows can be named by their paths.
        queries: See `search_rows`.
        decode_rows: Rows are to be encoded from their files, too.

    Raises:
        ArtvecError: An array is neither an image nor a vector of the collection's width.
    """
    asked: list[QuerySource] = []
    errors: list[QueryError] = []
    names = unused_names(queries, "query")
    for query in queries:
        if not isinstance(query, str | PathLike):
            one = _in_memory(query, next(names), collection.manifest.encoder.dim)
            if decode_rows and one.vector is not None:
                raise ArtvecError("a vector has no part", "crop pictures alone", usage=True)
            asked.append(one)
            continue
        text = str(query)
        try:
            found = _pictures(text)
            row = row_of_path(collection, text) if found is None else None
            if found is not None:
                asked += [QuerySource(s.file, Path(s.file), s) for s in found.samples]
                errors += [QueryError(s.path, s.stage, s.reason, s.message) for s in found.skipped]
            elif row is not None:
                asked.append(_row(collection, text, row, decode=decode_rows))
            else:
                message = f"no such file, and no row of the collection has this path{_blank(text)}"
                errors.append(QueryError(text, "find", "vanished", message))
        except FileNotFoundError as error:
            message = f"the row's picture {error.filename} is gone"
            errors.append(QueryError(text, "find", "vanished", message))
        except OSError as error:
            message = error.strerror or str(error)
            errors.append(QueryError(text, "find", "unreadable", message))
        except ArtvecError as error:
            errors.append(QueryError(text, "find", "unreadable", error.message))
    return QuerySources(tuple(asked), tuple(errors))


def own_rows(
    collection: Collection, asked: QuerySource, content_hash: bytes | None
) -> frozenset[int]:
    """Return the rows that are the query itself: by its file, else by its bytes."""
    if asked.row is not None:
        return frozenset({asked.row})
    if asked.file is None:
        return frozenset()
    # As it was given first: a link inside the source is a row of its own.
    source, absolute = collection.source, asked.file.parent.resolve() / asked.file.name
    for file in (absolute, asked.file.resolve()):
        if file.is_relative_to(source):
            number = row_of_path(collection, file.relative_to(source).as_posix())
            if number is not None:
                return frozenset({number})
    return frozenset(rows_where(collection, "content_hash", content_hash))


def row_of_path(collection: Collection, path: str) -> int | None:
    """Return the number of the row with a path, spelled by the operating system or as shown.

    Where none has it exactly, it is the only row whose path is this one in another Unicode form.
    """
    exact = min(rows_where(collection, "path", readable(path)), default=None)
    if exact is not None or path.isascii():
        return exact
    alike = rows_spelled_alike(collection, "path", readable(path))
    return alike.pop() if len(alike) == 1 else None


def _in_memory(query: Image.Image | npt.NDArray[Any], name: str, dim: int) -> QuerySource:
    if isinstance(query, np.ndarray) and query.ndim == 1:
        if query.shape != (dim,) or query.dtype.kind not in "fiu" or not np.isfinite(query).all():
            raise ArtvecError(
                f"a vector of shape {query.shape} and type {query.dtype} can't be searched by",
                f"give finite numbers of shape ({dim},), as the collection's encoder makes them",
                usage=True,
            )
        return QuerySource(name, None, vector=query.astype(np.float32))
    sample = sample_in_memory(query, name)
    return QuerySource(name, Path(sample.file) if sample.file else None, sample)


def _blank(text: str) -> str:
    """Point out what the eye misses."""
    return "" if text == text.strip() else "; it begins or ends with a blank"


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


def _row(collection: Collection, text: str, row: int, *, decode: bool) -> QuerySource:
    file = file_of(collection.source, columns(collection, ["path"])["path"][row].as_py())
    return QuerySource(text, file, sample_of(file) if decode else None, row)
