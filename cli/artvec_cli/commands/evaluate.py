"""`artvec eval`: what can truthfully be said of a collection's embeddings."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from artvec.metrics.registry import EVALUATION, GEOMETRY
from artvec_cli import completion, options
from artvec_cli.options import examples
from artvec_cli.render import Output

_WIDTH = 76


def _definitions() -> str:
    r"""Lay the definitions out for the help page (`\b` forbids rewrapping)."""
    lines = []
    for one in (*EVALUATION, *GEOMETRY):
        lines += textwrap.wrap(", ".join(one.keys), _WIDTH, initial_indent="  ")
        indent = " " * 6
        lines += textwrap.wrap(one.meaning, _WIDTH, initial_indent=indent, subsequent_indent=indent)
    return "\b\nFigures (docs/figures.md says how to read them):\n" + "\n".join(lines)


EPILOG = f"""{_definitions()}

{
    examples(
        "artvec eval",
        "artvec eval -i paintings --group artist --json",
        "artvec eval --gallery gallery --queries query",
        "artvec eval --gallery train --queries train",
        "artvec eval -i paintings-a --ensemble runs/a --ensemble runs/b",
        "artvec eval -i paintings --concat paintings-colour",
    )
}"""


def evaluate_command(
    index: options.Index = None,
    gallery: Annotated[
        str, typer.Option(metavar="SPLIT", help="Split to search and to learn from.")
    ] = "train",
    queries: Annotated[
        str,
        typer.Option(
            metavar="SPLIT",
            help="Split of the queries. If it is the gallery's, no row finds itself.",
        ),
    ] = "test",
    group: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Resample whole groups of this column. kNN, precision and recall are given a "
            "second time without gallery rows of the query's own group. Default: the collection's.",
            autocompletion=completion.columns,
        ),
    ] = None,
    ensemble: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="RUN", help="Average the heads of several runs. Repeat it for each run."
        ),
    ] = None,
    concat: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|PATH|RUN",
            help="Append the vectors of another collection to these, each at length 1. Repeatable.",
        ),
    ] = None,
    allow_leak: Annotated[
        bool,
        typer.Option(
            "--allow-leak",
            help="Report queries that a run was trained on, instead of refusing them.",
        ),
    ] = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Measure embeddings by labels: leaks first, then every figure with its 95 % interval."""
    from artvec.api.results import Evaluation
    from artvec.collection import locate
    from artvec.commands.evaluate import EvaluateOptions, evaluate_collection
    from artvec_cli import evaluation

    output = Output(quiet, as_json)
    folder = locate.existing(index, command="artvec eval")
    wanted = EvaluateOptions(
        gallery, queries, group, tuple(ensemble or ()), tuple(concat or ()), allow_leak
    )
    with output.progress("evaluating") as progress:
        report = evaluate_collection(folder, wanted, progress=progress)
    output.notes(report.notes)
    if not output.json:
        evaluation.show(report, output, verbose=verbose)
    output.object(Evaluation(report).to_dict())
    return 0
