"""The run itself: choose the file, have it written whole, report."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from artvec.collection.analysis import stored_projection
from artvec.collection.checksums import by_content
from artvec.collection.reader import Collection, open_collection
from artvec.commands.export.csv_file import write_csv
from artvec.commands.export.group_columns import analysed
from artvec.commands.export.hdf5 import write_hdf5
from artvec.commands.export.npz import write_npz
from artvec.commands.export.parquet import write_parquet
from artvec.core.choices import ExportFormat
from artvec.core.errors import ArtvecError, command
from artvec.core.files import replaced_whole, sha256_of
from artvec.core.finite import not_finite

SUFFIXES: dict[ExportFormat, str] = {"parquet": "parquet", "npz": "npz", "csv": "csv", "hdf5": "h5"}
_WRITERS = {"parquet": write_parquet, "npz": write_npz, "csv": write_csv, "hdf5": write_hdf5}


@dataclass(frozen=True, slots=True)
class ExportReport:
    """Where a collection was exported to.

    Attributes:
        file: The file.
        rows: It holds.
        renamed: Columns that bear another name in the file, because theirs was taken there.
        notes: For the user, a sentence each.
    """

    file: Path
    rows: int
    renamed: Mapping[str, str]
    notes: tuple[str, ...] = ()


def export_collection(
    folder: Path, form: ExportFormat, file: Path | None = None, *, projection: bool = False
) -> ExportReport:
    """Write a collection as one file, vectors as float32, hashes as hexadecimal text.

    Where the collection has groups of today's rows, their columns come last. An existing file is
    replaced when the new one is whole and on the disk, not before.

    Args:
        folder: The collection.
        form: `parquet` and `csv` hold one row an image; `npz` and `hdf5` one array a column, the
            vectors as `embedding` of shape (rows, dim).
        file: Default `./<collection>.<suffix>`.
        projection: Write the map's coordinates, too.

    Raises:
        ArtvecError: The collection can't be read or is damaged, there is no map where one is
            wanted, or the file can't be written.
    """
    collection = open_collection(folder)
    _check_whole(collection)
    wider = analysed(collection, projection=projection)
    file = file or Path(f"{folder.resolve().name}.{SUFFIXES[form]}")
    _check_place(file)
    try:
        renamed = _written(wider.collection, form, file)
    except OSError as error:
        raise ArtvecError(
            f"{file} can't be written: {_why(error)}",
            "make room or choose another place: -o FILE; a file that was there is as it was",
        ) from error
    return ExportReport(
        file.resolve(), collection.rows, _chained(wider.renamed, renamed), wider.notes
    )


def matches(folder: Path, file: Path) -> bool:
    """Say whether a file is, to the byte, what a collection exports today.

    Args:
        folder: The collection.
        file: Written by `export`; its suffix tells the format.

    Raises:
        ArtvecError: The collection or the file can't be read, or the suffix tells no format.
    """
    form = format_of(file)
    if not file.is_file():
        raise ArtvecError(f"there is no file {file}", "give the exported file", usage=True)
    collection = open_collection(folder)
    wanted = sha256_of(file)
    has_map = stored_projection(collection) is not None
    with TemporaryDirectory() as place:
        again = Path(place) / file.name
        for projection in (False, True) if has_map else (False,):
            _WRITERS[form](analysed(collection, projection=projection).collection, again)
            if sha256_of(again) == wanted:
                return True
    return False


def format_of(file: Path) -> ExportFormat:
    """Return the format that a file's suffix tells.

    Raises:
        ArtvecError: It tells none.
    """
    known: dict[str, ExportFormat] = {suffix: form for form, suffix in SUFFIXES.items()}
    known |= {form: form for form in SUFFIXES}
    form = known.get(file.suffix.removeprefix("."))
    if form is None:
        endings = ", ".join(f".{suffix}" for suffix in SUFFIXES.values())
        raise ArtvecError(
            f"{file} bears no ending that artvec exports to", f"give one of: {endings}", usage=True
        )
    return form


def _check_place(file: Path) -> None:
    if not file.name or file.is_dir():
        raise ArtvecError(f"{file} is a folder", "name a file: -o FILE", usage=True)
    if file.exists() and not file.is_file():
        raise ArtvecError(f"{file} is no regular file", "name another: -o FILE", usage=True)
    if not file.parent.is_dir():
        make = shlex.join(["mkdir", "-p", str(file.parent)])
        raise ArtvecError(f"there is no folder {file.parent}", f"make it: {make}", usage=True)


def _check_whole(collection: Collection) -> None:
    """Refuse to copy out of damaged shards: the copy would look intact."""
    found = by_content(collection.folder, collection.manifest)
    if found.not_finite:
        raise not_finite(found.not_finite, collection.folder)
    shards = [name for name in found.damaged if name.startswith("shards/")]
    if shards:
        raise ArtvecError(
            f"{collection.folder} is damaged: {shards[0]} doesn't match its checksum",
            f"mend it: {command('verify', '--repair', '-i', collection.folder)}",
        )


def _written(collection: Collection, form: ExportFormat, file: Path) -> Mapping[str, str]:
    with replaced_whole(file.resolve()) as beside:
        return _WRITERS[form](collection, beside)


def _chained(first: Mapping[str, str], then: Mapping[str, str]) -> dict[str, str]:
    """Return the renamings of two steps as one."""
    later = {name: shown for name, shown in then.items() if name not in first.values()}
    return {**{name: then.get(shown, shown) for name, shown in first.items()}, **later}


def _why(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else " ".join(str(error).split())
