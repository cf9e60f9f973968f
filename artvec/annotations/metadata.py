"""Join a CSV file of facts to images by file name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import splitext
from typing import Any

from artvec.annotations.column_types import column_type, typed
from artvec.annotations.delimited import Delimited, read_delimited
from artvec.annotations.file_names import Matches, but_for_case, match_names
from artvec.annotations.split_names import split_named
from artvec.core.errors import ArtvecError
from artvec.core.wording import counted, first_few

RESERVED = frozenset(
    "path label split width height size_bytes mtime_ns content_hash phash colour embedding".split()
)
_KEY = "filename"
_LABELS = ("label", "category")


@dataclass(frozen=True)
class Metadata:
    """A metadata file joined to the images of a source.

    Attributes:
        columns: User columns, name → `int64`, `double` or `string`.
        rows: Image path → values of those columns, for every image that has a row.
        labels: Image path → label, where the file gives one.
        splits: Image path → split, where the file gives one.
        unmatched: File names that no image has.
        ambiguous: File names that several images have, or whose image has a row already.
        label_column: The file's column of labels; None leaves labels to the folders.
        without_row: Images that the file has no row for.
        skipped_rows: What is wrong with each row that was skipped.
        respelled: Split as written → the split that it means, and how many rows write it so.
        misnamed: Columns that would be the label or the split, but for their capitals.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    label_column: str | None = None
    without_row: tuple[str, ...] = ()
    skipped_rows: tuple[str, ...] = ()
    respelled: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    misnamed: tuple[str, ...] = ()


def join_metadata(file: Path, paths: Collection[str], *, skip_faulty: bool = False) -> Metadata:
    """Join a CSV file with a `filename` column to image paths.

    A file name is an image's path, else the base name of exactly one image. `label`, else
    `category`, is the label; `split` the split; every other column is kept, typed as int64,
    double or string by all of its values. A column named like one of artvec's own gets the
    prefix `meta_`.

    Args:
        file: See `read_delimited`.
        paths: Of the images.
        skip_faulty: Skip rows that can't be read for sure, instead of refusing the file.

    Raises:
        ArtvecError: The file can't be read, has no `filename` column, a faulty row, no row at all
            or none that names an image.
    """
    suffixes = {splitext(path)[1].lower() for path in paths} - {""}
    table = read_delimited(file, _KEY, tuple(sorted(suffixes)))
    header = _header(file, table)
    if table.faults and not (skip_faulty and table.records):
        raise _faulty(file, table)
    records = [dict(zip(header, record.cells, strict=True)) for record in table.records]
    names = [record[_KEY] for record in records]
    matches = match_names(names, paths)
    pairs = zip(records, matches.targets, strict=True)
    given = {path: record for record, path in pairs if path is not None}
    if not names or (paths and not given):
        raise _joins_nothing(file, matches, paths)
    label_column = next((name for name in _LABELS if name in header), None)
    taken = (_KEY, "split", label_column, *_idle(header, table))
    own_columns = [name for name in header if name not in taken]
    kinds = {_own(name): column_type([record[name] for record in records]) for name in own_columns}
    splits = _texts(given, "split" if "split" in header else None)
    return Metadata(
        columns=kinds,
        rows={
            path: {_own(name): typed(record[name], kinds[_own(name)]) for name in own_columns}
            for path, record in given.items()
        },
        labels=_texts(given, label_column),
        splits={path: split_named(split) for path, split in splits.items()},
        unmatched=matches.unmatched,
        ambiguous=matches.ambiguous,
        label_column=label_column,
        without_row=tuple(path for path in paths if path not in given),
        skipped_rows=tuple(map(str, table.faults)),
        respelled=respelled(splits.values()),
        misnamed=_misnamed(header),
    )


def respelled(splits: Collection[str]) -> dict[str, tuple[str, int]]:
    """Return the spellings that mean another word, with that word and how often they occur."""
    counts = Counter(splits)
    return {name: (split_named(name), n) for name, n in counts.items() if split_named(name) != name}


def _header(file: Path, table: Delimited) -> list[str]:
    """Return the columns' names, one for each, made up where there is none.

    Raises:
        ArtvecError: Two are called the same, or none is `filename`.
    """
    header = [name or f"unnamed_{at}" for at, name in enumerate(table.header)]
    if len(set(map(_own, header))) < len(header):
        twice = next(name for name in header if list(map(_own, header)).count(_own(name)) > 1)
        raise ArtvecError(
            f"metadata file {file} has two columns called {twice!r}", "rename one", usage=True
        )
    if _KEY not in header:
        raise ArtvecError(
            f"metadata file {file} has no column 'filename' "
            f"(only: {', '.join(filter(None, table.header)) or 'none'})",
            "rename the column that holds the images' relative paths or base names to 'filename'",
            usage=True,
        )
    return header


def _idle(header: Sequence[str], table: Delimited) -> list[str]:
    """Return columns that have neither a name nor a value, as a comma at the end of lines makes."""
    return [
        name
        for at, name in enumerate(header)
        if not table.header[at] and not any(record.cells[at] for record in table.records)
    ]


def _faulty(file: Path, table: Delimited) -> ArtvecError:
    faults = table.faults
    others = [f"line {fault.line}" for fault in faults[1:]]
    more = f" ({counted(len(others), 'more row')} at fault: {first_few(others)})" if others else ""
    uneven = {fault.why for fault in faults} == {faults[0].why} and "the header" in faults[0].why
    if not table.records and uneven and others:
        return ArtvecError(
            f"metadata file {file} has no row as long as its header: {faults[0]}{more}",
            "name every column in the header, that of row names (R) and the blank one behind a "
            "last delimiter included",
            usage=True,
        )
    return ArtvecError(
        f"metadata file {file}: {faults[0]}{more}",
        "put text that holds the delimiter or quotes in double quotes, each quote inside doubled; "
        "or skip such rows: artvec embed … --lenient-metadata",
        usage=True,
    )


def _joins_nothing(file: Path, matches: Matches, paths: Collection[str]) -> ArtvecError:
    if not matches.targets:
        return ArtvecError(
            f"metadata file {file} has no rows below its header",
            "give each image a row; or go on without the file: --metadata none",
            usage=True,
        )
    name = (*matches.unmatched, *matches.ambiguous)[0] or "a blank cell"
    near = but_for_case(matches.unmatched, paths)
    if near:
        name, path = next(iter(near.items()))
        why = f"{name!r} is {path!r} but for capitals"
    elif matches.unmatched:
        why = f"{name!r} is none"
    else:
        why = f"several are called {name!r}"
    return ArtvecError(
        f"no row of metadata file {file} ({len(matches.targets):,} in all) names an image here: "
        f"{why}",
        f"write relative paths such as {min(paths)!r}, or base names, into the column 'filename'; "
        "or go on without the file: --metadata none",
        usage=True,
    )


def _misnamed(header: Sequence[str]) -> tuple[str, ...]:
    """Return columns such as `Label` where there is no `label`."""
    wanted = [name for name in (*_LABELS, "split") if name not in header]
    if "label" in header:
        wanted = [name for name in wanted if name != "category"]
    return tuple(name for name in header if name.casefold() in wanted)


def _own(name: str) -> str:
    return f"meta_{name}" if name in RESERVED else name


def _texts(given: Mapping[str, Mapping[str, str]], column: str | None) -> dict[str, str]:
    if column is None:
        return {}
    return {path: record[column] for path, record in given.items() if record[column]}
