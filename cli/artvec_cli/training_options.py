"""The options of `artvec train` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from artvec_cli import completion

Source = Annotated[
    str | None,
    typer.Argument(
        metavar="COLLECTION|SOURCE",
        help="A collection's name; or a folder of pictures, embedded first where it wasn't.",
        autocompletion=completion.collections,
    ),
]
Recipe = Annotated[
    str | None, typer.Option(help="frozen, two-phase, three-phase (default) or scratch.")
]
Loss = Annotated[
    str | None,
    typer.Option(
        metavar="SUM", help="ce, supcon, triplet, arcface, proxyanchor, …; or a sum: ce+0.5*supcon."
    ),
]
Head = Annotated[
    str | None,
    typer.Option(
        metavar="LAYERS", help="linear (default), cosine, or layers: bn-512-dropout0.5-256."
    ),
]
FreezeUntil = Annotated[
    str | None, typer.Option(metavar="NAME", help="Train from this block or layer on.")
]
TrainFraction = Annotated[
    float | None, typer.Option(help="Share of the training pictures, of every class alike.")
]
Label = Annotated[
    str | None,
    typer.Option(
        metavar="COL,COL",
        help="Columns to learn, one head each; the first is evaluated. Default: label.",
        autocompletion=completion.columns,
    ),
]
Rate = Annotated[
    float | None, typer.Option(help="Learning rate at the head; later phases keep their ratio.")
]
Epochs = Annotated[int | None, typer.Option(help="Maximum epochs.")]
Augment = Annotated[
    str | None,
    typer.Option(metavar="SET", help="none, light, art, crop-flip, randaugment, trivial, …"),
]
Anchor = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="WEIGHT",
        help="Weight of the trained embedding beside the original one; 0: trained only.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PHASE.FIELD=VALUE",
        help="Any field of a phase, all.FIELD of every one; repeatable.",
    ),
]
Config = Annotated[
    Path | None, typer.Option(metavar="FILE.toml", help="Settings, or a recipe of your own.")
]
Repeat = Annotated[
    Path | None,
    typer.Option("--from", metavar="run.json", help="Repeat an earlier run with its settings."),
]
Watch = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLLECTION",
        help="Labelled collection to look at after every phase; scales --anchor. Repeatable.",
        autocompletion=completion.collections,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(metavar="RUN", help="Writes runs/RUN/. Default: the collection's name."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")]
Seed = Annotated[int | None, typer.Option(min=0, max=2**32 - 1, help="Random seed.")]
Seeds = Annotated[
    int, typer.Option(min=1, max=100, metavar="K", help="Train with K seeds and report the spread.")
]
FindRate = Annotated[
    bool, typer.Option("--find-lr", help="Don't train: draw the loss over rising rates.")
]
TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Write a TensorBoard log into the run.")
]
