"""The files of a collection: whether they are whole, their index, and copies for other tools."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from artvec.api.progress import show_notes, shown_progress
from artvec.api.rows import Rows
from artvec.core.choices import ExportFormat

if TYPE_CHECKING:
    from artvec.api.states import Exported, IndexFigures, Status


class Files(Rows):
    """An opened collection, and what is done with its files."""

    def export(
        self,
        file: str | PathLike[str],
        *,
        format: ExportFormat | None = None,
        projection: bool = False,
    ) -> Exported:
        """Write the collection as one file for other tools, vectors as float32.

        Args:
            file: Is replaced where it exists.
            format: None to go by the file's suffix: .parquet, .npz, .csv, .h5.
            projection: With the map's coordinates; see `cluster`.

        Raises:
            ArtvecError: The suffix is none of these, there is no map, or the file can't be
                written.

        Example:
            >>> paintings.export("paintings.parquet").rows
            30
        """
        from artvec.api.states import Exported
        from artvec.commands.export import export_collection, format_of

        self._rows()
        place = Path(file)
        report = export_collection(
            self.folder, format or format_of(place), place, projection=projection
        )
        show_notes(report.notes)
        return Exported(report)

    def status(self, *, source: str | PathLike[str] | None = None) -> Status:
        """Say whether the collection is complete and still matches its images.

        Args:
            source: Where the images are now, if they were moved.

        Example:
            >>> paintings.status().complete
            True
        """
        from artvec.api.states import Status
        from artvec.commands.status import collection_status

        self._rows()
        return Status(collection_status(self.folder, None if source is None else Path(source)))

    def verify(self, *, source: str | PathLike[str] | None = None) -> Status:
        """Compare every byte with its checksums; `artvec verify --repair` mends what is damaged.

        Args:
            source: Where the images are now, if they were moved.

        Example:
            >>> paintings.verify().damaged
            ()
        """
        from artvec.api.states import Status
        from artvec.commands.verify import verify_collection

        self._rows()
        with shown_progress(f"verifying {self.name}") as progress:
            report = verify_collection(
                self.folder, None if source is None else Path(source), progress
            )
        return Status(report)

    def index(
        self,
        *,
        recipe: str | None = None,
        max_memory: str | None = None,
        min_recall: float | None = None,
    ) -> IndexFigures:
        """Build the index anew, and say its recall, latency and size.

        The collection is then opened again, with the rows that it has by now.

        Args:
            recipe: `auto`, `flat`, `hnsw`, `ivf`, `rabitq`, `ivfpq` or a FAISS factory string;
                None for what was asked for last, else auto.
            max_memory: Build within so much memory, e.g. `4G`.
            min_recall: Fail, and change nothing, if recall@10 stays below.

        Raises:
            ArtvecError: The recipe is unknown, or recall stays too low.

        Example:
            >>> paintings.index(recipe="flat").recall_at_10
            1.0
        """
        from artvec.api.states import IndexFigures
        from artvec.commands.index import build_index, memory_size

        self._rows()
        with shown_progress(f"indexing {self.name}") as progress:
            report = build_index(
                self.folder,
                recipe=recipe,
                min_recall=min_recall,
                max_memory=memory_size(max_memory) if max_memory else None,
                progress=progress,
            )
        self._reopen()
        return IndexFigures(report)
