"""The contact sheet of duplicates: a row a picture, its file of best quality first."""

from __future__ import annotations

from artvec.commands.duplicates import DuplicatesReport, File, Group
from artvec.core.wording import counted
from artvec.reports.shared.sheet import Shown, data_uri, link, thumbnail
from artvec.reports.shared.templates import page

_THUMBNAIL_PX = 160
_MOST_FILES = 1200
"""Thumbnails on a page, which keeps it below 15 MB."""
_MOST_OF_A_GROUP = 24


def copies_sheet(report: DuplicatesReport) -> str:
    """Return a page that needs no other file and no network; every name is escaped."""
    groups = []
    room = _MOST_FILES
    for number, group in enumerate(report.groups, 1):
        files = group.files[:_MOST_OF_A_GROUP]
        if len(files) > room:
            break
        room -= len(files)
        shown = [_shown(file, first=at == 0) for at, file in enumerate(files)]
        groups.append((_title(number, group), shown, len(group.files) - len(files)))
    values = {"index": report.index.name, "groups": groups, "notes": report.notes}
    among = counted(report.n_images, "picture")
    copies = counted(report.n_copies, "superfluous copy", "superfluous copies")
    summary = (
        f"{counted(len(report.groups), 'group')} among {among}; "
        f"{copies}, {report.copy_bytes / 1e6:,.1f} MB."
    )
    return page(
        "duplicates/groups.html",
        values | {"summary": summary, "left": len(report.groups) - len(groups)},
    )


def _title(number: int, group: Group) -> str:
    leak = ", in different splits" if group.leak else ""
    return f"{number}: {group.kind}, {len(group.files)} files{leak}"


def _shown(file: File, *, first: bool) -> Shown:
    facts = [("size", f"{file.width} × {file.height}, {file.size_bytes:,} bytes")]
    if not first:
        facts.append(("hash bits", str(file.hash_bits)))
    if file.split:
        facts.append(("split", file.split))
    small = thumbnail(file.file, _THUMBNAIL_PX)
    return Shown(
        title=file.path,
        alt=file.path,
        link=link(file.file),
        picture=None if small is None else data_uri(small),
        label=file.label or "",
        score="best" if first else f"{file.similarity:.3f}",
        facts=tuple(facts),
    )
