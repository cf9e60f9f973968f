"""Everything `embed` decides before it reads a picture: encoder, labels, splits, refusals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artvec.collection import settings, target
from artvec.collection.facts import Facts
from artvec.collection.manifest import Manifest
from artvec.embed.options import EmbedOptions
from artvec.encoder_setup import ReadyEncoder, describe, ready_encoder
from artvec.errors import ArtvecError
from artvec.images.find import Found
from artvec.types import BackboneRequest


@dataclass(frozen=True)
class Prepared:
    """A run of `embed`, ready to read pictures.

    Attributes:
        folder: Of the collection.
        stored: The manifest in that folder, if there is one.
        manifest: As this run wants it.
        ready: The encoder.
        facts: Labels, splits and metadata.
        notes: What a user should be told.
    """

    folder: Path
    stored: Manifest | None
    manifest: Manifest
    ready: ReadyEncoder
    facts: Facts
    notes: tuple[str, ...]


def prepare(
    folder: Path, source: Path, found: Found, options: EmbedOptions, replaced: Manifest | None
) -> Prepared:
    """Choose encoder and facts; what isn't said stays as the collection has it.

    Args:
        folder: Where the collection is or will be.
        source: Folder of images.
        found: In it.
        options: See `EmbedOptions`.
        replaced: The collection that this one will replace, if any.

    Raises:
        ArtvecError: The run is refused; nothing was written.
    """
    stored = target.existing(folder, source)
    kept = stored or replaced
    target.check_any_found(found, source, kept is not None)
    choice = settings.FactChoice(options.metadata, options.group, options.seed)
    metadata = settings.joined_metadata([s.path for s in found.samples], kept, choice)
    asked = BackboneRequest(
        options.model or "", options.weights, options.image_size_px, options.fit
    )
    request = settings.request_for(kept, asked)
    ready = ready_encoder(request, options.encoder)
    identity = ready.encoder.identity
    dtype = options.dtype or (kept.dtype if kept else "float32")
    manifest = settings.new_manifest(folder, source, identity, request, dtype)
    if stored is not None:
        _check_same(stored, manifest, folder, source)
        manifest = stored
    facts = settings.facts_for(metadata, kept or manifest, folder, choice, ready.splits)
    return Prepared(
        folder,
        stored,
        facts.described(manifest, options.metadata or _metadata_file(kept)),
        ready,
        facts,
        (*ready.notes, *settings.unjoined(metadata)),
    )


def _check_same(stored: Manifest, wanted: Manifest, folder: Path, source: Path) -> None:
    if stored.encoder != wanted.encoder:
        name = str(wanted.request["name"])
        what = f"{describe(stored.encoder)}, not with {describe(wanted.encoder)}"
        option = f"-m {name}"
        short = name.rpartition("/")[2].replace(":", "-")
    elif stored.dtype != wanted.dtype:
        what = f"{stored.dtype} vectors, not with {wanted.dtype}"
        option = f"--dtype {wanted.dtype}"
        short = wanted.dtype
    else:
        return
    raise ArtvecError(
        f"{folder} was made with {what}",
        f"keep both: artvec embed {source} {option} -i {folder.name}-{short}; "
        "or replace it: --overwrite",
        usage=True,
    )


def _metadata_file(kept: Manifest | None) -> Path | None:
    return Path(kept.metadata_file) if kept and kept.metadata_file else None
