"""`artvec data`: pictures to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from artvec_cli import options
from artvec_cli.options import examples
from artvec_cli.render import Output

app = typer.Typer(help="Pictures to try artvec on.", no_args_is_help=True, rich_markup_mode=None)
DEMO_EXAMPLES = examples(
    "artvec data demo",
    "artvec data demo ./gallery --seed 7",
)


@app.callback()
def _group() -> None:
    """Hold the data commands."""


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
    from artvec.gallery import paint_demo

    output = Output(quiet, as_json)
    with output.progress("painting") as progress:
        gallery = paint_demo(folder, seed=seed, scenes=scenes, progress=progress)
    output.line(f"{gallery.folder}: {gallery.pictures} pictures, {len(gallery.styles)} styles")
    output.object({name: getattr(gallery, name) for name in gallery.__dataclass_fields__})
    return 0
