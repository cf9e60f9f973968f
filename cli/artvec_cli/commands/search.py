"""`artvec search`: the pictures most similar to given ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artvec.errors import ArtvecError
from artvec_cli import options
from artvec_cli.options import examples
from artvec_cli.render import Output, error, table

if TYPE_CHECKING:
    from artvec.search import SearchReport

_HINTS = {
    "find": "give an existing picture, or the path of a row as a search shows it",
    "read": "check the file and its permissions",
    "decode": "open the file in an image viewer, and save it again if that can read it",
}
EXAMPLES = examples(
    "artvec search query.jpg -k 5",
    "artvec search baroque/a.jpg --exclude-self",
    "find . -name '*.jpg' | artvec search - --json",
    "artvec search queries/ --html hits.html",
)


def search_command(
    queries: Annotated[
        list[str],
        typer.Argument(
            metavar="QUERY...",
            help="Pictures, folders, paths of rows, or - for paths on stdin, a line each.",
        ),
    ],
    index: options.Index = None,
    k: Annotated[int, typer.Option("-k", help="Hits a query.")] = 5,
    exclude_self: Annotated[
        bool, typer.Option("--exclude-self", help="Leave the query's own row out.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write a contact sheet to this file.")] = None,
    device: options.Device = "auto",
    engine: options.EngineOption = options.Engine.auto,
    precision: options.PrecisionOption = options.Precision.auto,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Find the pictures most similar to each QUERY, by cosine similarity, exactly."""
    from artvec.collection import locate
    from artvec.search import SearchOptions, search
    from artvec.types import EncoderOptions

    output = Output(quiet, as_json)
    folder = locate.existing(index, command="artvec search QUERY")
    encoder = EncoderOptions(engine.value, device, precision.value)
    report = search(folder, _expanded(queries), SearchOptions(k, exclude_self, encoder))
    if html is not None:
        _write_html(report, html)
    _render(report, output)
    return 0 if report.queries else 1


def _expanded(queries: list[str]) -> list[str]:
    expanded = []
    for query in queries:
        lines = sys.stdin.read().split("\n") if query == "-" else [query]
        expanded += [line.removesuffix("\r") for line in lines if line]
    if not expanded:
        raise ArtvecError(
            "no query was given", "give pictures, or their paths on stdin", usage=True
        )
    return expanded


def _write_html(report: SearchReport, file: Path) -> None:
    from artvec.report.contact_sheet import html_sheet

    try:
        file.write_text(html_sheet(report), encoding="utf-8", errors="backslashreplace")
    except OSError as failure:
        raise ArtvecError(
            f"{file} can't be written: {failure.strerror}", "choose another place: --html FILE"
        ) from failure


def _render(report: SearchReport, output: Output) -> None:
    output.notes(report.notes)
    for failure in report.errors:
        message = f"{failure.query}: {failure.reason} ({failure.message})"
        error(ArtvecError(message, _HINTS.get(failure.stage, "give another picture")))
    for at, query in enumerate(report.queries):
        if output.json:
            break
        if at:
            output.line("")
        if len(report.queries) > 1:
            output.line(query.query)
        rows = [[str(h.rank), f"{h.score:.4f}", h.label or "", h.path] for h in query.hits]
        table(("rank", "score", "label", "path"), rows, {h.path: h.file for h in query.hits})
    queries = [{"query": query.query, "hits": query.hits} for query in report.queries]
    output.object(
        {"index": report.index, "k": report.k, "queries": queries, "errors": report.errors}
    )
