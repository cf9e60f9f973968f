"""Compose the page: choose pictures, pack points, render, write; within 15 MB whatever comes."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from artvec.collection.index.record import state_of
from artvec.commands.cluster import Findings
from artvec.core.files import replaced_whole
from artvec.core.progress import Progress, silent
from artvec.core.version import __version__
from artvec.core.wording import counted
from artvec.reports.cluster.page_pictures import PagePictures, choose_pictures
from artvec.reports.cluster.plots import label_table, silhouette_plot
from artvec.reports.cluster.points import Points, pack
from artvec.reports.cluster.thumbnails import (
    Thumbnails,
    drop_former,
    make_thumbnails,
    write_folder,
)
from artvec.reports.cluster.words import (
    lines_of_evaluation,
    lines_of_quality,
    note_sentence,
    summary,
)
from artvec.reports.shared import palette
from artvec.reports.shared.counts import confusion_table
from artvec.reports.shared.templates import page as fill

MAX_BYTES = 15_000_000
_OTHER_BYTES = 2_000_000
"""Set aside for everything but points and pictures: scripts (0.3 MB), tables, names."""
_FAILURES_SHOWN = 200
_SCRIPTS = ("vendor/regl-scatterplot.min.js", "data.js", "map.js", "pictures.js", "page.js")


@dataclass(frozen=True, slots=True)
class PageReport:
    """What was written.

    Attributes:
        file: The page.
        size_bytes: Of the page.
        pictures: Within it.
        points: On its map.
        thumbnails: Folder beside it, where one was asked for.
        notes: What a user should know.
    """

    file: Path
    size_bytes: int
    pictures: int
    points: int
    thumbnails: Path | None
    notes: tuple[str, ...]


def write_page(
    file: Path, findings: Findings, *, full: bool = False, progress: Progress = silent
) -> PageReport:
    """Write the page of a collection; a former one stays until the new one is whole.

    Args:
        file: Its folder is made where it isn't there.
        findings: What to show.
        full: Write thumbnails of all points into a folder beside the page, too.
        progress: Told of pictures.

    Raises:
        OSError: It can't be written.
    """
    file = file.absolute()
    file.parent.mkdir(parents=True, exist_ok=True)
    shown = choose_pictures(findings)
    wanted = shown.rows(findings.collection.rows)
    points = pack(findings, wanted)
    packed = _json(points.columns)
    room = MAX_BYTES - _OTHER_BYTES - len(packed)
    pictures = make_thumbnails(findings, wanted, room, progress)
    folder = _thumbnails_folder(file, findings) if full else None
    if folder is not None:
        list(write_folder(findings, points.rows.tolist(), folder, progress))
    notes = (*findings.notes, *_notes(findings, points, len(pictures.gone)))
    page = _Page(file, findings, shown, points, pictures, folder, notes)
    text = _rendered(page).encode("utf-8", "backslashreplace")
    with replaced_whole(file) as beside:
        beside.write_bytes(text)
    if folder is not None:
        drop_former(folder)
    return PageReport(file, len(text), len(pictures.texts), len(points.rows), folder, notes)


@dataclass(frozen=True, slots=True)
class _Page:
    file: Path
    findings: Findings
    shown: PagePictures
    points: Points
    pictures: Thumbnails
    folder: Path | None
    notes: tuple[str, ...]


def _thumbnails_folder(file: Path, findings: Findings) -> Path:
    """Return a folder that is these rows' own: rows of another state have other numbers."""
    state = state_of(findings.collection.manifest)[:12]
    return file.with_name(f"{file.stem}-thumbnails") / state


def _notes(findings: Findings, points: Points, missing: int) -> list[str]:
    notes = []
    if len(points.rows) < findings.collection.rows:
        notes.append(
            f"the map shows {len(points.rows):,} of {findings.collection.rows:,} pictures, "
            "evenly chosen, so that the page stays small"
        )
    if points.left_out:
        notes.append(f"no room in the page for: {', '.join(points.left_out)}")
    if missing:
        notes.append(
            f"{counted(missing, 'picture')} shown by name only: gone from "
            f"{findings.collection.source}, or broken there"
        )
    return notes


def _rendered(page: _Page) -> str:
    findings, evaluation = page.findings, page.findings.evaluation
    return fill(
        "cluster/page.html",
        {
            "findings": findings,
            "shown": page.shown,
            "summary": list(summary(findings)),
            "notes": [note_sentence(note) for note in page.notes],
            "quality": lines_of_quality(findings.quality),
            "evaluated": lines_of_evaluation(evaluation.figures) if evaluation else [],
            "silhouettes": silhouette_plot(findings),
            "labels": label_table(findings),
            "confusion": confusion_table(evaluation.confusion, evaluation.classes)
            if evaluation
            else None,
            "reasons": Counter(failure.reason for failure in findings.failures).most_common(),
            "failures": findings.failures[:_FAILURES_SHOWN],
            "encoder": findings.collection.manifest.encoder,
            "projection": findings.projection,
            "colour_of": palette.colour_of,
            "version": __version__,
            "scripts": [_asset(name) for name in _SCRIPTS],
            "data": _json(_data(page)),
            "pictures": _json(page.pictures.texts),
        },
    )


def _data(page: _Page) -> dict[str, Any]:
    source = page.findings.collection.source
    return {
        "columns": page.points.columns,
        "clusters": len(page.findings.groups.medoids),
        "palette": palette.CATEGORIES,
        "none": palette.NONE,
        "scale": palette.SCALE_STOPS,
        "source": _link(source, page.file.parent) if source.is_dir() else None,
        "gone": page.pictures.gone,
        "thumbnails": _link(page.folder, page.file.parent) if page.folder else None,
    }


def _link(folder: Path, start: Path) -> str:
    """Return a link to a folder, relative so that page and pictures can move together."""
    try:
        return quote(os.fsencode(Path(os.path.relpath(folder, start)).as_posix())) + "/"
    except ValueError:  # on another drive
        return folder.as_uri() + "/"


def _json(value: Mapping[str, Any] | Mapping[int, str] | Sequence[Any]) -> str:
    """Return JSON that can stand in a script element: no `<` can end it."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _asset(name: str) -> str:
    return files("artvec.reports.cluster").joinpath(name).read_text(encoding="utf-8")
