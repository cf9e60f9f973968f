"""What a search takes, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from artvec.collection.column_names import ROW_COLUMNS
from artvec.core.types import AUTO, EncoderOptions
from artvec.images.detail import Detail


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """The options of `artvec search`.

    Attributes:
        k: Hits a query.
        exclude_self: Leave a query's own row out: the row whose file it is, or, for a picture
            from elsewhere, rows with the very same bytes.
        unique: Rows that show the same picture appear once, the best one.
        where: Only rows that meet this condition are searched: see `collection.where`.
        show: Columns that tables and pages show with every hit.
        crop: The part of every query to search by; None for the whole.
        combine: All queries become one: the mean of their unit vectors.
        encoder: Engine, device, precision.
        exact: Scan every row, whatever index there is.
    """

    k: int = 5
    exclude_self: bool = False
    unique: bool = False
    where: str | None = None
    show: tuple[str, ...] = ()
    crop: Detail | None = None
    combine: bool = False
    encoder: EncoderOptions = AUTO
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A row similar to a query.

    Attributes:
        rank: From 1.
        row: Its number in the collection.
        path: Of the row.
        file: Where the picture is.
        score: Cosine similarity, -1 to 1.
        label: Of the row.
        metadata: The user's columns; one that holds NaN or infinity is absent.
        split: Of the row.
        width: As displayed.
        height: As displayed.
        size_bytes: Of the file when it was embedded.
        duplicates: With `unique`, paths of the other rows that show this picture.
    """

    rank: int
    row: int
    path: str
    file: Path
    score: float
    label: str | None
    metadata: Mapping[str, Any]
    split: str | None
    width: int
    height: int
    size_bytes: int
    duplicates: tuple[str, ...] | None = None

    def value(self, column: str) -> Any:
        """Return what a column holds, the user's or artvec's own; None where it is missing."""
        return getattr(self, column) if column in ROW_COLUMNS else self.metadata.get(column)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was searched by.

    Attributes:
        query: As it was given.
        file: Where it is; None for one in memory.
        crop: Left, top, width and height of the part searched by, in pixels; None for the whole.
        size: Width and height of the whole as displayed, where a part was taken.
        image: The picture, where it was given in memory.
    """

    query: str
    file: Path | None
    crop: tuple[int, int, int, int] | None = None
    size: tuple[int, int] | None = None
    image: Image.Image | None = None


@dataclass(frozen=True, slots=True)
class QueryHits:
    """A query as it was given, its pictures (several if combined), and its hits, best first.

    A vector has no picture.
    """

    query: str
    pictures: tuple[Picture, ...]
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
    """What a search found.

    Attributes:
        index: The collection.
        k: Hits asked for.
        queries: Answered.
        errors: Not answered.
        searched: Rows that met the condition; all without one.
        show: Columns to show with every hit.
        notes: For the user, a sentence each.
    """

    index: Path
    k: int
    queries: tuple[QueryHits, ...]
    errors: tuple[QueryError, ...]
    searched: int
    show: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
