"""The rows of an opened collection: as arrays, as a table, one by one; no command."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from artvec.collection.reader import blocks, columns, open_collection, row, vector
from artvec.core.errors import ArtvecError, mistyped
from artvec.core.types import AUTO, Float32Array

if TYPE_CHECKING:
    import pyarrow as pa

    from artvec.collection.reader import Collection as OpenedCollection
    from artvec.encoding.setup import ReadyEncoder


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a collection.

    Attributes:
        number: From 0.
        path: Relative to the collection's source; the row's identity.
        file: Where the image is.
        label: None where it has none.
        split: None where it has none.
        width: In pixels, as displayed.
        height: In pixels, as displayed.
        metadata: The user's columns.
        vector: (dim,) float32, as the encoder emits it, not normalised.
    """

    number: int
    path: str
    file: Path
    label: str | None
    split: str | None
    width: int
    height: int
    metadata: Mapping[str, Any]
    vector: Float32Array


class Rows:
    """The rows of a collection, as they were when it was opened.

    Args:
        folder: That holds `collection.json`.

    Raises:
        ArtvecError: It is damaged, or was never finished.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.folder = Path(folder).absolute()
        self._opened: OpenedCollection | None = open_collection(self.folder)
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._ready: ReadyEncoder | None = None
        self._vectors: Float32Array | None = None

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.folder.name

    @property
    def source(self) -> Path:
        """Folder of the images."""
        return self._rows().source

    @property
    def dim(self) -> int:
        """Width of a vector."""
        return self._rows().manifest.encoder.dim

    @property
    def vectors(self) -> Float32Array:
        """(N, dim) float32, as the encoder emits them, not normalised.

        A view of the file on disk that can't be written to, where one float32 shard holds all
        rows; else an array that is made once.
        """
        with self._lock:
            if self._vectors is None:
                self._vectors = _all_vectors(self._rows())
            return self._vectors

    @property
    def table(self) -> pa.Table:
        """All columns of all rows, zero-copy: `path`, `label`, …, `embedding`, metadata."""
        opened = self._rows()
        names = opened.tables[0].column_names if opened.tables else ["path", "label", "split"]
        return columns(opened, names)

    @property
    def paths(self) -> list[str]:
        """Paths of the rows, relative to the source."""
        found: list[str] = columns(self._rows(), ["path"]).column("path").to_pylist()
        return found

    @property
    def labels(self) -> list[str | None]:
        """Labels of the rows, None where a row has none."""
        found: list[str | None] = columns(self._rows(), ["label"]).column("label").to_pylist()
        return found

    def __len__(self) -> int:
        return self._rows().rows

    def __iter__(self) -> Iterator[Row]:
        return (self[number] for number in range(len(self)))

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._number(path) is not None

    def __getitem__(self, key: str | int) -> Row:
        """Return a row by its path or number.

        Raises:
            ArtvecError: No row has this path.
            IndexError: There is no row of this number.
        """
        from artvec.images.find import file_of

        opened = self._rows()
        if isinstance(key, str):
            number = self._number(key)
            if number is None:
                message = f"no row of {self.name} has the path {key!r}"
                raise mistyped(message, key, self.paths, otherwise="see .paths")
        else:
            number = key + len(self) if key < 0 else key
        if not 0 <= number < len(self):
            raise IndexError(key)
        record = row(opened, number)
        return Row(
            number=number,
            path=record["path"],
            file=file_of(opened.source, record["path"]),
            label=record["label"],
            split=record["split"],
            width=record["width"],
            height=record["height"],
            metadata={name: record[name] for name in opened.manifest.columns},
            vector=np.asarray(vector(opened, number), dtype=np.float32),
        )

    def close(self) -> None:
        """Let go of the files; arrays that were taken stay valid. A second call does nothing."""
        with self._lock:
            self._opened = None
            self._vectors = None
            self._ready = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> Literal[False]:
        self.close()
        return False

    def __reduce__(self) -> tuple[type[Self], tuple[Path]]:
        return type(self), (self.folder,)

    def __repr__(self) -> str:
        if self._opened is None:
            return f"Collection({self.name!r}, closed)"
        encoder = self._opened.manifest.encoder
        rows = f"{len(self):,} rows of {encoder.dim} dimensions"
        return f"Collection({self.name!r}: {rows} by {encoder.backbone})"

    def _reopen(self) -> None:
        """Open the folder again, as a command has changed it; what was read of it is let go."""
        opened = open_collection(self.folder)
        with self._lock:
            self._opened, self._vectors = opened, None

    def _rows(self) -> OpenedCollection:
        """Return the opened shards.

        Raises:
            ArtvecError: It was closed, or opened by the process that this one was forked from.
        """
        opened = self._opened
        if opened is None:
            raise ArtvecError(
                f"the collection {self.name} is closed",
                f"open it again: artvec.open({str(self.folder)!r})",
            )
        if self._process != os.getpid():
            raise ArtvecError(
                f"the collection {self.name} was opened in another process",
                "open it in this one; start processes by spawn, not by fork",
            )
        return opened

    def _number(self, path: str) -> int | None:
        from artvec.commands.search.queries import row_of_path

        return row_of_path(self._rows(), path)

    def _encoder(self) -> ReadyEncoder:
        """Return the collection's encoder, made ready once."""
        from artvec.commands.search.query_vectors import collection_encoder

        with self._lock:
            if self._ready is None:
                self._ready = collection_encoder(self._rows(), AUTO)
            return self._ready


def _all_vectors(opened: OpenedCollection) -> Float32Array:
    parts = list(blocks(opened))
    if len(parts) == 1 and parts[0].dtype == np.float32:
        return parts[0]
    if not parts:
        return np.empty((0, opened.manifest.encoder.dim), dtype=np.float32)
    vectors = np.concatenate([part.astype(np.float32, copy=False) for part in parts])
    vectors.flags.writeable = False
    return vectors
