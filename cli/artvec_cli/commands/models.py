"""`artvec models`: what backbones there are, and one of them layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from artvec.core.errors import ArtvecError
from artvec_cli import completion, options
from artvec_cli.options import examples
from artvec_cli.render import Output, table

if TYPE_CHECKING:
    from artvec.commands.models import Anatomy, Listing

EPILOG = examples(
    "artvec models",
    "artvec models 'vit_*dinov2*'",
    "artvec models efficientnet_b0 --classes 150 --frozen",
    "artvec models mobilenetv2_100 --classes 10 --freeze-until blocks.6.0.bn1",
)


def models_command(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A backbone, or a pattern with * to list by.", autocompletion=completion.backbones
        ),
    ] = None,
    classes: Annotated[
        int | None, typer.Option(min=1, help="Count it with a new head of so many outputs.")
    ] = None,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Count only the head as trainable.")
    ] = False,
    freeze_until: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Count what comes from this block or layer on as trainable."
        ),
    ] = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """List backbones; with NAME, its layer table, parameters and operations for one picture."""
    from artvec.commands import models

    output = Output(quiet, as_json)
    if name is None and (classes or frozen or freeze_until):
        raise ArtvecError(
            "--classes, --frozen and --freeze-until count the parameters of one backbone",
            "name it: artvec models tf_efficientnet_lite0 --frozen",
            usage=True,
        )
    if name is None or any(wildcard in name for wildcard in "*?["):
        _render_list(models.list_backbones(name), output)
    else:
        if frozen and freeze_until:
            raise ArtvecError(
                "--frozen freezes what --freeze-until would open", "give one of them", usage=True
            )
        trainable = "head" if frozen else f"from:{freeze_until}" if freeze_until else "all"
        _render_one(models.anatomy(name, classes=classes, trainable=trainable), output)
    return 0


def _render_list(listings: list[Listing], output: Output) -> None:
    if not output.json:
        rows = [[x.name, x.source, "yes" if x.offline else "no", x.note] for x in listings]
        table(("name", "source", "offline", ""), rows, {})
    output.object({"models": listings})


def _render_one(anatomy: Anatomy, output: Output) -> None:
    if not output.json:
        for line in anatomy.table.splitlines():
            output.line(line)
    preprocessing = anatomy.preprocessing
    output.line(f"multiplications with additions: {anatomy.mult_adds / 1e6:,.2f} million a picture")
    output.line(f"embedding: {anatomy.dim} dimensions; weights: {anatomy.weights}")
    output.line(
        f"preprocessing: resize to {preprocessing.resize_px} px ({preprocessing.interpolation}), "
        f"{preprocessing.fit} to {preprocessing.size_px} px"
    )
    fields = {name: getattr(anatomy, name) for name in anatomy.__dataclass_fields__}
    output.object({name: value for name, value in fields.items() if name != "table"})
