"""Repairing is embedding again what was damaged, with everything else kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from artvec.collection import destination
from artvec.collection.analysis import is_analysis, kind_of
from artvec.collection.checksums import by_content
from artvec.collection.encoder_request import stored_request
from artvec.collection.index.record import INDEX
from artvec.collection.index.updating import stored_index_request
from artvec.collection.lock import writing
from artvec.collection.manifest import Manifest, read_manifest, write_manifest
from artvec.collection.plan import known_rows
from artvec.collection.reader import columns, open_collection, source_of
from artvec.collection.salvage import salvage_manifest, salvage_shards
from artvec.commands.embed.embedding import embed_damaged
from artvec.core.errors import ArtvecError, command
from artvec.core.progress import Progress, silent
from artvec.core.types import AUTO
from artvec.core.version import __version__
from artvec.encoding.setup import ready_encoder
from artvec.images.find import find_images, is_named_as_image


@dataclass(frozen=True)
class RepairReport:
    """What a repair brought back.

    Attributes:
        rebuilt: Rows embedded again.
        lost: Paths of rows that are gone: their images are no longer in the source.
        unreadable_rows: Rows that were in shards too damaged to tell their paths.
        notes: For the user, a sentence each.
    """

    rebuilt: int
    lost: tuple[str, ...]
    unreadable_rows: int
    notes: tuple[str, ...]


def repair_collection(
    folder: Path, source: Path | None = None, progress: Progress = silent
) -> RepairReport:
    """Mend a collection from its source; nothing intact is computed again.

    Args:
        folder: The collection.
        source: Where the images are now, if they were moved.
        progress: Called with files done and files to do.

    Raises:
        ArtvecError: The source can't be reached, or nothing is left to rebuild from; nothing was
            changed then.
    """
    broken = _mendable(folder, source)
    place = source or source_of(folder, broken.manifest)
    if not place.is_dir():
        raise ArtvecError(
            f"the pictures of {folder} can't be reached: there is no folder {place}",
            f"say where they are: {command('verify', '--repair', '-i', folder, '--source', 'DIR')}",
        )
    shards = {name.removeprefix("shards/") for name in broken.damaged}
    whole = [shard for shard in broken.manifest.shards if shard.name not in shards]
    there = find_images(place, any_suffix=broken.manifest.any_suffix)
    destination.check_same_pictures(known_rows(folder, whole), there, place)
    salvage = salvage_shards(folder, broken.manifest, shards)
    notes = broken.notes
    if INDEX in broken.damaged and stored_index_request(folder) is None:
        again = command("index", "-i", folder, "--recipe", "NAME")
        notes = (*notes, f"what was asked of its index is lost; ask again: {again}")
    dropped = sorted(name for name in broken.damaged if is_analysis(name))
    notes = (*notes, *(_dropped(folder, name) for name in dropped))
    with writing(folder):
        kept = {n: entry for n, entry in broken.manifest.files.items() if n not in dropped}
        relative = destination.relative_source(folder, place)
        moved = replace(broken.manifest, source=relative, files=kept)
        write_manifest(folder, moved, artvec_version=__version__)
        unsound = broken.manifest.files.keys() & set(broken.damaged) - {
            INDEX
        }  # it may tell the recipe
        for name in unsound:
            (folder / name).unlink(missing_ok=True)
    report = embed_damaged(place, folder, salvage, progress)
    present = set(columns(open_collection(folder), ["path"]).column("path").to_pylist())
    lost = tuple(path for path in salvage.paths if path not in present)
    return RepairReport(report.embedded, lost, salvage.unreadable_rows, (*notes, *report.notes))


@dataclass(frozen=True)
class _Broken:
    """A collection to mend: a manifest to go on from, and its damaged files."""

    manifest: Manifest
    damaged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _mendable(folder: Path, source: Path | None) -> _Broken:
    try:
        manifest = read_manifest(folder)
    except ArtvecError as error:
        rebuilt = _rebuilt(folder, source)
        note = f"{error.message}; it was rebuilt from the shards"
        return _Broken(rebuilt, notes=(note, *_unknown(rebuilt)))
    return _Broken(manifest, by_content(folder, manifest).damaged)


def _rebuilt(folder: Path, source: Path | None) -> Manifest:
    """Rebuild a manifest, with a request that yields its encoder again."""
    manifest = salvage_manifest(folder, source)
    paths = [row.path for row in known_rows(folder, manifest.shards)]
    odd = not all(map(is_named_as_image, paths))
    manifest = replace(manifest, any_suffix=odd)
    sizes_px = (manifest.request["image_size_px"], manifest.encoder.preprocessing.size_px)
    for size_px in sizes_px:
        request = {**manifest.request, "image_size_px": size_px}
        candidate = replace(manifest, request=request)
        if ready_encoder(stored_request(candidate), AUTO).encoder.identity == manifest.encoder:
            return candidate
    return manifest


def _dropped(folder: Path, name: str) -> str:
    again = command("cluster", "-i", folder)
    return f"its stored {kind_of(name)} file was damaged and is gone; make it again: {again}"


def _unknown(manifest: Manifest) -> tuple[str, ...]:
    if not manifest.columns or manifest.metadata_file is not None:
        return ()
    return ("the place of its metadata file is not known any more: give --metadata again",)
