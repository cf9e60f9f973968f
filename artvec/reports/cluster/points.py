"""The map's points and columns as compact text: quantised, dictionary-encoded, deflated."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from artvec.collection.plain_columns import free_name
from artvec.collection.reader import columns
from artvec.commands.cluster import Findings
from artvec.core.types import Float32Array, Int64Array

MAX_POINTS = 250_000
_MAX_BYTES = 6_000_000
"""Of all columns together, as text."""
_MAX_CATEGORIES = 300
"""Text with more different values is shown, but no colour."""
_FEW_NUMBERS = 6
"""Whole numbers with no more different values are categories: flags, grades."""
_MAX_TEXT = 300
_OWN = ("label", "split")
_SIZES = ("width", "height")
_FIGURES = ("silhouette", "outlier score", "membership")
_TITLES = ("path", "cluster", *_OWN, *_SIZES, *_FIGURES)
"""Of the page's own columns, as a reader sees them."""


@dataclass(frozen=True, slots=True)
class Points:
    """What a page knows of each point.

    Attributes:
        rows: (n,), the rows that are points, ascending.
        columns: As the page's script reads them, see `_packed`.
        left_out: Titles of columns there was no room for.
    """

    rows: Int64Array
    columns: list[dict[str, Any]]
    left_out: tuple[str, ...]


def pack(findings: Findings, shown: Iterable[int]) -> Points:
    """Lay out points for a page, within its budget.

    Args:
        findings: Whose rows.
        shown: Rows that must be among the points; of the others every n-th is taken where there
            are too many.
    """
    limit = MAX_POINTS
    while True:
        rows = _sample(findings.collection.rows, shown, limit)
        packed = [*_coordinates(findings.projection.points[rows]), *_paths(findings, rows)]
        used_bytes = _size(packed)
        if used_bytes <= _MAX_BYTES * 3 // 4 or limit < 1000:
            break
        limit //= 2
    left_out = []
    for column in _columns(findings, rows):
        if used_bytes + _size([column]) > _MAX_BYTES:
            left_out.append(str(column["title"]))
            continue
        packed.append(column)
        used_bytes += _size([column])
    return Points(rows, packed, tuple(left_out))


def _sample(n_rows: int, shown: Iterable[int], limit: int) -> Int64Array:
    if n_rows <= limit:
        return np.arange(n_rows)
    every = np.linspace(0, n_rows - 1, limit).astype(np.int64)
    return np.union1d(every, np.fromiter(shown, dtype=np.int64))


def _size(packed: Sequence[dict[str, Any]]) -> int:
    values = (len(value.encode()) + 3 for one in packed for value in one.get("values", ()))
    return sum(len(one["data"]) + 100 for one in packed) + sum(values)


def _coordinates(points: Float32Array) -> list[dict[str, Any]]:
    """Quantise (n, 2) points to 16 bits, one scale for both axes so that distances stay true."""
    low, high = points.min(axis=0, initial=np.inf), points.max(axis=0, initial=-np.inf)
    side = max(float((high - low).max(initial=0)), 1e-9) if len(points) else 1.0
    unit = (points - (low + high) / 2) / side + 0.5  # (n, 2), 0 to 1, centred
    steps = np.rint(unit * 65535).astype("<u2")
    return [_packed("x", "place", steps[:, 0]), _packed("y", "place", steps[:, 1])]


def _paths(findings: Findings, rows: Int64Array) -> list[dict[str, Any]]:
    packed = [_text("path", [findings.paths[row] for row in rows])]
    if len(rows) < findings.collection.rows:
        packed.append(_packed("row", "place", rows.astype("<u4")))
    return packed


def _columns(findings: Findings, rows: Int64Array) -> Iterable[dict[str, Any]]:
    groups = findings.groups
    names = [str(number) for number in range(len(groups.medoids))]
    codes = groups.clusters[rows].astype(np.int64) + 1
    yield _category("cluster", names, codes)
    for name, key, title in _stored(findings.collection.manifest.columns):
        values = columns(findings.collection, [name]).column(name).take(rows).to_pylist()
        if any(value is not None for value in values):
            yield _column(key, values) | {"title": title}
    figures = (groups.silhouettes, groups.outlier_scores, groups.probabilities)
    for name, numbers in zip(_FIGURES, figures, strict=True):
        if name == "silhouette" and not findings.have_silhouettes:
            continue
        yield _packed(name, "number", numbers[rows].astype("<f4"))


def _stored(user: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return the name, key and title of stored columns; a user's take no key of the page's own."""
    titles = list(_TITLES)
    named = []
    for at, name in enumerate(user):
        titles.append(free_name(name, titles))
        named.append((name, f"metadata {at}", titles[-1]))
    own, sizes = ([(name, name, name) for name in names] for names in (_OWN, _SIZES))
    return [*own, *named, *sizes]


def _column(key: str, values: Sequence[Any]) -> dict[str, Any]:
    known = {value for value in values if value is not None}
    are_text = any(isinstance(value, str) for value in known)
    if are_text and len(known) > _MAX_CATEGORIES:
        return _text(key, ["" if value is None else value for value in values])
    whole = all(isinstance(value, int) for value in known)
    if are_text or (whole and len(known) <= _FEW_NUMBERS):
        ordered = sorted(known)
        at = {value: code for code, value in enumerate(ordered, 1)}
        codes = np.array([at.get(value, 0) for value in values], dtype=np.int64)
        return _category(key, [str(value) for value in ordered], codes)
    numbers = np.array([np.nan if value is None else value for value in values], dtype="<f8")
    narrow = numbers.astype("<f4")
    exact = np.array_equal(narrow.astype("<f8"), numbers, equal_nan=True)
    return _packed(key, "number", narrow if exact else numbers)


def _category(key: str, values: Sequence[str], codes: Int64Array) -> dict[str, Any]:
    """Pack codes that are 1 for the first value and 0 where there is none."""
    dtype = "u1" if len(values) < 256 else "<u2" if len(values) < 65536 else "<u4"
    cut = [value[:_MAX_TEXT] for value in values]
    return _packed(key, "category", codes.astype(dtype)) | {"values": cut}


def _text(key: str, values: Sequence[str]) -> dict[str, Any]:
    """Join texts by NUL, which no path holds."""
    cut = (value if key == "path" else value[:_MAX_TEXT].replace("\0", " ") for value in values)
    data = "\0".join(cut).encode("utf-8", "backslashreplace")
    return {"key": key, "title": key, "kind": "text", "data": _deflated(data)}


def _packed(key: str, kind: str, array: npt.NDArray[Any]) -> dict[str, Any]:
    data = _deflated(np.ascontiguousarray(array).tobytes())
    dtype = array.dtype.str.lstrip("<|")
    return {"key": key, "title": key, "kind": kind, "type": dtype, "data": data}


def _deflated(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 6)).decode()
