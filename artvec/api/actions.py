"""The commands that yield a collection, a run or a comparison, as functions."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from artvec.api.collection import Collection
from artvec.api.encoder import model_name
from artvec.api.inputs import place_of
from artvec.api.progress import show_notes, shown_progress
from artvec.collection import locate
from artvec.core.choices import DecodeMode, Dtype, Engine, Fit, Precision
from artvec.core.errors import ArtvecError
from artvec.core.types import EncoderOptions

if TYPE_CHECKING:
    from artvec.api.comparison import Comparison
    from artvec.api.run import Run
    from artvec.commands.compare import Planned
    from artvec.commands.train import TrainReport

_MOST_SKIPPED = 5
"""Skipped images that are named one by one."""


def open(index: str | PathLike[str] | None = None) -> Collection:
    """Open a collection.

    Args:
        index: With a slash (or as a `Path`) a path, else a name under `./indexes` (or
            `$ARTVEC_INDEXES`); None for the only one there is.

    Raises:
        ArtvecError: There is none of that name, or it is damaged.

    Example:
        >>> paintings = artvec.open("indexes/paintings")
        >>> len(paintings), paintings.vectors.shape
        (30, (30, 1280))
    """
    place = None if index is None else place_of(index)
    return Collection(locate.existing(place, command="artvec status"))


def embed(
    source: str | PathLike[str],
    model: str | PathLike[str] | Run | None = None,
    *,
    index: str | PathLike[str] | None = None,
    weights: str | PathLike[str] | None = None,
    fit: Fit | None = None,
    image_size: int | None = None,
    batch_size: int | None = None,
    device: str = "auto",
    engine: Engine = "auto",
    precision: Precision = "auto",
    dtype: Dtype | None = None,
    decode: DecodeMode = "fast",
    metadata: str | PathLike[str] | None = None,
    group: str | None = None,
    strict: bool = False,
    overwrite: bool = False,
) -> Collection:
    """Embed the images below a folder; only new and changed ones the next time.

    Args:
        source: Folder of images.
        model: A backbone's name, a run directory or a `Run`; None for the collection's own, else
            `tf_efficientnet_lite0`.
        index: Where the collection goes, see `open`; None for `indexes/<folder's name>`, or, where
            that is another encoder's, for `indexes/<folder's name>-<model>`.
        weights: A local weights file.
        fit: How an image is brought to the backbone's square.
        image_size: Side of that square in pixels.
        batch_size: Images per forward pass.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        engine: What runs the encoder.
        precision: What it computes in.
        dtype: Type of the stored vectors.
        decode: `fast` may read large JPEG files at a reduced scale.
        metadata: CSV file with a column `filename`, whose columns are joined.
        group: Metadata column whose values keep to one split.
        strict: Fail if an image had to be skipped.
        overwrite: Replace a collection that another encoder made.

    Raises:
        ArtvecError: There is no such folder or model, no image could be embedded, or the
            collection was made by another encoder.

    Example:
        >>> paintings = artvec.embed("paintings", index="indexes/paintings")
        >>> len(paintings)
        30
    """
    from artvec.commands.embed import EmbedOptions, embed_images

    place = None if index is None else place_of(index)
    name = None if model is None else model_name(model)
    beside = None
    if name and not (place or overwrite or weights or fit or image_size):
        beside = _beside(Path(source), name)
        place = place_of(beside.folder) if beside else None
    options = EmbedOptions(
        model=name,
        index=place,
        weights=None if weights is None else Path(weights),
        fit=fit,
        image_size_px=image_size,
        batch_size=batch_size,
        encoder=EncoderOptions(engine, device, precision),
        dtype=dtype,
        decode=decode,
        metadata=Path(metadata) if metadata else beside.metadata if beside else None,
        lenient_metadata=beside is not None and not metadata and beside.lenient_metadata,
        group=group or (beside.group if beside else None),
        overwrite=overwrite,
    )
    with shown_progress(f"embedding {Path(source).name}") as progress:
        report = embed_images(Path(source), options, progress)
    failures = [f"skipped {one.path}: {one.reason} ({one.message})" for one in report.failures]
    more = len(failures) - _MOST_SKIPPED
    rest = [f"{more:,} more skipped; failures.parquet in {report.index} lists all"]
    show_notes([*report.notes, *failures[:_MOST_SKIPPED], *(rest if more > 0 else [])])
    if report.embedded + report.reused == 0 or (strict and failures):
        raise ArtvecError(
            f"{report.failed} of {report.found} images could not be embedded",
            failures[0] if failures else f"give a folder that holds images: {source}",
        )
    return Collection(report.index)


def _beside(source: Path, model: str) -> Planned | None:
    """Return a model's collection where the source has one of its own name already."""
    from artvec.collection.manifest import MANIFEST
    from artvec.commands.compare import plan_model

    if not (locate.for_source(source, None) / MANIFEST).is_file():
        return None
    return plan_model(source, model)


def train(
    collection: Collection | str | PathLike[str],
    *,
    model: str | None = None,
    recipe: str | None = None,
    name: str | None = None,
    labels: Sequence[str] = (),
    epochs: int | None = None,
    seed: int | None = None,
    seeds: int = 1,
    settings: Sequence[str] = (),
    device: str = "auto",
    precision: Precision = "auto",
) -> Run:
    """Teach a backbone the labels of a collection, phase by phase.

    Args:
        collection: To learn from, or a folder of images, which is embedded first.
        model: Backbone to begin with; None for the collection's.
        recipe: `frozen`, `two-phase`, `three-phase` (default) or `scratch`.
        name: Of the run, which goes to `runs/<name>`; None for the collection's name.
        labels: Columns to learn, a head each; the first is judged. Default: label.
        epochs: Maximum epochs of the main phases.
        seed: Random seed.
        seeds: How many seeds to run with, for the spread of the figures.
        settings: Any field of a phase, as `PHASE.FIELD=VALUE`.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        precision: What it computes in.

    Raises:
        ArtvecError: A name or value is wrong, there is a run of that name, or too few labels.

    Example:
        >>> run = artvec.train(paintings, recipe="frozen", name="styles")
        >>> run.predict(["a.jpg"])[0].label
        'baroque'
    """
    from artvec.api.run import Run
    from artvec.commands.train import (
        Listener,
        PlanOverrides,
        TrainRequest,
        prepare_run,
        run_training,
    )

    request = TrainRequest(
        source=place_of(collection),
        model=model,
        overrides=PlanOverrides(
            recipe=recipe,
            labels=tuple(labels),
            epochs=epochs,
            seed=seed,
            settings=tuple(settings),
        ),
        name=name,
        seeds=seeds,
        encoder=EncoderOptions(device=device, precision=precision),
    )
    listener = Listener(stage=shown_progress, note=lambda text: show_notes([text]), judged=_draw)
    options = prepare_run(request, listener)
    return Run(options.run, run_training(options, listener))


def _draw(report: TrainReport) -> None:
    """Write the page and the figures of a run."""
    from artvec.reports.train import save_figures, write_page

    write_page(report, report.run / "report.html")
    save_figures(report, report.run / "figures")


def compare(
    *collections: Collection | Run | str | PathLike[str],
    gallery: str = "train",
    queries: str = "test",
    group: str | None = None,
    allow_leak: bool = False,
    speed: bool = True,
    device: str = "auto",
) -> Comparison:
    """Compare encoders on the images that all their collections have.

    Args:
        *collections: Collections, or runs that embedded one.
        gallery: Split that is searched and learned from.
        queries: Split that is asked about.
        group: Column whose values are resampled as a whole, e.g. artist.
        allow_leak: Report queries that an encoder was trained on, instead of refusing.
        speed: Time the encoders on this machine.
        device: Where they are timed.

    Raises:
        ArtvecError: Fewer than two collections, or they have no images in common.

    Example:
        >>> found = artvec.compare("paintings", "paintings-colour-4x4", speed=False)
        >>> found.to_dict()["paired"][0]["metric"]
        'knn1_accuracy'
    """
    from artvec.api.comparison import Comparison
    from artvec.commands.compare import CompareOptions, compare_collections

    encoder = EncoderOptions(device=device) if speed else None
    options = CompareOptions(gallery, queries, group, allow_leak, encoder)
    with shown_progress("comparing") as progress:
        report = compare_collections([place_of(one) for one in collections], options, progress)
    show_notes(report.notes)
    return Comparison(report)
