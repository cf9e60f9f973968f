"""HDF5: one dataset a column, the vectors as `embedding`."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from artvec.collection.plain_columns import all_vectors, arrays, flat_name, names_in_file, renamed
from artvec.collection.reader import Collection


def write_hdf5(collection: Collection, file: Path) -> Mapping[str, str]:
    """Write a collection, vectors shard by shard.

    Raises:
        OSError: The file can't be written.
    """
    names = names_in_file(collection, ["embedding"], flat_name)
    with file.open("w+b", buffering=0) as handle:
        sink = _Sink(handle)
        try:
            _fill(collection, names, sink)
        except (OSError, RuntimeError):  # HDF5 may read what it never wrote
            if sink.error is None:
                raise
        if sink.error is not None:
            raise sink.error
    return renamed(names)


def _fill(collection: Collection, names: Mapping[str, str], sink: _Sink) -> None:
    import h5py

    with h5py.File(sink, "w") as out:
        out.attrs["backbone"] = collection.manifest.encoder.backbone
        for name, array in arrays(collection, names):
            if array.dtype.kind == "U":
                out.create_dataset(name, data=list(array), dtype=h5py.string_dtype())
            else:
                out.create_dataset(name, data=array)
        shape = (collection.rows, collection.manifest.encoder.dim)
        embedding = out.create_dataset("embedding", shape=shape, dtype="f4")
        first = 0
        for vectors in all_vectors(collection):
            if sink.error is not None:
                return
            embedding[first : first + len(vectors)] = vectors
            first += len(vectors)


class _Sink(io.RawIOBase):
    """A file whose first failed write is kept for later.

    The HDF5 library crashes the process when a write fails while it closes a file; so it is told
    that all went well, and the file is thrown away afterwards.
    """

    def __init__(self, handle: io.FileIO) -> None:
        super().__init__()
        self.error: OSError | None = None
        self._handle = handle

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        """Write all of `data`, or note why not."""
        done = 0
        try:
            while self.error is None and done < len(data):
                done += self._handle.write(data[done:])
        except OSError as error:
            self.error = error
        return len(data)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into a buffer; what was never written reads as zeros."""
        done = self._handle.readinto(buffer)
        buffer[done:] = bytes(len(buffer) - done)
        return len(buffer)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        return self._handle.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._handle.tell()

    def truncate(self, size: int | None = None) -> int:
        """Set the length, or note why not."""
        try:
            return self._handle.truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0
