"""`artvec index`: build the index of a collection, and say how good and how fast it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from artvec_cli import options
from artvec_cli.options import examples
from artvec_cli.render import Output

if TYPE_CHECKING:
    from artvec.commands.index import IndexReport

EPILOG = examples(
    "artvec index",
    "artvec index --recipe rabitq --min-recall 0.95",
    "artvec index --recipe auto --max-memory 4G",
    "artvec index --recipe 'OPQ32,IVF1024,PQ32x4fs'",
)


def index_command(
    index: options.Index = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="auto|flat|hnsw|ivf|rabitq|ivfpq|FACTORY",
            help="auto scans up to 1 GB of vectors and builds rabitq above; or any FAISS factory "
            "string. Default: what was asked for last, else auto.",
        ),
    ] = None,
    max_memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Build within so much memory, e.g. 4G.")
    ] = None,
    min_recall: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Exit 1, and change nothing, if recall@10 stays below."),
    ] = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Build the index anew; say its recall@10 against an exact scan, latency and size."""
    from artvec.collection import locate
    from artvec.commands.index import build_index, memory_size

    output = Output(quiet, as_json)
    folder = locate.existing(index, command="artvec index")
    with output.progress(f"indexing {folder.name}") as progress:
        report = build_index(
            folder,
            recipe=recipe,
            min_recall=min_recall,
            max_memory=memory_size(max_memory) if max_memory else None,
            progress=progress,
        )
    _render(report, output, verbose=verbose)
    return 0


def _render(report: IndexReport, output: Output, *, verbose: bool) -> None:
    from artvec.api.states import IndexFigures

    output.notes([report.why])
    speed = report.latency_ms
    latency = f", {speed['p50']:.2f} ms a query (p95 {speed['p95']:.2f})" if speed else ""
    output.line(
        f"{report.index.name}: {report.recipe}, {report.rows} rows, "
        f"recall@10 {report.recall_at_10:.3f}{latency}, {report.bytes / 1e6:.1f} MB"
    )
    if verbose and report.factory:
        parameters = ", ".join(f"{name} {value}" for name, value in report.parameters.items())
        output.line(f"FAISS factory {report.factory}; {parameters}; {report.build_seconds:.1f} s")
    output.object(IndexFigures(report).to_dict())
