"""From what somebody names to a run's options: its folder, its collection, embedded if need be.

What can be refused at once is refused before a collection is embedded.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path

from artvec.collection import locate
from artvec.collection.manifest import MANIFEST, read_manifest
from artvec.collection.reader import source_of
from artvec.commands.compare import plan_models
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.train.plan import collection_of_run
from artvec.commands.train.plan_overrides import PlanOverrides, plan_of
from artvec.commands.train.run_checkpoints import begun, check_place
from artvec.commands.train.train_options import (
    NOBODY,
    RUNS,
    Listener,
    TrainOptions,
    run_named,
    unfinished,
)
from artvec.core.errors import ArtvecError, command, mistyped
from artvec.core.types import AUTO, EncoderOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """What somebody asks to be trained.

    Attributes:
        source: A collection, or a folder of images; None for that of the run to repeat, else the
            only collection.
        model: Backbone to begin with; None for the collection's.
        index: The collection's name, where `source` is a folder.
        group: Column of new collections whose values are never split.
        overrides: What differs from the recipe.
        name: Of the run; None for the collection's.
        seeds: How often to run, with the plan's seed and those after it.
        encoder: Device and precision of embedding, training and evaluation.
    """

    source: str | None = None
    model: str | None = None
    index: str | None = None
    group: str | None = None
    overrides: PlanOverrides = field(default_factory=PlanOverrides)
    name: str | None = None
    seeds: int = 1
    encoder: EncoderOptions = AUTO


def prepare_run(request: TrainRequest, listener: Listener = NOBODY) -> TrainOptions:
    """Return the options of a new run; its collection is embedded first where it has to be.

    Raises:
        ArtvecError: A name or value is wrong, there is a run of that name, there is neither a
            collection nor a folder of that name, or embedding fails.
    """
    plan = plan_of(request.overrides)
    run = run_named(request.name) if request.name else None
    if run is not None:
        check_place(run, resume=False)
    collection = _collection(request, listener)
    return TrainOptions(
        collection=collection,
        run=run or _free_name(request.overrides.repeat, collection),
        plan=plan,
        seeds=request.seeds,
        encoder=request.encoder,
    )


def prepare_resumed_run(request: TrainRequest) -> TrainOptions:
    """Return the options of an interrupted run, which the request must not contradict.

    Without a name it is the only run that was interrupted, or the one that bears the source's name.

    Raises:
        ArtvecError: It is contradicted, there is nothing to resume, or several runs could be meant.
    """
    run = run_named(request.name) if request.name else _interrupted(request.source)
    recorded = begun(run)
    named = request.source is not None and run.name != Path(request.source).name
    if not _is_of(recorded.collection, request.source if named else None, request.model):
        raise ArtvecError(
            f"{run} was begun with the collection {recorded.collection}, "
            "which is not what was named",
            f"go on with that: {command('train', '--resume', '--name', run)}",
            usage=True,
        )
    if request.overrides != PlanOverrides() and plan_of(request.overrides) != recorded.plan:
        raise ArtvecError(
            f"{run} was begun with other settings",
            f"go on with those: {command('train', '--resume', '--name', run)}; "
            "or begin another run with another --name",
            usage=True,
        )
    return replace(recorded, seeds=max(request.seeds, recorded.seeds), encoder=request.encoder)


def _collection(request: TrainRequest, listener: Listener) -> Path:
    """Return the folder of the collection to learn from; what is missing is embedded first.

    A collection's name comes first. A folder that is one collection's source means that
    collection, brought up to date.
    """
    if request.source is None and request.index is None and request.overrides.repeat is not None:
        request = replace(request, source=str(_of_run(request.overrides.repeat)))
    if request.source is None or (locate.named(request.source) / MANIFEST).is_file():
        if request.source is not None and request.index not in (None, request.source):
            raise ArtvecError(
                f"{request.source} is a collection, and -i names another",
                "name one of them",
                usage=True,
            )
        folder = locate.existing(request.source or request.index, command="artvec train")
        manifest = read_manifest(folder)
        if request.model is None or _same_model(str(manifest.request["name"]), request.model):
            return folder
        return _embedded(source_of(folder, manifest), request, listener)
    source = Path(request.source)
    if not source.is_dir():
        place = locate.named(request.source)
        raise mistyped(
            f"there is neither a collection at {place} nor a folder {source}",
            request.source,
            [place.name for place in locate.collections()],
            otherwise="name a collection, or a folder of pictures: artvec train FOLDER",
        )
    return _embedded(source, request, listener)


def _embedded(source: Path, request: TrainRequest, listener: Listener) -> Path:
    """Make a source's collection with the model asked for, or bring it up to date."""
    options = _embed_options(source, request)
    with listener.stage(f"embedding {source.name}") as progress:
        report = embed_images(source, options, progress)
    for note in report.notes:
        listener.note(note)
    if report.embedded or report.failed:
        listener.note(f"{report.index.name}: {report.embedded} embedded, {report.failed} skipped")
    return report.index


def _embed_options(source: Path, request: TrainRequest) -> EmbedOptions:
    known = locate.by_source().get(source.resolve(), [])
    index, model, group, encoder = request.index, request.model, request.group, request.encoder
    if index is not None or not known:
        return EmbedOptions(model=model, index=index, encoder=encoder, group=group)
    if model is None:
        if len(known) > 1:
            raise ArtvecError(
                f"{source} has several collections: {', '.join(place.name for place in known)}",
                f"name one: artvec train {shlex.quote(known[0].name)}",
                usage=True,
            )
        return EmbedOptions(index=str(known[0]), encoder=encoder, group=group)
    (planned,) = plan_models(source, [model], encoder)
    return EmbedOptions(
        model=planned.model,
        index=str(planned.folder),
        encoder=encoder,
        metadata=planned.metadata,
        lenient_metadata=planned.lenient_metadata,
        group=group or planned.group,
    )


def _free_name(repeated: Path | None, collection: Path) -> Path:
    """Return where a run goes that wasn't named; one that repeats another gets a number."""
    if repeated is None:
        return RUNS / collection.resolve().name
    run = repeated if repeated.is_dir() else repeated.parent
    numbers = (run.with_name(f"{run.resolve().name}-{n}") for n in range(2, 10_000))
    return next(place for place in numbers if not place.exists())


def _of_run(record: Path) -> Path:
    """Return the collection that a run learned from, if it is there."""
    folder = collection_of_run(record)
    if not (folder / MANIFEST).is_file():
        raise ArtvecError(
            f"the collection {folder} that the run learned from is gone",
            f"name another: {command('train', 'COLLECTION', '--from', record)}",
            usage=True,
        )
    return folder


def _interrupted(source: str | None) -> Path:
    """Return the only run that was interrupted, or the one that bears a source's name."""
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


def _is_of(collection: Path, source: str | None, model: str | None) -> bool:
    """Say whether a collection is of a source, or bears its name, and was made with a model."""
    if not (collection / MANIFEST).is_file():
        return True  # that it is gone is said when it is opened
    manifest = read_manifest(collection)
    places = (collection.resolve(), source_of(collection, manifest))
    return (
        source is None
        or locate.named(source).resolve() == places[0]
        or Path(source).resolve() == places[1]
    ) and (model is None or _same_model(str(manifest.request["name"]), model))


def _same_model(recorded: str, model: str) -> bool:
    return recorded == model or (
        recorded.startswith("/") and Path(model).exists() and Path(model).samefile(recorded)
    )
