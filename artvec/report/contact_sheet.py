"""The contact sheet of a search: each query beside its hits, as one HTML page or one PNG."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape
from PIL import Image, ImageDraw, ImageFont

from artvec.images.decode import Undecodable, load_picture
from artvec.search import Hit, QueryHits, SearchReport

_THUMBNAIL_PX = 240
_CELL_PX = 200
_GAP_PX = 12
_CAPTION_PX = 34


@dataclass(frozen=True, slots=True)
class _Shown:
    title: str
    label: str
    score: str
    link: str
    picture: str | None
    facts: tuple[tuple[str, str], ...] = ()


def html_sheet(report: SearchReport) -> str:
    """Return a page that needs no other file and no network; every name is escaped."""
    environment = Environment(
        loader=PackageLoader("artvec.report", "."), autoescape=select_autoescape(default=True)
    )
    rows = [(_query(query), [_hit(hit) for hit in query.hits]) for query in report.queries]
    template = environment.get_template("contact_sheet.html")
    return template.render(index=report.index.name, k=report.k, rows=rows, errors=report.errors)


def png_sheet(queries: Sequence[QueryHits]) -> Image.Image:
    """Return the queries, a row each, with their hits to the right."""
    columns = 1 + max((len(query.hits) for query in queries), default=0)
    width = columns * (_CELL_PX + _GAP_PX) + 2 * _GAP_PX
    height = len(queries) * (_CELL_PX + _CAPTION_PX + _GAP_PX) + _GAP_PX
    sheet = Image.new("RGB", (width, height), "white")
    for at, query in enumerate(queries):
        top = _GAP_PX + at * (_CELL_PX + _CAPTION_PX + _GAP_PX)
        _paste(sheet, query.file, (_GAP_PX, top), "query")
        for hit in query.hits:
            left = 2 * _GAP_PX + hit.rank * (_CELL_PX + _GAP_PX)
            _paste(sheet, hit.file, (left, top), f"{hit.score:.3f}  {hit.label or ''}")
        line = _GAP_PX + _CELL_PX + _GAP_PX
        ImageDraw.Draw(sheet).line([(line, top), (line, top + _CELL_PX)], fill="#999", width=1)
    return sheet


def _query(query: QueryHits) -> _Shown:
    return _Shown(query.query, "query", "", _link(query.file), _data_uri(query.file))


def _hit(hit: Hit) -> _Shown:
    facts = tuple((k, str(v)) for k, v in hit.metadata.items() if v is not None)
    score = f"{hit.score:.3f}"
    return _Shown(hit.path, hit.label or "", score, _link(hit.file), _data_uri(hit.file), facts)


def _link(file: Path) -> str:
    return file.absolute().as_uri()


def _data_uri(file: Path) -> str | None:
    try:
        thumbnail = load_picture(file, side_px=_THUMBNAIL_PX)
    except Undecodable:
        return None
    jpeg = io.BytesIO()
    thumbnail.save(jpeg, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.getvalue()).decode()}"


def _paste(sheet: Image.Image, file: Path, at: tuple[int, int], caption: str) -> None:
    left, top = at
    try:
        picture = load_picture(file, side_px=_CELL_PX)
    except Undecodable:
        picture = Image.new("RGB", (_CELL_PX, _CELL_PX), "#ddd")
    across, down = (_CELL_PX - picture.width) // 2, (_CELL_PX - picture.height) // 2
    sheet.paste(picture, (left + across, top + down))
    draw = ImageDraw.Draw(sheet)
    draw.text((left, top + _CELL_PX + 6), caption, fill="#333", font=ImageFont.load_default(15))
