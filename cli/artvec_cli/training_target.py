"""What `artvec train` works on: a collection, embedded where it must be, and a run's folder."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from artvec.core.errors import ArtvecError, command, mistyped
from artvec_cli.render import Output

if TYPE_CHECKING:
    from artvec.commands.train import PlanOverrides, TrainOptions
    from artvec.core.types import EncoderOptions


@dataclass(frozen=True, slots=True)
class Target:
    """What a user named.

    Attributes:
        source: A collection, or a folder of pictures.
        model: Backbone to begin with.
        index: The collection's name, where `source` is a folder.
        group: Of new collections.
        repeat: Record of a run whose collection is meant where none is named.
    """

    source: str | None
    model: str | None
    index: str | None
    group: str | None
    repeat: Path | None = None


def begun_with(
    target: Target,
    overrides: PlanOverrides,
    *,
    run: Path | None,
    encoder: EncoderOptions,
    output: Output,
) -> TrainOptions:
    """Return what a new run is told: its plan, its collection, its folder.

    Everything that can be refused at once is refused before a collection is embedded.

    Args:
        target: What is learned from.
        overrides: What was said of the plan.
        run: Its folder; None for one named like the collection.
        encoder: For embedding.
        output: Of the command.

    Raises:
        ArtvecError: See `plan_of`, `check_place` and `collection_of`.
    """
    from artvec.commands.train import TrainOptions, check_place, plan_of

    plan = plan_of(overrides)
    if run is not None:
        check_place(run, resume=False)
    collection = collection_of(target, encoder, output)
    return TrainOptions(
        collection=collection, run=run or free_name(target.repeat, collection), plan=plan
    )


def collection_of(target: Target, encoder: EncoderOptions, output: Output) -> Path:
    """Return the folder of the collection to learn from; what is missing is embedded first.

    A collection's name comes first. A folder that is one collection's source means that
    collection, brought up to date. Nothing at all means that of the run to repeat, else the only
    one there is.

    Raises:
        ArtvecError: There is neither a collection nor a folder of that name, or several to choose
            from; or embedding it fails.
    """
    from artvec.collection import locate
    from artvec.collection.manifest import MANIFEST, read_manifest
    from artvec.collection.reader import source_of

    if target.source is None and target.index is None and target.repeat is not None:
        target = replace(target, source=str(_of_run(target.repeat)))
    if target.source is None or (locate.named(target.source) / MANIFEST).is_file():
        if target.source is not None and target.index not in (None, target.source):
            raise ArtvecError(
                f"{target.source} is a collection, and -i names another",
                "name one of them",
                usage=True,
            )
        folder = locate.existing(target.source or target.index, command="artvec train")
        manifest = read_manifest(folder)
        if target.model is None or _same(str(manifest.request["name"]), target.model):
            return folder
        return _embedded(source_of(folder, manifest), target, encoder, output)
    source = Path(target.source)
    if not source.is_dir():
        raise mistyped(
            f"there is neither a collection at {locate.named(target.source)} nor a folder {source}",
            target.source,
            [place.name for place in locate.collections()],
            otherwise="name a collection, or a folder of pictures: artvec train FOLDER",
        )
    return _embedded(source, target, encoder, output)


def run_to_resume(source: str | None) -> Path:
    """Return the only run that was interrupted, or the one that bears a source's name.

    Raises:
        ArtvecError: There is none, or several.
    """
    from artvec.commands.train import RUNS, unfinished

    found = unfinished()
    named = [run for run in found if source is not None and run.name == Path(source).name]
    if len(named or found) == 1:
        return (named or found)[0]
    if not found:
        raise ArtvecError(
            f"no run under {RUNS} was interrupted",
            "name one that lies elsewhere: --name PATH; or leave --resume out",
            usage=True,
        )
    raise ArtvecError(
        f"{len(found)} runs were interrupted: {', '.join(run.name for run in found)}",
        f"name one: {command('train', '--resume', '--name', found[0].name)}",
        usage=True,
    )


def resumed(
    run: Path, overrides: PlanOverrides, source: str | None = None, model: str | None = None
) -> TrainOptions:
    """Return what an interrupted run was told, which a source, a model, flags must not contradict.

    Raises:
        ArtvecError: They do, or there is nothing to resume.
    """
    from artvec.commands.train import PlanOverrides, begun, plan_of

    told = begun(run)
    given = source if source is not None and run.name != Path(source).name else None
    if not _began_with(told.collection, given, model):
        raise ArtvecError(
            f"{run} was begun with the collection {told.collection}, which is not what was named",
            f"go on with that: {command('train', '--resume', '--name', run)}",
            usage=True,
        )
    if overrides != PlanOverrides() and plan_of(overrides) != told.plan:
        raise ArtvecError(
            f"{run} was begun with other settings",
            f"go on with those: {command('train', '--resume', '--name', run)}; "
            "or begin another run with another --name",
            usage=True,
        )
    return told


def _began_with(collection: Path, source: str | None, model: str | None) -> bool:
    """Say whether a collection is of a source, or bears its name, and was made with a model."""
    from artvec.collection import locate
    from artvec.collection.manifest import MANIFEST, read_manifest
    from artvec.collection.reader import source_of

    if not (collection / MANIFEST).is_file():
        return True  # what is gone will be told when it is opened
    manifest = read_manifest(collection)
    places = (collection.resolve(), source_of(collection, manifest))
    return (
        source is None
        or locate.named(source).resolve() == places[0]
        or Path(source).resolve() == places[1]
    ) and (model is None or _same(str(manifest.request["name"]), model))


def free_name(repeated: Path | None, collection: Path) -> Path:
    """Return where a run goes that wasn't named; one that repeats another gets a number."""
    from artvec.commands.train import RUNS

    if repeated is None:
        return RUNS / collection.resolve().name
    run = repeated if repeated.is_dir() else repeated.parent
    numbers = (run.with_name(f"{run.resolve().name}-{n}") for n in range(2, 10_000))
    return next(place for place in numbers if not place.exists())


def _of_run(record: Path) -> Path:
    """Return the collection that a run learned from.

    Raises:
        ArtvecError: It is not there any more.
    """
    from artvec.collection.manifest import MANIFEST
    from artvec.commands.train import collection_of_run

    folder = collection_of_run(record)
    if not (folder / MANIFEST).is_file():
        raise ArtvecError(
            f"the collection {folder} that the run learned from is gone",
            f"name another: {command('train', 'COLLECTION', '--from', record)}",
            usage=True,
        )
    return folder


def _same(recorded: str, model: str) -> bool:
    return recorded == model or (
        recorded.startswith("/") and Path(model).exists() and Path(model).samefile(recorded)
    )


def _embedded(source: Path, target: Target, encoder: EncoderOptions, output: Output) -> Path:
    """Make a source's collection with the model asked for, or bring it up to date."""
    from artvec.collection import locate
    from artvec.commands.compare import plan_models
    from artvec.commands.embed import EmbedOptions, embed_images

    known = locate.by_source().get(source.resolve(), [])
    wanted = EmbedOptions(
        model=target.model, index=target.index, encoder=encoder, group=target.group
    )
    if target.index is None and target.model is None and len(known) > 1:
        raise ArtvecError(
            f"{source} has several collections: {', '.join(place.name for place in known)}",
            f"name one: artvec train {shlex.quote(known[0].name)}",
            usage=True,
        )
    if target.index is None and target.model is None and known:
        wanted = EmbedOptions(index=str(known[0]), encoder=encoder, group=target.group)
    elif target.index is None and target.model is not None and known:
        (planned,) = plan_models(source, [target.model], encoder)
        wanted = EmbedOptions(
            model=planned.model,
            index=str(planned.folder),
            encoder=encoder,
            metadata=planned.metadata,
            lenient_metadata=planned.lenient_metadata,
            group=target.group or planned.group,
        )
    with output.progress(f"embedding {source.name}") as progress:
        report = embed_images(source, wanted, progress)
    output.notes(report.notes)
    if report.embedded or report.failed:
        output.notes([f"{report.index.name}: {report.embedded} embedded, {report.failed} skipped"])
    return report.index
