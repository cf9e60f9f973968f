"""What pages of pictures share: a picture with its caption, thumbnails, links."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from artvec.images.byte_sources import Undecodable
from artvec.images.decode import load_picture


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture with its caption.

    Attributes:
        title: Path or query.
        alt: Text for a reader without pictures.
        label: Of the hit.
        score: Of the hit.
        link: To the file.
        picture: As a data URI; None where it can't be shown.
        facts: Names and values.
        duplicates: Paths of other rows that show it.
    """

    title: str
    alt: str
    link: str
    picture: str | None
    label: str = ""
    score: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    duplicates: tuple[str, ...] = ()


def link(file: Path) -> str:
    """Return the address of a file."""
    return file.absolute().as_uri()


def thumbnail(file: Path, side_px: int) -> Image.Image | None:
    """Return a small copy of a picture, or None where it can't be shown."""
    try:
        return load_picture(file, side_px=side_px)
    except Undecodable:
        return None


def data_uri(image: Image.Image) -> str:
    """Return a picture as text that a page can hold."""
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.getvalue()).decode()}"
