"""What a search found for one query: a sequence of hits that shows itself as a contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from artvec.api.display import Tabular
from artvec.core.json_types import to_plain

if TYPE_CHECKING:
    from artvec.commands.search import Hit, Picture, QueryHits, SearchReport
    from artvec.core.types import Float32Array, Int64Array

_ABSENT_WITHOUT_VALUE = ("duplicates", "file", "crop", "size")


@dataclass(frozen=True, repr=False)
class Hits(Tabular, Sequence["Hit"]):
    """The hits of one query, best first.

    A sequence of `Hit` (`rank`, `row`, `path`, `file`, `score`, `label`, `metadata`, …).

    Attributes:
        found: The query as it was given, its pictures and its hits.
        collection: Its folder.
        show: Columns that tables show with every hit; empty for all of the user's.
        notes: What to know about how they were found.

    Example:
        >>> hits = artvec.open("paintings").search("query.jpg", k=3)
        >>> hits[0].path, hits[0].score
        ('baroque/a.jpg', 0.8965)
    """

    found: QueryHits
    collection: Path
    show: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @overload
    def __getitem__(self, at: int) -> Hit: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Hit, ...]: ...

    def __getitem__(self, at: int | slice) -> Hit | tuple[Hit, ...]:
        return self.found.hits[at]

    def __len__(self) -> int:
        return len(self.found.hits)

    @property
    def query(self) -> str:
        """The query as it was given."""
        return self.found.query

    @property
    def scores(self) -> Float32Array:
        """(k,) float32 cosine similarities, falling."""
        import numpy as np

        return np.array([hit.score for hit in self], dtype=np.float32)

    @property
    def rows(self) -> Int64Array:
        """(k,) int64 numbers of the rows in the collection."""
        import numpy as np

        return np.array([hit.row for hit in self], dtype=np.int64)

    @property
    def paths(self) -> list[str]:
        """Paths of the rows."""
        return [hit.path for hit in self]

    def to_dict(self) -> dict[str, Any]:
        """Return what `artvec search --json` has under `queries` for this query."""
        return {
            "query": to_plain(self.query),
            "pictures": [_fields(picture) for picture in self.found.pictures],
            "hits": [_fields(hit) for hit in self],
        }

    def records(self) -> list[dict[str, Any]]:
        """Return a record a hit: rank, row, score, label, the user's columns, path."""
        names = self.show or tuple(dict.fromkeys(name for hit in self for name in hit.metadata))
        more = [name for name in names if name not in ("path", "label")]
        return [
            {
                "rank": hit.rank,
                "row": hit.row,
                "score": hit.score,
                "label": hit.label,
                **{name: hit.value(name) for name in more},
                "path": hit.path,
            }
            for hit in self
        ]

    def title(self) -> str:
        """Say what was searched by, and where."""
        return f"{len(self)} hits for {self.query} in {self.collection.name}"

    def _repr_html_(self) -> str:
        from artvec.reports.search.contact_sheet import html_hits

        return html_hits(self.found, self.show)


def search_fields(report: SearchReport) -> dict[str, Any]:
    """Lay a search out as `artvec search --json` does."""
    fields = {
        "index": report.index,
        "k": report.k,
        "searched": report.searched,
        "queries": [hits.to_dict() for hits in hits_of(report)],
        "errors": report.errors,
    }
    plain: dict[str, Any] = to_plain(fields)
    return plain


def hits_of(report: SearchReport) -> list[Hits]:
    """Return the hits of every query of a search."""
    return [Hits(found, report.index, report.show, report.notes) for found in report.queries]


def _fields(result: Hit | Picture) -> dict[str, Any]:
    """Lay a result out for JSON; what doesn't apply is absent, a missing label or split null."""
    names = [name for name in result.__dataclass_fields__ if name != "image"]
    fields = {name: getattr(result, name) for name in names}
    return {
        name: to_plain(value)
        for name, value in fields.items()
        if value is not None or name not in _ABSENT_WITHOUT_VALUE
    }
