"""Options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from artvec.core import choices
from artvec_cli import completion

Index = Annotated[
    str | None,
    typer.Option(
        "-i",
        "--index",
        metavar="NAME|PATH",
        autocompletion=completion.collections,
        help="The collection: with a slash a path, else a name under ./indexes "
        "(or $ARTVEC_INDEXES). Default: the only one there is.",
    ),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no notes.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Show more detail.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]


def _device(name: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise typer.BadParameter(f"{name!r} is none of auto, cpu, cuda, cuda:N")
    return name


Device = Annotated[
    str,
    typer.Option(
        metavar="auto|cpu|cuda[:N]",
        help="Where the encoder runs; auto and cuda use every GPU, cuda:N one.",
        callback=_device,
    ),
]
SourceMoved = Annotated[
    Path | None, typer.Option("--source", help="Where the images are now, if they were moved.")
]
Engine = Annotated[
    choices.Engine,
    typer.Option(help="What runs the encoder; auto: openvino on a CPU, torch on CUDA."),
]
Precision = Annotated[
    choices.Precision,
    typer.Option(help="auto: fp32 on a CPU, bf16 on CUDA. bf16 is faster, less exact."),
]

Model = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--model",
        help="Backbone name or run directory (artvec models).",
        autocompletion=completion.backbones,
    ),
]
Weights = Annotated[
    Path | None, typer.Option(help="Local weights: safetensors, or a torch state dict.")
]
Fit = Annotated[
    choices.Fit | None,
    typer.Option(help="crop (default) loses the edges, pad adds borders, squash distorts."),
]
ImageSize = Annotated[
    int | None,
    typer.Option(min=4, help="Side of the backbone's input in pixels; default: the weights' own."),
]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Images per batch.")]
Dtype = Annotated[
    choices.Dtype | None,
    typer.Option(help="float16 halves the disk; DuckDB can't read it (export widens it)."),
]
Decode = Annotated[
    choices.DecodeMode,
    typer.Option(help="fast reads large JPEGs at a reduced scale; exact never does."),
]
MaxPixels = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Skip images with more pixels (default: 178,956,970); decoding takes 4 bytes a pixel.",
    ),
]
Metadata = Annotated[
    Path | None,
    typer.Option(help="CSV file whose columns are joined by 'filename'; 'none' removes them."),
]
LenientMetadata = Annotated[
    bool,
    typer.Option(
        "--lenient-metadata",
        help="Skip faulty rows of the CSV file (named by line) instead of refusing it.",
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        help="Metadata column, e.g. artist: images with the same value share a split.",
        autocompletion=completion.columns,
    ),
]

Where = Annotated[
    str | None,
    typer.Option(
        metavar="CONDITION", help="Search only rows that meet this condition, e.g. year < 1700."
    ),
]
Show = Annotated[
    str | None,
    typer.Option(
        metavar="COL,COL",
        help="Columns to show with every hit.",
        autocompletion=completion.columns,
    ),
]
Crop = Annotated[
    str | None,
    typer.Option(
        metavar="X,Y,W,H",
        help="Search by a part of the query: left, top, width, height in pixels; "
        "with a decimal point in any, in shares (0 to 1).",
    ),
]


def examples(*commands: str) -> str:
    r"""Lay examples out for the foot of a help page, a line each (`\b` forbids rewrapping)."""
    return "\b\nExamples:\n" + "\n".join(f"  {command}" for command in commands)
