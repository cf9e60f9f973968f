"""What a collection is like on disk: its state, its index, a file it was exported to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artvec.api.display import Tabular
from artvec.api.results import plain_object
from artvec.core.json_types import without_none

if TYPE_CHECKING:
    from artvec.commands.export import ExportReport
    from artvec.commands.index import IndexReport
    from artvec.commands.status import StatusReport


@dataclass(frozen=True, repr=False)
class Status(Tabular):
    """The state of a collection.

    Attributes:
        report: All that was found; see `artvec.commands.status.StatusReport`.
    """

    report: StatusReport

    @property
    def complete(self) -> bool:
        """Whether nothing is missing, stale, orphaned or damaged."""
        return self.report.complete

    @property
    def damaged(self) -> tuple[str, ...]:
        """Files of the collection that are not as they were written."""
        return self.report.damaged

    def to_dict(self) -> dict[str, Any]:
        """Return what `artvec status --json` prints."""
        return _fields_of(self.report)

    def records(self) -> list[dict[str, Any]]:
        """Return a record a path that is not as it should be."""
        states = ("missing", "stale", "orphaned", "damaged", "foreign")
        return [
            {"state": state, "path": path}
            for state in states
            for path in getattr(self.report, state)
        ]

    def title(self) -> str:
        """Say whether it is complete."""
        state = "complete" if self.complete else "not complete"
        return f"{self.report.index.name}: {self.report.rows:,} rows, {state}"


@dataclass(frozen=True, repr=False)
class IndexFigures(Tabular):
    """How good, fast and large an index is.

    Attributes:
        report: All that was measured; see `artvec.commands.index.IndexReport`.
    """

    report: IndexReport

    @property
    def recall_at_10(self) -> float:
        """Against an exact scan, 0 to 1."""
        return self.report.recall_at_10

    def to_dict(self) -> dict[str, Any]:
        """Return what `artvec index --json` prints."""
        return without_none(_fields_of(self.report))

    def records(self) -> list[dict[str, Any]]:
        """Return one record."""
        names = ("recipe", "rows", "recall_at_10", "bytes", "build_seconds")
        return [{name: getattr(self.report, name) for name in names}]

    def title(self) -> str:
        """Say why it is this index."""
        return f"{self.report.index.name}: {self.report.why}"


@dataclass(frozen=True)
class Exported:
    """A collection as one file.

    Attributes:
        report: See `artvec.commands.export.ExportReport`.
    """

    report: ExportReport

    @property
    def file(self) -> Path:
        """The file."""
        return self.report.file

    @property
    def rows(self) -> int:
        """In it."""
        return self.report.rows

    def to_dict(self) -> dict[str, Any]:
        """Return what `artvec export --json` prints."""
        names = ("file", "rows", "renamed")
        return plain_object({name: getattr(self.report, name) for name in names})


def _fields_of(report: Any) -> dict[str, Any]:
    return plain_object({name: getattr(report, name) for name in report.__dataclass_fields__})
