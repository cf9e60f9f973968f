"""`artvec search`: the pictures most similar to given ones."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artvec.core.errors import ArtvecError
from artvec_cli import options
from artvec_cli.options import examples
from artvec_cli.path_list import paths_on_stdin
from artvec_cli.render import Output, error, table

if TYPE_CHECKING:
    from artvec.commands.search import Hit, QueryError, SearchReport

_HINTS = {
    "find": "give an existing picture, or the path of a row as a search shows it",
    "read": "check the file and its permissions",
    "decode": "open the file in an image viewer, and save it again if that can read it",
}
_REASON_HINTS = {
    "outside": "give a smaller --crop, or one in shares of the picture: --crop 0.5,0,0.5,0.5",
    "not_an_image": "give a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF",
    "unsupported_mode": "save it as JPEG, or as PNG of 8 bits a colour, and give that",
}
_LONGEST_PATH = 4096
_SHOWN = 60
EPILOG = examples(
    "artvec search query.jpg -k 5",
    "artvec search baroque/a.jpg --exclude-self --unique",
    "artvec search query.jpg --where \"label == 'baroque' and year < 1700\" --show artist,year",
    "artvec search query.jpg --crop 0.5,0,0.5,0.5 --html hits.html",
    "artvec search a.jpg b.jpg --combine",
    "find . -name '*.jpg' -print0 | artvec search - --json",
)
_LONG_LABEL = 40


def search_command(
    queries: Annotated[
        list[str],
        typer.Argument(
            metavar="QUERY...",
            help="Pictures, folders, paths of rows, or - for paths on stdin: one a line, or each "
            "ended by NUL where a NUL occurs (find -print0).",
        ),
    ],
    index: options.Index = None,
    k: Annotated[int, typer.Option("-k", help="Hits per query.")] = 5,
    exclude_self: Annotated[
        bool, typer.Option("--exclude-self", help="Leave the query's own row out.")
    ] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Scan every row, whatever index there is.")
    ] = False,
    unique: Annotated[
        bool, typer.Option("--unique", help="Show each picture once, however many rows have it.")
    ] = False,
    where: options.Where = None,
    show: options.Show = None,
    crop: options.Crop = None,
    combine: Annotated[
        bool, typer.Option("--combine", help="Search once, for the mean of all queries.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write a contact sheet to this file.")] = None,
    device: options.Device = "auto",
    engine: options.Engine = "auto",
    precision: options.Precision = "auto",
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Find the pictures most similar to each QUERY, by cosine similarity."""
    from artvec.collection import locate
    from artvec.commands.search import SearchOptions, search_collection
    from artvec.core.types import EncoderOptions
    from artvec.images.detail import parse_detail

    output = Output(quiet, as_json)
    folder = locate.existing(index, command="artvec search QUERY")
    wanted = SearchOptions(
        k=k,
        exclude_self=exclude_self,
        exact=exact,
        unique=unique,
        where=where,
        show=_names(show),
        crop=parse_detail(crop) if crop is not None else None,
        combine=combine,
        encoder=EncoderOptions(engine, device, precision),
    )
    report = search_collection(folder, _expanded(queries), wanted)
    if html is not None:
        _write_html(report, html)
    _render(report, output)
    return 0 if report.queries else 1


def _names(show: str | None) -> tuple[str, ...]:
    """Split column names at commas; a name that holds one is written in double quotes."""
    words = next(csv.reader([show or ""], skipinitialspace=True), [])
    return tuple(dict.fromkeys(word.strip() for word in words))


def _expanded(queries: list[str]) -> list[str]:
    expanded: list[str] = []
    for query in queries:
        expanded += paths_on_stdin() if query == "-" else [query]
    if not expanded:
        raise ArtvecError(
            "no query was given", "give pictures, or their paths on stdin", usage=True
        )
    return expanded


def _write_html(report: SearchReport, file: Path) -> None:
    from artvec.reports.search.contact_sheet import html_sheet

    try:
        file.write_text(html_sheet(report), encoding="utf-8", errors="backslashreplace")
    except OSError as failure:
        raise ArtvecError(
            f"{file} can't be written: {failure.strerror}", "choose another place: --html FILE"
        ) from failure


def _render(report: SearchReport, output: Output) -> None:
    from artvec.api.hits import search_fields

    output.notes(report.notes)
    for failure in report.errors:
        message = f"{_cut(failure.query)}: {failure.reason} ({failure.message})"
        error(ArtvecError(message, _hint(failure)))
    if not output.json:
        _tables(report, output)
    output.object(search_fields(report))


def _hint(failure: QueryError) -> str:
    from artvec.images.unread_formats import HEIC_REMEDY

    if HEIC_REMEDY in failure.message:
        return f"{HEIC_REMEDY}, or give the picture as JPEG or PNG"
    by_stage = _HINTS.get(failure.stage, "give another picture")
    return _REASON_HINTS.get(failure.reason, by_stage)


def _cut(query: str) -> str:
    """Cut what is too long for any path, such as a line of a file that is no list."""
    return (
        query if len(query) <= _LONGEST_PATH else f"{query[:_SHOWN]}… ({len(query):,} characters)"
    )


def _tables(report: SearchReport, output: Output) -> None:
    more = [name for name in report.show if name not in ("label", "path")]
    for at, query in enumerate(report.queries):
        if at:
            output.line("")
        if len(report.queries) > 1:
            output.line(query.query)
        folded = ["copies"] if any(hit.duplicates for hit in query.hits) else []
        headers = ["rank", "score", "label", *more, *folded, "path"]
        rows = [_cells(hit, more, folded=bool(folded)) for hit in query.hits]
        is_long = any(len(hit.label or "") > _LONG_LABEL for hit in query.hits)
        shorten = ["label", *more] if is_long else more
        table(headers, rows, {hit.path: hit.file for hit in query.hits}, shorten=shorten)


def _cells(hit: Hit, more: Sequence[str], *, folded: bool) -> list[str]:
    values = ["" if hit.value(name) is None else str(hit.value(name)) for name in more]
    duplicates = [str(len(hit.duplicates or ()))] if folded else []
    return [str(hit.rank), f"{hit.score:.4f}", hit.label or "", *values, *duplicates, hit.path]
