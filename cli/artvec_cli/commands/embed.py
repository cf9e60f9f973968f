"""`artvec embed`: a folder of pictures becomes a collection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artvec.core.errors import ArtvecError
from artvec.core.wording import counted, first_few
from artvec_cli import options
from artvec_cli.options import examples
from artvec_cli.render import Output

if TYPE_CHECKING:
    from artvec.commands.embed import DryRun, EmbedReport

EPILOG = examples(
    "artvec embed ./paintings",
    "artvec embed ./paintings --dry-run",
    "artvec embed ./paintings --metadata facts.csv --group artist",
    "artvec embed ./paintings -m colour:4x4 -i paintings-colour",
)
_WORTH_TELLING_S = 1.0
_SHOWN_SUFFIXES = 8


def embed_command(
    source: Annotated[Path, typer.Argument(help="Folder of pictures, searched recursively.")],
    model: options.Model = None,
    index: options.Index = None,
    weights: options.Weights = None,
    fit: options.Fit = None,
    image_size: options.ImageSize = None,
    batch_size: options.BatchSize = None,
    device: options.Device = "auto",
    engine: options.Engine = "auto",
    precision: options.Precision = "auto",
    dtype: options.Dtype = None,
    decode: options.Decode = "fast",
    max_pixels: options.MaxPixels = None,
    metadata: options.Metadata = None,
    lenient_metadata: options.LenientMetadata = False,
    group: options.Group = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if any was skipped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the collection.")] = False,
    relink: Annotated[
        bool, typer.Option("--relink", help="SOURCE is where the pictures were moved to.")
    ] = False,
    any_suffix: Annotated[
        bool | None,
        typer.Option(
            "--any-suffix/--known-suffixes",
            help="Take every file that is an image by content, whatever its name; remembered.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; count and estimate.")
    ] = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Find, decode and embed the pictures below SOURCE; only new and changed ones the next time."""
    from artvec.commands.embed import EmbedOptions, embed_images
    from artvec.commands.embed import dry_run as rehearse
    from artvec.core.types import EncoderOptions
    from artvec.images.opening import MAX_PIXELS

    output = Output(quiet, as_json)
    wanted = EmbedOptions(
        model=model,
        index=index,
        weights=weights,
        fit=fit,
        image_size_px=image_size,
        batch_size=batch_size,
        encoder=EncoderOptions(engine, device, precision),
        dtype=dtype,
        decode=decode,
        max_pixels=max_pixels or MAX_PIXELS,
        any_suffix=any_suffix,
        metadata=metadata,
        lenient_metadata=lenient_metadata,
        group=group,
        overwrite=overwrite,
        relink=relink,
    )
    report: EmbedReport | DryRun
    if dry_run:
        report = rehearse(source, wanted)
        _render_dry_run(report, output, verbose=verbose)
    else:
        with output.progress(f"embedding {source.name}") as progress:
            report = embed_images(source, wanted, progress)
        _render(report, output, verbose=verbose)
    if report.embedded + report.reused == 0:
        raise ArtvecError("no picture could be embedded", "see why above, or with -v")
    if strict and report.failed:
        raise ArtvecError(f"{report.failed} were skipped (--strict)", "mend or remove them")
    return 0


def _render(report: EmbedReport, output: Output, *, verbose: bool) -> None:
    output.notes(report.notes)
    _note_failures(report, output, verbose=verbose)
    counts = f"{report.embedded} embedded, {report.reused} reused, {report.removed} removed"
    output.line(f"{report.index.name}: {report.rows} rows ({counts}, {report.failed} failed)")
    if report.images_per_second is not None:
        stages = ", ".join(f"{name} {busy:.1f} s" for name, busy in report.stages.items())
        speed = f"{report.images_per_second:.0f} pictures/s"
        output.line(f"{report.seconds:.1f} s, {speed}; busy: {stages}")
    if verbose and report.utilisation:
        use = report.utilisation
        shares = {
            "decode": use.decode,
            "forward": use.forward,
            "write": use.write,
            "other programs": use.others,
            "idle": use.idle,
        }
        listed = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
        output.line(f"time of {use.cores} cores: {listed}")
    if report.area_lost:
        output.line(
            f"{report.area_lost:.0%} of the pictures' area lies outside the crop (--fit pad)"
        )
    _note_others(report, output, verbose=verbose)
    _object(report, output)


def _render_dry_run(report: DryRun, output: Output, *, verbose: bool) -> None:
    output.notes(report.notes)
    _note_failures(report, output, verbose=verbose)
    cost = report.estimate
    output.line(f"{report.index.name}: {report.found} found; nothing was written")
    output.line(
        f"would embed {report.embedded}, reuse {report.reused}, remove {report.removed}, "
        f"skip {report.failed}"
    )
    output.line(
        f"about {_duration(cost.seconds)}, {cost.disk_bytes / 1e6:.1f} MB more on disk, "
        f"{cost.memory_bytes / 1e6:.0f} MB of memory (from {cost.sampled} pictures decoded)"
    )
    if cost.encoder_seconds > _WORTH_TELLING_S:
        output.line(f"{_duration(cost.encoder_seconds)} of it make the encoder ready")
    _note_others(report, output, verbose=verbose)
    _object(report, output)


def _object(report: EmbedReport | DryRun, output: Output) -> None:
    fields = {name: getattr(report, name) for name in report.__dataclass_fields__}
    output.object({name: value for name, value in fields.items() if value is not None})


def _note_failures(report: EmbedReport | DryRun, output: Output, *, verbose: bool) -> None:
    shown = report.failures if verbose else report.failures[:5]
    lines = [f"skipped {f.path}: {f.reason} ({f.message})" for f in shown]
    more = report.failed - len(shown)
    output.notes([*lines, *([f"{more} more skipped; -v lists all"] if more else [])])


def _note_others(report: EmbedReport | DryRun, output: Output, *, verbose: bool) -> None:
    """Say what the folder holds that was not looked at: one line, and with -v its images."""
    if verbose:
        output.notes([f"an image by content only: {path}" for path in report.images_by_content])
    counts = report.passed_over
    if counts:
        kinds = [f"{suffix or 'no suffix'} {count}" for suffix, count in counts.items()]
        files = counted(sum(counts.values()), "file")
        shown = first_few(kinds, _SHOWN_SUFFIXES)
        output.notes([f"passed over {files} not named as images: {shown}"])


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
