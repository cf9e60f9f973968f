"""Everything `embed` decides before it reads a picture: encoder, labels, splits, refusals."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from artvec.collection import destination, locate, settings
from artvec.collection.facts import Facts
from artvec.collection.index.updating import stored_index_request
from artvec.collection.manifest import Manifest, read_manifest
from artvec.collection.notes import fact_notes
from artvec.collection.plan import described_paths
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

MakeEncoder = Callable[[BackboneRequest, EncoderOptions], ReadyEncoder]


@dataclass(frozen=True)
class Prepared:
    """A run of `embed`, ready to read pictures.

    Attributes:
        folder: Of the collection.
        stored: The manifest in that folder, if there is one.
        manifest: As this run wants it.
        ready: The encoder.
        facts: Labels, splits and metadata.
        request: What the user last asked of the collection's index.
        notes: What a user should be told.
    """

    folder: Path
    stored: Manifest | None
    manifest: Manifest
    ready: ReadyEncoder
    facts: Facts
    request: IndexRequest
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where a run writes.

    Attributes:
        folder: Of the collection, or of its successor that grows inside.
        kept: The collection whose settings hold where nothing else is said.
        replaces: True where a successor grows.
    """

    folder: Path
    kept: Manifest | None
    replaces: bool


def find_as_asked(source: Path, folder: Path, options: EmbedOptions) -> Found:
    """Walk a source as the run says, else as its collection was made.

    Raises:
        ArtvecError: See `find_images`.
    """
    if options.any_suffix is not None:
        return find_images(source, any_suffix=options.any_suffix)
    try:
        any_suffix = read_manifest(folder).any_suffix
    except ArtvecError:
        any_suffix = False  # no collection yet, or one that the run refuses or replaces
    return find_images(source, any_suffix=any_suffix)


def prepare(
    place: Place,
    source: Path,
    found: Found,
    options: EmbedOptions,
    make_encoder: MakeEncoder = ready_encoder,
) -> Prepared:
    """Choose encoder and facts; what isn't said stays as the collection has it.

    Raises:
        ArtvecError: The run is refused; nothing was written.
    """
    kept = place.kept
    destination.check_any_found(found, source, kept is not None)
    choice = settings.FactChoice(options.metadata, options.group, options.lenient_metadata)
    paths = _paths(place, found, options)
    metadata = settings.joined_metadata(paths, kept, choice)
    asked = BackboneRequest(
        options.model or "", options.weights, options.image_size_px, options.fit
    )
    request = settings.request_for(kept, asked)
    if kept is not None and not place.replaces:
        _check_same_name(kept, request.name, source, options)
    ready = make_encoder(request, options.encoder)
    dtype = options.dtype or (kept.dtype if kept else "float32")
    manifest = settings.new_manifest(place.folder, source, ready.encoder.identity, request, dtype)
    stored = kept
    if place.replaces:
        stored = destination.begun(place.folder, manifest)
    elif kept is not None:
        _check_same(kept, manifest, source, options)
    manifest = replace(stored or manifest, source=manifest.source, any_suffix=found.any_suffix)
    facts = settings.facts_for(
        paths, metadata, kept or manifest, place.folder, choice, ready.splits
    )
    file = settings.metadata_file(kept, choice)
    notes = fact_notes(facts, paths, file, kept.columns if kept else {})
    return Prepared(
        place.folder,
        stored,
        facts.described(manifest, file),
        ready,
        facts,
        stored_index_request(place.folder.parent if place.replaces else place.folder)
        or IndexRequest(),
        (*ready.notes, *notes, *_left(found)),
    )


def _left(found: Found) -> tuple[str, ...]:
    """Return a note about images that the source's names hide."""
    paths = found.images_by_content
    if not paths:
        return ()
    what = counted(len(paths), "file is an image", "files are images")
    return (f"{what} by content but not by name: {first_few(paths)}; --any-suffix takes them",)


def _paths(place: Place, found: Found, options: EmbedOptions) -> list[str]:
    """Return the paths of all images that will have a row."""
    shards = place.kept.shards if place.kept and not place.replaces else ()
    whole = [shard for shard in shards if shard.name not in options.salvage.shards]
    return described_paths(found, place.folder, whole)


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
