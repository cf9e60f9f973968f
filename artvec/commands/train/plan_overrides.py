"""From words of a command line, a TOML file or an earlier run to a plan."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from artvec.collection.locate import named
from artvec.commands.train.plan import Plan, plan_from, record_at
from artvec.core.errors import ArtvecError, mistyped
from artvec.encoding.heads import build_head
from artvec.training.augment import augmentation
from artvec.training.classifier import Classifier
from artvec.training.losses import build_loss, check_mixable
from artvec.training.optimise import build_optimizer
from artvec.training.overrides import ALL, apply_settings, change_phases, phases_from, with_rate
from artvec.training.phase import Phase
from artvec.training.recipes import RECIPES, SCRATCH, main_phases

_PLAIN = ("recipe", "head", "label", "seed", "watch", "group", "phases")
"""Keys of a TOML file beside the names of phases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOverrides:
    """What a user said of a plan; None and empty where nothing was said.

    Attributes:
        recipe: A name out of `RECIPES`.
        repeat: `run.json` of a run to repeat.
        config: TOML file: `recipe`, `head`, `label`, `seed`, `watch`, `group`; a table of fields a
            phase, `[all]` for every one; or a recipe of its own, a table `[[phases]]` each.
        head: See `Plan`.
        labels: See `Plan`.
        seed: See `Plan`.
        watch: See `Plan`.
        group: See `Plan`.
        train_fraction: Of all phases.
        freeze_until: Block or layer from which on the main phases train.
        loss: Of the main phases: those that train the backbone; all, where none does.
        augment: Likewise.
        anchor: Likewise.
        epochs: Likewise.
        batch_size: Likewise.
        rate: Of the first main phase; later ones keep their ratio to it.
        settings: `PHASE.FIELD=VALUE`, applied last.
    """

    recipe: str | None = None
    repeat: Path | None = None
    config: Path | None = None
    head: str | None = None
    labels: tuple[str, ...] = ()
    seed: int | None = None
    watch: tuple[str, ...] = ()
    group: str | None = None
    train_fraction: float | None = None
    freeze_until: str | None = None
    loss: str | None = None
    augment: str | None = None
    anchor: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    rate: float | None = None
    settings: tuple[str, ...] = ()


def plan_of(overrides: PlanOverrides) -> Plan:
    """Resolve overrides: an earlier run or a recipe, changed by the file, the flags, the settings.

    Raises:
        ArtvecError: A name, file, field or value is wrong.
    """
    plan = Plan() if overrides.repeat is None else plan_from(record_at(overrides.repeat))
    given = {} if overrides.config is None else _toml(overrides.config)
    plan = _configured(_begun(plan, overrides.recipe, given), given)
    phases = plan.phases
    if overrides.train_fraction is not None:
        phases = change_phases(phases, ALL, {"train_fraction": overrides.train_fraction})
    for name in main_phases(phases):
        phases = change_phases(phases, name, _main_fields(overrides))
    if overrides.freeze_until is not None:
        phases = _unfrozen_from(phases, overrides.freeze_until)
    if overrides.rate is not None:
        phases = with_rate(phases, overrides.rate)
    resolved = replace(
        plan,
        phases=apply_settings(phases, overrides.settings),
        head=overrides.head or plan.head,
        labels=overrides.labels or plan.labels,
        seed=plan.seed if overrides.seed is None else overrides.seed,
        watch=tuple(
            dict.fromkeys(str(named(one).absolute()) for one in overrides.watch or plan.watch)
        ),
        group=overrides.group or plan.group,
    )
    _check_spellings(resolved)
    _check_labels(resolved.labels)
    return resolved


def _check_spellings(plan: Plan) -> None:
    """Refuse heads, losses, augmentations, optimisers that aren't there or don't go together."""
    build_head(plan.head, 2, 2)
    some = Classifier(nn.Identity(), [nn.Linear(2, 2)])
    for phase in plan.phases:
        build_loss(phase.loss, 2, 2)
        if phase.mixup or phase.cutmix:
            check_mixable(phase.loss)
        augmentation(phase.augment)
        build_optimizer(some, nn.Identity(), replace(phase, trainable="head"))


def _check_labels(labels: Sequence[str]) -> None:
    distinct = tuple(column for column in dict.fromkeys(labels) if column)
    if distinct != tuple(labels):
        raise ArtvecError(
            "a label column is named twice, or has no name",
            f"name each once: --label {shlex.quote(','.join(distinct) or 'label')}",
            usage=True,
        )


def _main_fields(overrides: PlanOverrides) -> dict[str, object]:
    fields = {
        "loss": overrides.loss,
        "augment": overrides.augment,
        "anchor": overrides.anchor,
        "epochs": overrides.epochs,
        "batch_size": overrides.batch_size,
    }
    return {field: value for field, value in fields.items() if value is not None}


def _unfrozen_from(phases: tuple[Phase, ...], name: str) -> tuple[Phase, ...]:
    main = main_phases(phases)
    if any(phase.trainable == "head" for phase in phases if phase.name in main):
        raise ArtvecError(
            "the recipe trains nothing but the head",
            "leave --freeze-until out, or give --recipe two-phase",
            usage=True,
        )
    for phase in main:
        phases = change_phases(phases, phase, {"trainable": f"from:{name}"})
    return phases


def _with_recipe(plan: Plan, name: str) -> Plan:
    if name not in RECIPES:
        raise mistyped(
            f"there is no recipe {name!r}",
            name,
            RECIPES,
            otherwise=f"give one of {', '.join(RECIPES)}, or a file: --config FILE.toml",
        )
    return replace(plan, recipe=name, phases=RECIPES[name])


def _begun(plan: Plan, recipe: str | None, given: Mapping[str, Any]) -> Plan:
    """Choose the recipe: the one named, else the file's own, else the one that the file names."""
    if recipe is not None:
        return _with_recipe(plan, recipe)
    if "phases" in given:
        return replace(plan, recipe=_named(given), phases=phases_from(given["phases"]))
    return _with_recipe(plan, _text(given, "recipe")) if "recipe" in given else plan


def _configured(plan: Plan, given: Mapping[str, Any]) -> Plan:
    """Apply what else a TOML file says."""
    labels = given.get("label", ())
    watch = given.get("watch", ())
    tables = _tables(plan.phases, given)
    plan = replace(
        plan,
        head=_text(given, "head") if "head" in given.keys() - tables else plan.head,
        group=_text(given, "group") if "group" in given else plan.group,
        labels=_names(labels, "label") or plan.labels,
        watch=_names(watch, "watch") or plan.watch,
        seed=_seed(given["seed"]) if "seed" in given else plan.seed,
    )
    phases = plan.phases
    for name in sorted(tables, key=lambda name: name != ALL):
        phases = change_phases(phases, name, given[name])
    return replace(plan, phases=phases)


def _tables(phases: tuple[Phase, ...], given: Mapping[str, Any]) -> set[str]:
    """Return the names of a file's tables; `head` may be one, of the phase of that name."""
    names = [phase.name for phase in phases]
    tables = {name for name, of in given.items() if isinstance(of, Mapping)}
    for name in given.keys() - tables - {*_PLAIN}:
        if name in (ALL, *names):
            raise _wrong(name, given[name], f"a table of fields, under [{name}]")
        known = [*_PLAIN, ALL, *names]
        raise mistyped(
            f"a training file has no key {name!r}",
            name,
            known,
            otherwise=f"its keys: {', '.join(known)}",
        )
    return tables


def _named(given: Mapping[str, Any]) -> str:
    """Return the name of a file's own recipe; that of a built-in one would be a lie."""
    name = _text(given, "recipe") if "recipe" in given else "own"
    return name if name == SCRATCH or name not in RECIPES else f"own-{name}"


def _text(given: Mapping[str, Any], key: str) -> str:
    if not isinstance(given[key], str) or not given[key]:
        raise _wrong(key, given[key], "text")
    return str(given[key])


def _names(given: object, key: str) -> tuple[str, ...]:
    if isinstance(given, str):
        return tuple(part for part in given.split(",") if part)
    if not isinstance(given, (list, tuple)) or not all(isinstance(name, str) for name in given):
        raise _wrong(key, given, "a name, or a list of names")
    return tuple(given)


def _seed(given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given < 2**32:
        raise _wrong("seed", given, "a whole number from 0 on")
    return given


def _wrong(key: str, given: object, allowed: str) -> ArtvecError:
    return ArtvecError(f"{key} can't be {given!r}", f"give {allowed}", usage=True)


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise ArtvecError(
            f"{file} can't be read as TOML: {why}", "give --config FILE.toml", usage=True
        ) from error
