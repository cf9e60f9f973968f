"""Everything `embed` decides before it reads a picture: encoder, labels, splits, refusals."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from artvec.collection import destination, fact_sources, locate
from artvec.collection.encoder_request import new_manifest, request_for
from artvec.collection.facts import Facts
from artvec.collection.failures import known_failures
from artvec.collection.index.updating import stored_index_request
from artvec.collection.manifest import Manifest, read_manifest
from artvec.collection.notes import fact_notes
from artvec.collection.plan import KnownRow, Plan, described_paths, make_plan
from artvec.collection.salvage import Salvage
from artvec.collection.stamps import read_proofs
from artvec.commands.embed.embed_options import EmbedOptions
from artvec.core.errors import ArtvecError
from artvec.core.types import BackboneRequest, EncoderIdentity, EncoderOptions
from artvec.core.version import __version__
from artvec.core.wording import counted, first_few
from artvec.encoding import backbones
from artvec.encoding.setup import ReadyEncoder, describe, ready_encoder
from artvec.images.find import Found, find_images
from artvec.images.opening import readable_formats
from artvec.vector_search.recipes import IndexRequest

NOTHING_DAMAGED = Salvage()

MakeEncoder = Callable[[BackboneRequest, EncoderOptions], ReadyEncoder]


@dataclass(frozen=True)
class Task:
    """What is to be embedded: the images found in a source, and what was asked for.

    Attributes:
        source: Folder of images.
        folder: Of the collection.
        options: What was asked for.
        found: Images of the source.
        salvage: Damaged shards, whose images are embedded again, and what they still tell.
    """

    source: Path
    folder: Path
    options: EmbedOptions
    found: Found
    salvage: Salvage


@dataclass(frozen=True)
class Place:
    """Where a task writes.

    Attributes:
        folder: Of the collection, or of its successor that grows inside.
        former: The collection whose settings hold where nothing else is said.
        replaces: True where a successor grows.
    """

    folder: Path
    former: Manifest | None
    replaces: bool


@dataclass(frozen=True)
class Preparation:
    """All that is decided before a picture is read.

    Attributes:
        folder: That is written to.
        stored: The manifest in that folder, if there is one.
        manifest: As this run wants it.
        ready: The encoder.
        facts: Labels, splits and metadata.
        request: What the user last asked of the collection's index.
        notes: For the user, a sentence each.
    """

    folder: Path
    stored: Manifest | None
    manifest: Manifest
    ready: ReadyEncoder
    facts: Facts
    request: IndexRequest
    notes: tuple[str, ...]


def find_task(source: Path, options: EmbedOptions, salvage: Salvage = NOTHING_DAMAGED) -> Task:
    """Find the images of a source, as the run says, else as its collection was made.

    Raises:
        ArtvecError: See `find_images`; or something else than a collection is in its place.
    """
    folder = locate.for_source(source, options.index)
    any_suffix = options.any_suffix
    if any_suffix is None:
        try:
            any_suffix = read_manifest(folder).any_suffix
        except ArtvecError:
            any_suffix = False  # no collection yet, or one that the run refuses or replaces
    found = find_images(source, any_suffix=any_suffix)
    destination.check_free_or_collection(folder, source)
    return Task(source, folder, options, found, salvage)


def place_of(task: Task) -> Place:
    """Return where a task writes.

    Raises:
        ArtvecError: The collection there is of other images, or can't be replaced; or the source
            has no images.
    """
    replaces = task.options.overwrite
    if replaces:
        former = destination.replaceable(task.folder, task.source)
    else:
        moved = task.found if task.options.relink else None
        former = destination.existing(task.folder, task.source, moved=moved)
    destination.check_any_found(task.found, task.source, former is not None)
    folder = task.folder / destination.SUCCESSOR if replaces else task.folder
    return Place(folder, former, replaces)


def prepare(task: Task, place: Place, make_encoder: MakeEncoder = ready_encoder) -> Preparation:
    """Choose encoder and facts; what isn't said stays as the collection has it.

    Raises:
        ArtvecError: The run is refused; nothing was written.
    """
    former, source, options = place.former, task.source, task.options
    choice = fact_sources.FactChoice(options.metadata, options.group, options.lenient_metadata)
    paths = _paths(task, place)
    metadata = fact_sources.joined_metadata(paths, former, choice)
    asked = BackboneRequest(
        options.model or "", options.weights, options.image_size_px, options.fit
    )
    request = request_for(former, asked)
    if former is not None and not place.replaces:
        _check_same_name(former, request.name, source, options)
    ready = make_encoder(request, options.encoder)
    dtype = options.dtype or (former.dtype if former else "float32")
    manifest = new_manifest(place.folder, source, ready.encoder.identity, request, dtype)
    stored = former
    if place.replaces:
        stored = destination.begun(place.folder, manifest)
    elif former is not None:
        _check_same(former, manifest, source, options)
    manifest = replace(stored or manifest, source=manifest.source, any_suffix=task.found.any_suffix)
    facts = fact_sources.facts_for(
        paths, metadata, former or manifest, place.folder, choice, ready.splits
    )
    file = fact_sources.metadata_file(former, choice)
    notes = fact_notes(facts, paths, file, former.columns if former else {})
    return Preparation(
        place.folder,
        stored,
        facts.described(manifest, file),
        ready,
        facts,
        stored_index_request(task.folder) or IndexRequest(),
        (*ready.notes, *notes, *_left(task.found)),
    )


def plan_rows(task: Task, preparation: Preparation, stored: Sequence[KnownRow]) -> Plan:
    """Compare the images that were found with the rows and failures of the collection."""
    failing = known_failures(preparation.folder, artvec_version=reading_version(task.options))
    proofs = read_proofs(preparation.folder, preparation.stored)
    return make_plan(task.found, stored, failing, proofs)


def _left(found: Found) -> tuple[str, ...]:
    """Return a note about images that the source's names hide."""
    paths = found.images_by_content
    if not paths:
        return ()
    what = counted(len(paths), "file is an image", "files are images")
    return (f"{what} by content but not by name: {first_few(paths)}; --any-suffix takes them",)


def _paths(task: Task, place: Place) -> list[str]:
    """Return the paths of all images that will have a row."""
    shards = place.former.shards if place.former and not place.replaces else ()
    whole = [shard for shard in shards if shard.name not in task.salvage.shards]
    return described_paths(task.found, place.folder, whole)


def reading_version(options: EmbedOptions) -> str:
    """Name what a file failed under: the version, the formats it could read, the largest size."""
    return f"{__version__} {' '.join(readable_formats())} {options.max_pixels}"


def _check_same_name(stored: Manifest, name: str, source: Path, options: EmbedOptions) -> None:
    """Refuse a backbone of another name before its weights are looked for: they may not be here.

    A run goes by the name of its architecture, which is known once it is loaded.
    """
    if backbones.is_run(name) or name == stored.encoder.backbone:
        return
    backbones.check_name(name)
    raise _another(f"{describe(stored.encoder)}, not with {name}", name, source, options)


def _check_same(stored: Manifest, wanted: Manifest, source: Path, options: EmbedOptions) -> None:
    if not _same_encoder(stored.encoder, wanted.encoder):
        what = f"{describe(stored.encoder)}, not with {describe(wanted.encoder)}"
        short = None
    elif stored.dtype != wanted.dtype:
        what = f"{stored.dtype} vectors, not with {wanted.dtype}"
        short = wanted.dtype
    else:
        return
    raise _another(what, str(wanted.request["name"]), source, options, short)


def _another(
    what: str, model: str, source: Path, options: EmbedOptions, short: str | None = None
) -> ArtvecError:
    """Refuse what would mix two kinds of vectors, with the command that keeps both apart.

    Args:
        what: The collection was made with, and what was asked for instead.
        model: That was asked for.
        source: Folder of the images.
        options: As they were given.
        short: Ends the name of the other collection; None for the model's name.
    """
    short = short or model.rpartition("/")[2].replace(":", "-")
    own_name = options.index or locate.for_source(source, None).name
    command = _command(source, model, f"{own_name}-{short}", options)
    return ArtvecError(
        f"{own_name} was made with {what}",
        f"keep both: {command}; or replace it: --overwrite",
        usage=True,
    )


def _same_encoder(stored: EncoderIdentity, wanted: EncoderIdentity) -> bool:
    """Compare identities; a stand-in (without a digest) may be any weights of its name."""
    return wanted in (stored, replace(stored, weights_sha256=""))


def _command(source: Path, model: str, index: str, options: EmbedOptions) -> str:
    """Write the command that does what was asked for, into another collection."""
    flags = {
        "-m": model,
        "--weights": options.weights,
        "--fit": options.fit,
        "--image-size": options.image_size_px,
        "--dtype": options.dtype,
        "--metadata": options.metadata,
        "--group": options.group,
        "-i": index,
    }
    given = [word for flag, value in flags.items() if value for word in (flag, str(value))]
    if options.lenient_metadata:
        given.append("--lenient-metadata")
    if options.any_suffix:
        given.append("--any-suffix")
    return shlex.join(["artvec", "embed", str(source), *given])
