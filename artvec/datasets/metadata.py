"""Join a CSV file of facts to images by file name."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artvec.errors import ArtvecError

RESERVED = frozenset(
    "path label split width height size_bytes mtime_ns content_hash phash colour embedding".split()
)


_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)?(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?(?<=[0-9])")


@dataclass(frozen=True)
class Metadata:
    """A metadata file joined to the images of a source.

    Attributes:
        columns: User columns, name → `int64`, `double` or `string`.
        rows: Image path → values of those columns.
        labels: Image path → label, where the file gives one.
        splits: Image path → split, where the file gives one.
        unmatched: File names that no image has.
        ambiguous: Base names that several images have, or that two rows claim.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()


def join_metadata(file: Path, paths: Iterable[str]) -> Metadata:
    """Join a CSV file with a `filename` column to image paths.

    A file name is an image's path, else the base name of exactly one image. `label`, else
    `category`, is the label; `split` the split; every other column is kept, typed as int64,
    double or string by all of its values. A column named like one of artvec's own gets the
    prefix `meta_`.

    Raises:
        ArtvecError: The file can't be read or has no `filename` column.
    """
    header, records = _read(file)
    targets, unmatched, ambiguous = _match([row["filename"] for row in records], paths)
    given = {path: row for row, path in zip(records, targets, strict=True) if path is not None}
    label_column = next((name for name in ("label", "category") if name in header), None)
    kept = [name for name in header if name not in ("filename", "split", label_column)]
    kinds = {_own(name): _kind([row[name] for row in records]) for name in kept}
    return Metadata(
        columns=kinds,
        rows={
            path: {_own(name): _value(row[name], kinds[_own(name)]) for name in kept}
            for path, row in given.items()
        },
        labels=_texts(given, label_column),
        splits=_texts(given, "split" if "split" in header else None),
        unmatched=tuple(unmatched),
        ambiguous=tuple(ambiguous),
    )


def _read(file: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as handle:
            sample = handle.read(65_536)
            handle.seek(0)
            delimiter = _delimiter(sample)
            reader = csv.DictReader(handle, delimiter=delimiter, restval="")
            header = [
                name.strip() or f"unnamed_{at}" for at, name in enumerate(reader.fieldnames or [])
            ]
            reader.fieldnames = header
            records = [{name: (row[name] or "").strip() for name in header} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ArtvecError(
            f"metadata file {file} can't be read: {error}",
            "give a CSV file in UTF-8 whose first line names the columns",
            usage=True,
        ) from error
    if len(set(map(_own, header))) < len(header):
        twice = next(name for name in header if list(map(_own, header)).count(_own(name)) > 1)
        raise ArtvecError(
            f"metadata file {file} has two columns called {twice!r}", "rename one", usage=True
        )
    if "filename" not in header:
        raise ArtvecError(
            f"metadata file {file} has no column 'filename' (only: {', '.join(header) or 'none'})",
            "rename the column that holds the images' relative paths or base names to 'filename'",
            usage=True,
        )
    return header, records


def _delimiter(sample: str) -> str:
    first = sample.partition("\n")[0]
    return max(",;\t", key=first.count)


def _match(names: list[str], paths: Iterable[str]) -> tuple[list[str | None], list[str], list[str]]:
    whole = set(paths)
    bases = Counter(path.rpartition("/")[2] for path in whole)
    by_base = {path.rpartition("/")[2]: path for path in whole}
    targets: list[str | None] = []
    unmatched: list[str] = []
    ambiguous: list[str] = []
    claimed: set[str] = set()
    for raw in names:
        name = raw.replace("\\", "/") if raw not in whole else raw
        name = name.removeprefix("./")
        target = name if name in whole else by_base.get(name) if bases[name] == 1 else None
        if target is None:
            (ambiguous if bases[name] > 1 else unmatched).append(raw)
        elif target in claimed:
            ambiguous.append(raw)
            target = None
        else:
            claimed.add(target)
        targets.append(target)
    return targets, unmatched, ambiguous


def _own(name: str) -> str:
    return f"meta_{name}" if name in RESERVED else name


def _kind(values: list[str]) -> str:
    present = [value for value in values if value]
    if present and all(_is_integer(value) for value in present):
        return "int64"
    if present and all(_is_number(value) for value in present):
        return "double"
    return "string"


def _is_integer(value: str) -> bool:
    """Say whether a value survives as int64: `007` and phone numbers with a plus don't."""
    try:
        return str(int(value)) == value and -(2**63) <= int(value) < 2**63
    except ValueError:
        return False


def _is_number(value: str) -> bool:
    """Say whether a value is a finite number and no code: `007.5`, `+1`, 20 digits stay text."""
    if _NUMBER.fullmatch(value) is None or not math.isfinite(float(value)):
        return False
    return not value.lstrip("-").isdigit() or abs(float(value)) < 2**53  # exact up to there


def _value(text: str, kind: str) -> Any:
    if not text:
        return None
    return {"int64": int, "double": float, "string": str}[kind](text)


def _texts(given: Mapping[str, Mapping[str, str]], column: str | None) -> dict[str, str]:
    if column is None:
        return {}
    return {path: row[column] for path, row in given.items() if row[column]}
