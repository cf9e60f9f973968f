"""Compare models on one source: find or make a collection for each, then compare these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from artvec.collection import destination, locate
from artvec.collection.encoder_request import request_for, stored_request
from artvec.collection.manifest import MANIFEST, Manifest, read_manifest
from artvec.commands.compare.comparison import CompareOptions, compare_collections
from artvec.commands.compare.comparison_report import Comparison
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.core.errors import ArtvecError
from artvec.core.progress import Progress, part_of, silent
from artvec.core.types import AUTO, BackboneRequest, EncoderOptions
from artvec.encoding.setup import ready_encoder
from artvec.images.find import find_images


@dataclass(frozen=True, slots=True)
class Planned:
    """A collection to make, or to bring up to date.

    Attributes:
        folder: Of the collection.
        model: To embed with; None where the collection is there and keeps its own.
        metadata: CSV file to join to a new collection: that of the source's other ones.
        group: Column whose values keep to one split, likewise.
        lenient_metadata: Skip faulty rows of that file, likewise.
    """

    folder: Path
    model: str | None
    metadata: Path | None = None
    group: str | None = None
    lenient_metadata: bool = False


def compare_models(
    source: Path,
    models: Sequence[str],
    options: CompareOptions | None = None,
    *,
    beside: Sequence[str] = (),
    encoder: EncoderOptions = AUTO,
    progress: Progress = silent,
) -> Comparison:
    """Compare models on a source; what is missing or out of date is embedded first.

    Args:
        source: Folder of images.
        models: Backbone names or run directories.
        options: See `CompareOptions`.
        beside: Names or paths of further collections, or runs, which come first.
        encoder: How to run the encoders that embed.
        progress: Called with thousandths of parts done and to do.

    Raises:
        ArtvecError: As `plan_models`, `embed_images` and `compare_collections` do.
    """
    planned = plan_models(source, models, encoder)
    parts = len(planned) + 1
    notes: list[str] = []
    for number, model in enumerate(planned):
        notes += _embed_model(source, model, encoder, part_of(progress, number, parts))
    named = {locate.named(name).resolve() for name in beside}
    others = (str(model.folder) for model in planned if model.folder.resolve() not in named)
    last = part_of(progress, parts - 1, parts)
    comparison = compare_collections([*beside, *others], options, last)
    return replace(comparison, embedding_notes=tuple(notes))


def _embed_model(
    source: Path, planned: Planned, encoder: EncoderOptions, progress: Progress
) -> list[str]:
    """Bring a model's collection up to date; return what is to be noted of that."""
    options = EmbedOptions(
        model=planned.model,
        index=str(planned.folder),
        encoder=encoder,
        metadata=planned.metadata,
        lenient_metadata=planned.lenient_metadata,
        group=planned.group,
    )
    report = embed_images(source, options, progress)
    notes = list(report.notes)
    if report.embedded or report.failed:
        name = planned.folder.name
        notes.append(f"{name}: {report.embedded} embedded, {report.failed} skipped")
    return notes


def plan_models(
    source: Path, models: Sequence[str], options: EncoderOptions = AUTO
) -> tuple[Planned, ...]:
    """Find or name a collection for every model, and make sure that each of them can be had.

    A collection of the source made with the plain model (no other weights, size or fit) is taken,
    whatever its name; else the model gets `<source>-<model>`.

    Args:
        source: Folder of images.
        models: Backbone names or run directories.
        options: How the encoders will run.

    Raises:
        ArtvecError: No images, no models, one named twice, a place that is taken, or models that
            can't be had: all of them are named, and nothing was written.
    """
    if not models or len(set(models)) < len(models):
        raise ArtvecError(
            "a model is named twice" if models else "no model was named",
            "give --models a list such as tf_efficientnet_lite0,colour:4x4",
            usage=True,
        )
    destination.check_any_found(find_images(source), source, has_collection=False)
    present = _of_source(source)
    planned = [_planned(source, model, present) for model in models]
    if len({one.folder for one in planned}) < len(planned):
        raise ArtvecError(
            "two models would share one collection, because their names end alike",
            "embed each with a name of its own: artvec embed SOURCE -m MODEL -i NAME",
            usage=True,
        )
    _check_available(models, options)
    return tuple(planned)


def plan_model(source: Path, model: str) -> Planned:
    """Find or name a collection for one model; whether it can be had is left to who embeds.

    Raises:
        ArtvecError: The place is taken.
    """
    return _planned(source, model, _of_source(source))


def _of_source(source: Path) -> dict[Path, Manifest]:
    """Return the collections of a source, the one that bears its name first."""
    own = locate.for_source(source, None)
    found = {}
    for folder in dict.fromkeys([own, *locate.collections()]):
        if (folder / MANIFEST).is_file():
            try:
                manifest = read_manifest(folder)
            except ArtvecError:
                continue  # embed refuses it, if it is in the way
            if (folder / manifest.source).resolve() == source.resolve():
                found[folder] = manifest
    return found


def _planned(source: Path, model: str, present: dict[Path, Manifest]) -> Planned:
    plain = request_for(None, BackboneRequest(model))
    for folder, manifest in present.items():
        if stored_request(manifest) == plain:
            return Planned(folder, None)
    own = locate.for_source(source, None)
    short = model.rstrip("/").rpartition("/")[2].replace(":", "-")
    folder = own.with_name(f"{own.name}-{short}")
    destination.check_free_or_collection(folder, source)
    if destination.existing(folder, source) is not None:
        raise ArtvecError(
            f"{folder} is a collection of {model} with other weights, size or fit",
            "give it another name, or name the collections that are there: artvec compare A B",
            usage=True,
        )
    facts = next(iter(present.values()), None)
    if facts is None:
        return Planned(folder, model)
    metadata = Path(facts.metadata_file) if facts.metadata_file else None
    return Planned(folder, model, metadata, facts.group_column, facts.lenient_metadata)


def _check_available(models: Sequence[str], options: EncoderOptions) -> None:
    failures: dict[str, ArtvecError] = {}
    for model in models:
        try:
            ready_encoder(request_for(None, BackboneRequest(model)), options)
        except ArtvecError as failure:
            failures[model] = failure
    if not failures:
        return
    first = next(iter(failures.values()))
    if len(failures) == 1:
        raise first
    why = "; ".join(f"{model}: {failure.message}" for model, failure in failures.items())
    raise ArtvecError(
        f"{len(failures)} of {len(models)} models can't be had, so nothing was embedded: {why}",
        first.hint,
        usage=all(failure.usage for failure in failures.values()),
    )
