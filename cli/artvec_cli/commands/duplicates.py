"""`artvec duplicates`: which files show the same picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artvec.core.errors import ArtvecError
from artvec.core.wording import counted
from artvec_cli import options, places
from artvec_cli.options import examples
from artvec_cli.render import Output, table

if TYPE_CHECKING:
    from artvec.commands.duplicates import DuplicatesReport, Group

EPILOG = examples(
    "artvec duplicates",
    "artvec duplicates -i paintings --csv copies.csv --html copies.html",
    "artvec duplicates --looks 0 --json",
)
_LISTED, _LISTED_FILES = 10, 6


def duplicates_command(
    index: options.Index = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write a line for every file of a group.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a contact sheet to this file.")] = None,
    looks: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Compare at most so many close pairs by their pictures, which finds crops; "
            "0 opens no picture.",
        ),
    ] = 5000,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Find files that show the same picture, the best of each first; nothing is deleted."""
    from artvec.api.results import Duplicates
    from artvec.collection import locate
    from artvec.commands.duplicates import find_duplicates

    output = Output(quiet, as_json)
    places.check({"--csv": csv, "--html": html})
    folder = locate.existing(index, command="artvec duplicates")
    with output.progress("comparing") as progress:
        report = find_duplicates(folder, looks=looks, progress=progress)
    _write(report, csv, html)
    output.notes(report.notes)
    if not output.json:
        _show(report, output, verbose=verbose)
    written = {name: file for name, file in {"csv": csv, "html": html}.items() if file}
    output.object(Duplicates(report).to_dict() | written)
    return 0


def _write(report: DuplicatesReport, csv: Path | None, html: Path | None) -> None:
    from artvec.commands.duplicates import write_csv

    option, file = "--csv", csv
    try:
        if csv is not None:
            write_csv(report.groups, csv)
        if html is not None:
            from artvec.core.files import write_whole
            from artvec.reports.duplicates.groups_page import copies_sheet

            option, file = "--html", html
            write_whole(html, copies_sheet(report).encode("utf-8", "backslashreplace"))
    except OSError as failure:
        raise ArtvecError(
            f"{file} can't be written: {failure.strerror}", f"choose another place: {option} FILE"
        ) from failure


def _show(report: DuplicatesReport, output: Output, *, verbose: bool) -> None:
    groups = report.groups if verbose else report.groups[:_LISTED]
    rows = []
    for number, group in enumerate(groups, 1):
        files = _cells(number, group)
        rows += files if verbose else files[:_LISTED_FILES]
        if not verbose and len(files) > _LISTED_FILES:
            rows.append([""] * 5 + [f"… {len(files) - _LISTED_FILES:,} more"])
    if rows:
        links = {file.path: file.file for group in groups for file in group.files}
        headers = ["group", "kind", "pixels", "bytes", "split", "path"]
        table(headers, rows, links)
    if len(groups) < len(report.groups):
        output.line(f"… {len(report.groups) - len(groups):,} more groups: -v, --csv, --html")
    output.line(_summary(report))


def _cells(number: int, group: Group) -> list[list[str]]:
    return [
        [
            str(number) if at == 0 else "",
            group.kind if at == 0 else "",
            f"{file.width} × {file.height}",
            f"{file.size_bytes:,}",
            file.split or "",
            file.path,
        ]
        for at, file in enumerate(group.files)
    ]


def _summary(report: DuplicatesReport) -> str:
    among = counted(report.n_images, "picture")
    if not report.groups:
        return f"no duplicates among {among}"
    exact = sum(group.kind == "exact" for group in report.groups)
    groups = counted(len(report.groups), "group")
    counts = f"{groups} ({exact:,} exact, {len(report.groups) - exact:,} near)"
    leaks = f"; {counted(report.n_leaks, 'group')} across splits" if report.n_leaks else ""
    copies = counted(report.n_copies, "superfluous copy", "superfluous copies")
    taken = f"{copies}, {report.copy_bytes / 1e6:,.1f} MB"
    return f"{counts} among {among}; {taken}{leaks}; nothing was deleted"
