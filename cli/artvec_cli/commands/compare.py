"""`artvec compare`: encoders side by side on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artvec_cli import completion, options, places
from artvec_cli.comparison import show
from artvec_cli.options import examples
from artvec_cli.render import Output

if TYPE_CHECKING:
    from artvec.commands.compare import Comparison
    from artvec.core.types import EncoderOptions

EPILOG = f"""Every figure is that of artvec eval, with one gallery and one set of queries for all.
Differences are a minus b on the same queries; 'better' and 'worse' mean that the 95 %
bootstrap interval excludes 0. It covers the choice of test images, not that of training
images or seeds, and is not adjusted for the number of comparisons; McNemar's p is (Holm).

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
            help="Compare these backbones on a folder; what is missing is embedded first, "
            "as <folder>-<backbone>.",
        ),
    ] = None,
    gallery: Annotated[str, typer.Option(help="Split to search and learn from.")] = "train",
    queries: Annotated[str, typer.Option(help="Split to ask about.")] = "test",
    group: Annotated[
        str | None,
        typer.Option(
            help="Column whose values are resampled as a whole, e.g. artist.",
            autocompletion=completion.columns,
        ),
    ] = None,
    allow_leak: Annotated[
        bool,
        typer.Option(
            "--allow-leak", help="Report queries that an encoder was trained on; don't refuse."
        ),
    ] = False,
    no_speed: Annotated[
        bool, typer.Option("--no-speed", help="Time nothing: no images/s, no ms.")
    ] = False,
    device: options.Device = "auto",
    html: Annotated[Path | None, typer.Option(help="Write a page to this file.")] = None,
    figures: Annotated[Path | None, typer.Option(help="Write charts (PNG) to this folder.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write every figure to this file.")] = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Compare encoders on the images that all have: figures, paired differences, costs."""
    from artvec.api import comparison as results
    from artvec.commands.compare import CompareOptions, compare_collections
    from artvec.core.types import EncoderOptions

    output = Output(quiet, as_json)
    places.check({"--html": html, "--csv": csv}, figures)
    encoder = EncoderOptions(device=device)
    made = _embedded(*models, encoder, output) if models else []
    wanted = CompareOptions(gallery, queries, group, allow_leak, None if no_speed else encoder)
    with output.progress("comparing") as progress:
        comparison = compare_collections(_distinct(names or [], made), wanted, progress)
    _write(comparison, html, figures, csv)
    show(comparison, output, verbose=verbose)
    output.object(results.Comparison(comparison).to_dict())
    return 0


def _embedded(models: str, source: Path, encoder: EncoderOptions, output: Output) -> list[str]:
    """Bring each model's collection of a source up to date; return their places."""
    from artvec.commands.compare import plan_models
    from artvec.commands.embed import EmbedOptions, embed_images

    plan = plan_models(source, [name for name in models.split(",") if name], encoder)
    for planned in plan:
        wanted = EmbedOptions(
            model=planned.model,
            index=str(planned.folder),
            encoder=encoder,
            metadata=planned.metadata,
            lenient_metadata=planned.lenient_metadata,
            group=planned.group,
        )
        with output.progress(f"embedding {planned.folder.name}") as progress:
            report = embed_images(source, wanted, progress)
        output.notes(report.notes)
        if report.embedded or report.failed:
            output.notes(
                [f"{planned.folder.name}: {report.embedded} embedded, {report.failed} skipped"]
            )
    return [str(planned.folder) for planned in plan]


def _distinct(names: Sequence[str], made: Sequence[str]) -> list[str]:
    """Add to the collections that were named those of the models that are not among them."""
    from artvec.collection import locate

    named = {locate.named(name).resolve() for name in names}
    return [*names, *(place for place in made if locate.named(place).resolve() not in named)]


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
