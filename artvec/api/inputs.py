"""What a caller may give in several forms, as the commands take it."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from artvec.core.errors import ArtvecError

if TYPE_CHECKING:
    from artvec.api.collection import Collection
    from artvec.api.run import Run
    from artvec.images.detail import Detail

Crop = tuple[float, float, float, float]


def place_of(thing: Collection | Run | str | PathLike[str]) -> str:
    """Return what names a collection or run as the commands take it: a path has a slash."""
    folder = getattr(thing, "folder", None)
    if folder is not None:
        return str(folder)
    if isinstance(thing, str):
        return thing
    place = Path(thing)  # type: ignore[arg-type]
    return str(place) if place.is_absolute() else os.path.join(".", place)  # noqa: PTH118


def detail_of(crop: Crop | None) -> Detail | None:
    """Return a part of an image: shares of it where any number is a float, else pixels."""
    from artvec.images.detail import parse_detail

    if crop is None:
        return None
    shares = any(isinstance(number, float) for number in crop)
    return parse_detail(",".join(f"{number:.9f}" if shares else str(number) for number in crop))


def refuse_folder(query: object) -> None:
    """Refuse a folder as one query: it would have a result per image.

    Raises:
        ArtvecError: It is one.
    """
    if isinstance(query, str | PathLike) and Path(query).is_dir():
        raise ArtvecError(
            f"{query} is a folder", "give its images as a list: list(Path(FOLDER).glob('*.jpg'))"
        )
