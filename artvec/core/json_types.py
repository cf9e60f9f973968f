"""Results as the types that JSON knows."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any


def to_plain(value: Any) -> Any:
    r"""Turn a result into JSON types: paths absolute, dataclasses as objects, tuples as lists.

    Bytes of a name that are not UTF-8 become `\xNN`.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(value, Path):
        return to_plain(str(value.absolute()))
    if isinstance(value, dict):
        return {str(name): to_plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value


def without_none(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out what doesn't apply."""
    return {name: value for name, value in fields.items() if value is not None}
