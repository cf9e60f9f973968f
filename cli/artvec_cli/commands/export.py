"""`artvec export`: a collection as one file for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from artvec.core.choices import ExportFormat
from artvec_cli import options
from artvec_cli.options import examples
from artvec_cli.render import Output

EPILOG = examples(
    "artvec export --format parquet",
    "artvec export --format npz -o vectors.npz",
    "artvec export --format parquet --projection",
)


def export_command(
    form: Annotated[ExportFormat, typer.Option("--format", help="File format.")],
    index: options.Index = None,
    file: Annotated[
        Path | None, typer.Option("-o", "--output", help="Default: ./<collection>.<format>.")
    ] = None,
    projection: Annotated[
        bool, typer.Option("--projection", help="With the map's coordinates (artvec cluster).")
    ] = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Write a collection as one file: a row or an array entry per picture, vectors as float32."""
    from artvec.api.states import Exported
    from artvec.collection import locate
    from artvec.commands.export import export_collection

    output = Output(quiet, as_json)
    folder = locate.existing(index, command=f"artvec export --format {form}")
    report = export_collection(folder, form, file, projection=projection)
    output.notes(report.notes)
    output.notes([f"column {old!r} is {new!r} there" for old, new in report.renamed.items()])
    output.line(f"{report.file}: {report.rows} rows")
    output.object(Exported(report).to_dict())
    return 0
