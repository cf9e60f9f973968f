"""The contact sheet of a search: each query beside its hits, as one HTML page or one PNG."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from artvec.commands.search import Hit, Picture, QueryHits, SearchReport
from artvec.core.wording import shortened
from artvec.images.srgb import to_srgb
from artvec.reports.shared.sheet import Shown, data_uri, link, thumbnail
from artvec.reports.shared.templates import page

_THUMBNAIL_PX, _SMALL_PX = 240, 128
_CELL_PX = 200
_GAP_PX = 12
_CAPTION_PX = 34
_CAPTION_LETTERS = 20
_OUTSIDE_BRIGHTNESS = 0.45


def html_sheet(report: SearchReport) -> str:
    """Return a page that needs no other file and no network; every name is escaped."""
    rows = [
        (
            [_query(picture, _THUMBNAIL_PX) for picture in query.pictures],
            [_hit(hit, report.show, _THUMBNAIL_PX) for hit in query.hits],
        )
        for query in report.queries
    ]
    values = {"index": report.index.name, "k": report.k, "rows": rows}
    return page(
        "search/contact_sheet.html", values | {"errors": report.errors, "notes": report.notes}
    )


def html_hits(found: QueryHits, show: Sequence[str]) -> str:
    """Return a query and its hits as a part of a page, e.g. of a notebook; names are escaped."""
    shown = [_query(picture, _SMALL_PX) for picture in found.pictures]
    hits = [_hit(hit, show, _SMALL_PX) for hit in found.hits]
    values = {"queries": shown, "hits": hits}
    return page("search/notebook.html", values)


def png_sheet(queries: Sequence[QueryHits]) -> Image.Image:
    """Return the queries, a row each (of a combined one its first picture), hits to the right."""
    columns = 1 + max((len(query.hits) for query in queries), default=0)
    width = columns * (_CELL_PX + _GAP_PX) + 2 * _GAP_PX
    height = len(queries) * (_CELL_PX + _CAPTION_PX + _GAP_PX) + _GAP_PX
    sheet = Image.new("RGB", (width, height), "white")
    for at, query in enumerate(queries):
        top = _GAP_PX + at * (_CELL_PX + _CAPTION_PX + _GAP_PX)
        for picture in query.pictures[:1]:
            _paste(sheet, small_picture(picture, _CELL_PX), (_GAP_PX, top), "query")
        for hit in query.hits:
            left = 2 * _GAP_PX + hit.rank * (_CELL_PX + _GAP_PX)
            _paste(
                sheet,
                thumbnail(hit.file, _CELL_PX),
                (left, top),
                f"{hit.score:.3f}  {shortened(hit.label or '', _CAPTION_LETTERS)}",
            )
        line = _GAP_PX + _CELL_PX + _GAP_PX
        ImageDraw.Draw(sheet).line([(line, top), (line, top + _CELL_PX)], fill="#999", width=1)
    return sheet


def _query(picture: Picture, side_px: int) -> Shown:
    part = ""
    if picture.crop:
        left, top, width, height = picture.crop
        part = f"part {width} × {height} at {left}, {top}"
    facts = (("searched by", part),) if part else ()
    alt = f"query {picture.query}{', ' + part if part else ''}"
    small = small_picture(picture, side_px)
    uri = None if small is None else data_uri(_with_crop(small, picture))
    return Shown(
        picture.query, alt, link(picture.file) if picture.file else "", uri, "query", facts=facts
    )


def _hit(hit: Hit, show: Sequence[str], side_px: int) -> Shown:
    names = [name for name in show if name not in ("path", "label")] or list(hit.metadata)
    values = ((name, hit.value(name)) for name in names)
    facts = tuple((name, str(value)) for name, value in values if value is not None)
    small = thumbnail(hit.file, side_px)
    return Shown(
        title=hit.path,
        alt=f"hit {hit.rank}: {hit.path}",
        link=link(hit.file),
        picture=None if small is None else data_uri(small),
        label=hit.label or "",
        score=f"{hit.score:.3f}",
        facts=facts,
        duplicates=hit.duplicates or (),
    )


def small_picture(picture: Picture, side_px: int) -> Image.Image | None:
    """Return a small copy of what was searched by, upright; None where it can't be shown."""
    if picture.image is None:
        return None if picture.file is None else thumbnail(picture.file, side_px)
    small = to_srgb(ImageOps.exif_transpose(picture.image))
    small.thumbnail((side_px, side_px))
    return small


def _with_crop(thumbnail: Image.Image, picture: Picture) -> Image.Image:
    """Frame the part that was searched by, and darken the rest."""
    if picture.crop is None or picture.size is None:
        return thumbnail
    across, down = (a / b for a, b in zip(thumbnail.size, picture.size, strict=True))
    left, top, width, height = picture.crop
    box = (
        round(left * across),
        round(top * down),
        max(round((left + width) * across), round(left * across) + 1),
        max(round((top + height) * down), round(top * down) + 1),
    )
    dimmed = ImageEnhance.Brightness(thumbnail).enhance(_OUTSIDE_BRIGHTNESS)
    dimmed.paste(thumbnail.crop(box), box)
    ImageDraw.Draw(dimmed).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline="white")
    return dimmed


def _paste(
    sheet: Image.Image, small: Image.Image | None, at: tuple[int, int], caption: str
) -> None:
    left, top = at
    picture = small or Image.new("RGB", (_CELL_PX, _CELL_PX), "#ddd")
    across, down = (_CELL_PX - picture.width) // 2, (_CELL_PX - picture.height) // 2
    sheet.paste(picture, (left + across, top + down))
    draw = ImageDraw.Draw(sheet)
    draw.text((left, top + _CELL_PX + 6), caption, fill="#333", font=ImageFont.load_default(15))
