"""`artvec compare`: encoders side by side on the same images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artvec_cli import completion, options, places
from artvec_cli.comparison import show
from artvec_cli.options import examples
from artvec_cli.render import Output

if TYPE_CHECKING:
    from artvec.commands.compare import Comparison

EPILOG = f"""Figures are those of artvec eval, with one gallery and the same queries for all.
Differences are a minus b on the same queries. 'better' and 'worse' mean that the 95 %
bootstrap interval excludes 0. The interval covers the choice of test images, not that of
training images or seeds. It is not adjusted for the number of comparisons. McNemar's p is
adjusted (Holm).

Parameters, MB (float32), multiplications with additions and layers (convolutions and linear
layers) are those that make the embedding, without the classifier. Speeds are forward passes
on this machine now, all encoders in turns: images/s in whole batches, ms one image at a time.

{
    examples(
        "artvec compare paintings paintings-colour",
        "artvec compare --models tf_efficientnet_lite0,simple_cnn,colour:4x4 ./paintings",
        "artvec compare paintings runs/styles --html comparison.html --csv comparison.csv",
    )
}"""


def compare_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="A [B...]",
            help="Collections, or run directories that embedded one.",
            autocompletion=completion.collections,
        ),
    ] = None,
    models: Annotated[
        tuple[str, Path] | None,
        typer.Option(
            metavar="M,N SOURCE",
            help="Compare these backbones on a folder. What is missing is embedded first, "
            "as <folder>-<backbone>.",
        ),
    ] = None,
    gallery: Annotated[str, typer.Option(help="Split to search and to learn from.")] = "train",
    queries: Annotated[str, typer.Option(help="Split of the queries.")] = "test",
    group: Annotated[
        str | None,
        typer.Option(
            help="Resample whole groups of this column, e.g. artist.",
            autocompletion=completion.columns,
        ),
    ] = None,
    allow_leak: Annotated[
        bool,
        typer.Option(
            "--allow-leak",
            help="Report queries that a run was trained on, instead of refusing them.",
        ),
    ] = False,
    no_speed: Annotated[
        bool, typer.Option("--no-speed", help="Don't measure speed (images/s, ms).")
    ] = False,
    device: options.Device = "auto",
    html: Annotated[Path | None, typer.Option(help="Write an HTML page to this file.")] = None,
    figures: Annotated[Path | None, typer.Option(help="Write charts (PNG) to this folder.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write all figures (CSV) to this file.")] = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Compare encoders on the images that all have: figures, paired differences, costs."""
    from artvec.api import comparison as results
    from artvec.commands.compare import CompareOptions, compare_collections, compare_models
    from artvec.core.types import EncoderOptions

    output = Output(quiet, as_json)
    places.check({"--html": html, "--csv": csv}, figures)
    encoder = EncoderOptions(device=device)
    wanted = CompareOptions(gallery, queries, group, allow_leak, None if no_speed else encoder)
    with output.progress("embedding and comparing" if models else "comparing") as progress:
        if models is None:
            comparison = compare_collections(names or [], wanted, progress)
        else:
            comparison = compare_models(
                models[1],
                [name for name in models[0].split(",") if name],
                wanted,
                beside=names or (),
                encoder=encoder,
                progress=progress,
            )
    _write(comparison, html, figures, csv)
    show(comparison, output, verbose=verbose)
    output.object(results.Comparison(comparison).to_dict())
    return 0


def _write(
    comparison: Comparison, html: Path | None, figures: Path | None, csv: Path | None
) -> None:
    """Write what was asked for; the drawing library is imported only then."""
    if html is None and figures is None and csv is None:
        return
    from artvec.reports import compare as report

    if html is not None:
        report.write_page(comparison, html)
    if figures is not None:
        report.save_charts(comparison, figures)
    if csv is not None:
        report.write_csv(comparison, csv)
