"""`artvec data`: data sets to try artvec on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from artvec_cli import completion, options
from artvec_cli.options import examples
from artvec_cli.render import Output, table

app = typer.Typer(help="Data sets to try artvec on.", no_args_is_help=True, rich_markup_mode=None)
LIST_EXAMPLES = examples("artvec data list", "artvec data list --json")
GET_EXAMPLES = examples(
    "artvec data get artbench10",
    "artvec data get oxford-pets ./pets",
    "artvec data get cifar10 --mirror https://example.org/copies",
)
DEMO_EXAMPLES = examples(
    "artvec data demo",
    "artvec data demo ./gallery --seed 7",
)


@app.callback()
def _group() -> None:
    """Hold the data commands."""


@app.command(name="list", epilog=LIST_EXAMPLES)
def list_command(
    quiet: options.Quiet = False, verbose: options.Verbose = False, as_json: options.Json = False
) -> int:
    """List published sets of pictures that can be fetched, with size and licence."""
    from artvec.datasets.catalogue import CATALOGUE

    output = Output(quiet, as_json)
    sets = CATALOGUE.values()
    if not as_json:
        rows = [
            [
                x.name,
                f"{sum(x.pictures.values()):,}",
                str(x.classes),
                f"{x.size_bytes / 1e6:,.0f} MB",
                x.title,
                x.licence,
            ]
            for x in sets
        ]
        table(("name", "pictures", "classes", "download", "holds", "licence"), rows, {})
    output.notes(["fetch one: artvec data get NAME"])
    names = ("name", "title", "pictures", "classes", "size_bytes", "licence", "homepage", "files")
    output.object({"sets": [{name: getattr(x, name) for name in names} for x in sets]})
    return 0


@app.command(name="get", epilog=GET_EXAMPLES)
def get_command(
    name: Annotated[
        str, typer.Argument(help="As artvec data list shows.", autocompletion=completion.sets)
    ],
    folder: Annotated[
        Path | None, typer.Argument(help="Where it goes; default: ./NAME.", show_default=False)
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Fetch the files from this web folder; checksums stay the publisher's.",
        ),
    ] = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Fetch a published set of pictures into folders by split and label.

    Interrupted downloads go on where they stopped; every file is checked against its MD5.
    """
    from artvec.commands.data.published_sets import get_data
    from artvec.datasets.catalogue import picture_set

    output = Output(quiet, as_json)
    wanted = picture_set(name)
    output.notes(
        [
            f"{wanted.title}; {wanted.size_bytes / 1e6:,.0f} MB to fetch",
            f"licence: {wanted.licence} ({wanted.homepage})",
        ]
    )
    got = get_data(wanted, folder or Path(name), mirror=mirror, stage=output.progress)
    splits = ", ".join(f"{count:,} {split}" for split, count in got.pictures.items())
    was = "was all there" if got.already else "complete"
    output.line(f"{got.folder}: {was}: {splits} pictures in {got.classes} classes")
    output.object({name: getattr(got, name) for name in got.__dataclass_fields__})
    return 0


@app.command(name="demo", epilog=DEMO_EXAMPLES)
def demo_command(
    folder: Annotated[Path, typer.Argument(help="Where to paint it.")] = Path("demo-gallery"),
    seed: Annotated[int, typer.Option(help="Another seed paints other pictures.")] = 0,
    scenes: Annotated[int, typer.Option(min=5, help="Scenes; each is painted in ten styles.")] = 50,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Paint a labelled gallery offline: scenes in ten rendering styles, split by scene."""
    from artvec.commands.data.demo import paint_demo

    output = Output(quiet, as_json)
    with output.progress("painting") as progress:
        gallery = paint_demo(folder, seed=seed, scenes=scenes, progress=progress)
    output.line(f"{gallery.folder}: {gallery.pictures} pictures, {len(gallery.styles)} styles")
    output.object({name: getattr(gallery, name) for name in gallery.__dataclass_fields__})
    return 0
