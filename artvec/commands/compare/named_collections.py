"""From what a user typed to opened collections; a run stands for what it embedded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from artvec.collection import locate
from artvec.collection.encoder_request import stored_request
from artvec.collection.manifest import MANIFEST, Manifest, read_manifest
from artvec.collection.reader import Collection, open_collection, source_of
from artvec.core.errors import ArtvecError, command, mistyped
from artvec.encoding import backbones
from artvec.encoding.setup import describe
from artvec.evaluation import own_run


@dataclass(frozen=True)
class NamedCollection:
    """A collection under the name that the output calls it by."""

    name: str
    collection: Collection


def open_collections(arguments: Sequence[str]) -> tuple[NamedCollection, ...]:
    """Open the collections that names, paths and run directories stand for.

    Args:
        arguments: None at all stand for the only collection there is.

    Raises:
        ArtvecError: One is neither a collection nor a run, is damaged or named twice, or a run has
            embedded no collection or several, or was trained further since.
    """
    if not arguments:
        arguments = [_only()]
    folders = [_folder(argument, arguments) for argument in arguments]
    _check_distinct(arguments, folders)
    names = [folder.resolve().name for folder in folders]
    found = tuple(
        NamedCollection(name if names.count(name) == 1 else str(folder), open_collection(folder))
        for name, folder in zip(names, folders, strict=True)
    )
    for one in found:
        _check_of_today(one)
    return found


def _only() -> str:
    known = [folder.name for folder in locate.collections()]
    if len(known) == 1:
        return known[0]
    raise ArtvecError(
        f"no collection was named, and there are several under {locate.root()}: {', '.join(known)}"
        if known
        else f"no collection was named, and there is none under {locate.root()}",
        _choice([])
        if known
        else "make some: artvec compare --models tf_efficientnet_lite0,colour:4x4 FOLDER",
        usage=True,
    )


def _choice(arguments: Sequence[str]) -> str:
    """Offer collections of one source: that of an argument if there is one, else the commonest."""
    named = {locate.named(argument).resolve() for argument in arguments}
    groups = sorted(
        locate.by_source().values(),
        key=lambda group: (any(place.resolve() in named for place in group), len(group)),
    )
    if not groups:
        return "make one: artvec embed FOLDER"
    return f"type: {command('compare', *(place.name for place in groups[-1]))}"


def _folder(argument: str, arguments: Sequence[str]) -> Path:
    folder = locate.named(argument)
    if (folder / MANIFEST).is_file():
        return folder
    if (Path(argument) / "run.json").is_file():
        return _embedded_by(Path(argument))
    raise mistyped(
        f"there is neither a collection at {folder} nor a run at {argument}",
        argument,
        [place.name for place in locate.collections()],
        otherwise=_choice(arguments),
    )


def _embedded_by(run: Path) -> Path:
    """Return the one collection under the root whose vectors a run made."""
    neighbours = list(_neighbours())
    made = [folder for folder, manifest in neighbours if _is_of(manifest, run)]
    if len(made) == 1:
        return made[0]
    if made:
        names = [folder.name for folder in made]
        raise ArtvecError(
            f"{run} embedded several collections: {', '.join(names)}",
            f"name the one that is meant: {command('compare', names[0])}",
            usage=True,
        )
    sources = {source_of(folder, manifest) for folder, manifest in neighbours}
    source = sources.pop() if len(sources) == 1 else Path("SOURCE")
    index = f"{source.name}-{run.resolve().name}"
    raise ArtvecError(
        f"no collection under {locate.root()} was embedded by {run}",
        f"make it: {command('embed', source, '-m', run, '-i', index)}",
        usage=True,
    )


def _neighbours() -> Iterator[tuple[Path, Manifest]]:
    for folder in locate.collections():
        try:
            yield folder, read_manifest(folder)
        except ArtvecError:
            continue  # a damaged neighbour was not asked for


def _is_of(manifest: Manifest, run: Path) -> bool:
    name = str(manifest.request.get("name", ""))
    return backbones.is_run(name) and Path(name).resolve() == run.resolve()


def _check_distinct(arguments: Sequence[str], folders: Sequence[Path]) -> None:
    argument_of: dict[Path, str] = {}
    for argument, folder in zip(arguments, folders, strict=True):
        place = folder.resolve()
        if place in argument_of:
            raise ArtvecError(
                f"{argument_of[place]} and {argument} are one collection"
                if argument_of[place] != argument
                else f"{argument} is named twice",
                f"name it once: {command('compare', *argument_of.values())}",
                usage=True,
            )
        argument_of[place] = argument


def _check_of_today(one: NamedCollection) -> None:
    """Refuse vectors of an earlier state of a run: today's head and splits are not theirs."""
    manifest = one.collection.manifest
    run = own_run(one.collection)
    if run is None or not (run / "run.json").is_file():
        return
    request = stored_request(manifest)
    today = backbones.known(request) or backbones.load(request)
    if today.identity != manifest.encoder:
        raise ArtvecError(
            f"{one.name} was made with {describe(manifest.encoder)}, but {run} has since become "
            f"{describe(today.identity)}",
            "embed it again: "
            + command(
                "embed",
                one.collection.source,
                "-m",
                run,
                "-i",
                one.collection.folder,
                "--overwrite",
            ),
        )
