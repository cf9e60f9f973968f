"""What `embed` takes, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artvec.commands.embed.core_time import Utilisation
from artvec.commands.embed.limiting_stage import Stage
from artvec.core.choices import DecodeMode, Dtype, Fit
from artvec.core.types import AUTO, EncoderOptions, Skipped
from artvec.images.opening import MAX_PIXELS


@dataclass(frozen=True, slots=True)
class EmbedOptions:
    """The options of `artvec embed`; None keeps what the collection has, else the default.

    Attributes:
        model: Backbone name or run directory.
        index: Collection name or path.
        weights: Local weights file.
        fit: See `Preprocessing`.
        image_size_px: Side of the square the backbone sees.
        batch_size: Images a forward pass.
        encoder: Engine, device, precision.
        dtype: Of the stored vectors.
        decode: See `DecodeMode`.
        max_pixels: Larger pictures are skipped.
        any_suffix: Also take files that are images by content but not by name.
        metadata: CSV file to join; `none` drops the one used before.
        lenient_metadata: Skip its faulty rows, now and at later runs.
        group: Metadata column whose values keep one split.
        overwrite: Replace the collection.
        relink: The source is where the collection's pictures were moved to.
    """

    model: str | None = None
    index: str | None = None
    weights: Path | None = None
    fit: Fit | None = None
    image_size_px: int | None = None
    batch_size: int | None = None
    encoder: EncoderOptions = AUTO
    dtype: Dtype | None = None
    decode: DecodeMode = "fast"
    max_pixels: int = MAX_PIXELS
    any_suffix: bool | None = None
    metadata: Path | None = None
    lenient_metadata: bool = False
    group: str | None = None
    overwrite: bool = False
    relink: bool = False


@dataclass(frozen=True)
class EmbedReport:
    """What a run of `artvec embed` did; `found = embedded + reused + failed`.

    Attributes:
        index: The collection's folder.
        rows: In the collection now.
        found: Files that look like images.
        embedded: Forward passes.
        reused: Rows kept without one.
        removed: Rows whose file is gone.
        failed: Files that could not be embedded.
        failures: They.
        dim: Width of the vectors.
        seconds: Wall time of decoding, forward passes and writing.
        images_per_second: Embedded images over that time; None where nothing was embedded.
        stages: Busy seconds of all threads, by stage; see `stage_seconds`.
        limit: The stage that the run waited for (`read`, `decode`, `forward`, `write`); None for
            a run too short to say.
        utilisation: Of the cores while decoding, encoding and writing; None where nothing was
            embedded.
        index_recipe: How it is searched.
        unmatched: Metadata rows that name no image.
        ambiguous: Metadata rows that name several images, or one that has a row already.
        images_by_content: Files that are images by content but not by name, and were left.
        passed_over: Suffix → number of files that are not named as images, these included.
        without_row: Images that the metadata file has no row for.
        skipped_rows: Metadata rows that were skipped, with their line and why.
        area_lost: Mean share of the embedded pictures' area that the backbone never saw.
        notes: For the user, a sentence each.
    """

    index: Path
    rows: int
    found: int
    embedded: int
    reused: int
    removed: int
    failed: int
    failures: tuple[Skipped, ...]
    dim: int
    seconds: float
    images_per_second: float | None
    stages: dict[str, float]
    limit: Stage | None
    utilisation: Utilisation | None
    index_recipe: str
    unmatched: tuple[str, ...]
    ambiguous: tuple[str, ...]
    images_by_content: tuple[str, ...]
    passed_over: dict[str, int]
    without_row: tuple[str, ...]
    skipped_rows: tuple[str, ...]
    area_lost: float | None
    notes: tuple[str, ...]
