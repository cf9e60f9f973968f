"""Small copies of pictures: in the page, as many as there is room for, or in a folder beside it."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from artvec.commands.cluster import Findings
from artvec.core.files import naming
from artvec.core.progress import Progress
from artvec.images.byte_sources import Undecodable
from artvec.images.decode import load_picture
from artvec.images.opening import import_decoders

_SIDE_PX, _SMALL_SIDE_PX = 288, 176
_FEW = 400
"""Up to so many pictures are embedded at the larger size."""
_FOLDER_SIDE_PX = 288
_QUALITY = 76
_AT_ONCE = 64
_PER_FOLDER = 1000
_STATE = re.compile("[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Pictures within a page.

    Attributes:
        texts: Row → WebP file as base64 text.
        gone: Rows whose picture is not there or broken.
    """

    texts: Mapping[int, str]
    gone: tuple[int, ...]


def make_thumbnails(
    findings: Findings, rows: Sequence[int], max_bytes: int, progress: Progress
) -> Thumbnails:
    """Make pictures for a page, in the order of the rows, until a number of bytes is full.

    Args:
        findings: Whose pictures.
        rows: Wanted, the most wanted first.
        max_bytes: Of all texts together.
        progress: Told of pictures.
    """
    side_px = _SIDE_PX if len(rows) <= _FEW else _SMALL_SIDE_PX
    found: dict[int, str] = {}
    gone = []
    used_bytes = 0
    for at, (row, picture) in enumerate(_made(findings, rows, side_px), 1):
        progress(at, len(rows))
        if picture is None:
            gone.append(row)
            continue
        text = base64.b64encode(picture).decode()
        used_bytes += len(text) + len(f'"{row}":"",')
        if used_bytes > max_bytes:
            break
        found[row] = text
    return Thumbnails(found, tuple(gone))


def write_folder(
    findings: Findings, rows: Sequence[int], folder: Path, progress: Progress
) -> Iterator[int]:
    """Write the thumbnails of rows to `<folder>/<row // 1000>/<row>.webp`.

    Those that a former run has written stay as they are, so an interrupted run goes on.

    Yields:
        Rows that have none, because their picture is gone or broken.
    """
    missing = [row for row in rows if not _is_there(_place(folder, row))]
    for place in {_place(folder, row).parent for row in missing}:
        place.mkdir(parents=True, exist_ok=True)
    done = len(rows) - len(missing)
    for row, picture in _made(findings, missing, _FOLDER_SIDE_PX):
        done += 1
        progress(done, len(rows))
        if picture is None:
            yield row
            continue
        # Not synced one by one: an empty file, which a power cut may leave, is made again.
        beside = _place(folder, row).with_suffix(".partial")
        with naming(beside):
            beside.write_bytes(picture)
        beside.replace(_place(folder, row))


def drop_former(folder: Path) -> None:
    """Delete the folders beside one that former states of the rows have left."""
    for other in folder.parent.iterdir():
        if other != folder and _STATE.fullmatch(other.name):
            shutil.rmtree(other)


def _place(folder: Path, row: int) -> Path:
    return folder / str(row // _PER_FOLDER) / f"{row}.webp"


def _is_there(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def _made(
    findings: Findings, rows: Sequence[int], side_px: int
) -> Iterator[tuple[int, bytes | None]]:
    """Yield rows with their WebP file, in order; a caller who stops early wastes little."""
    import_decoders()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for first in range(0, len(rows), _AT_ONCE):
            some = rows[first : first + _AT_ONCE]
            files = [findings.file(row) for row in some]
            pictures = pool.map(partial(_thumbnail, side_px=side_px), files)
            yield from zip(some, pictures, strict=True)


def _thumbnail(file: Path, *, side_px: int) -> bytes | None:
    try:
        picture = load_picture(file, side_px=side_px)
    except Undecodable:
        return None
    return _webp(picture)


def _webp(picture: Image.Image) -> bytes:
    webp = io.BytesIO()
    picture.save(webp, "WEBP", quality=_QUALITY, method=4)
    return webp.getvalue()
