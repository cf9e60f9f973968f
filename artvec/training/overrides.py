"""Change a recipe by words of a command line, by a TOML table or by a record; refuse the wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any, get_args, get_type_hints

from artvec.core.errors import ArtvecError, mistyped
from artvec.training.phase import NOT_NEGATIVE, Phase, Range
from artvec.training.recipes import main_phases

ALL = "all"
_RESERVED = (ALL, "untrained")
"""No names of phases: the second one is that of the backbone as it came."""
_TYPES: dict[str, Any] = get_type_hints(Phase)
_ANNOTATED: dict[str, Any] = get_type_hints(Phase, include_extras=True)


def apply_settings(phases: tuple[Phase, ...], settings: Sequence[str]) -> tuple[Phase, ...]:
    """Apply `PHASE.FIELD=VALUE` settings in turn; `all.FIELD=VALUE` is for every phase.

    Raises:
        ArtvecError: No such phase or field, or a value that the field can't have.
    """
    for setting in settings:
        place, equals, value = setting.partition("=")
        name, dot, field = place.strip().partition(".")
        if not equals or not dot:
            raise ArtvecError(
                f"{setting!r} is no setting",
                f"write PHASE.FIELD=VALUE: --set {phases[-1].name}.rate=1e-4",
                usage=True,
            )
        phases = change_phases(phases, name, {field: value.strip()})
    return phases


def change_phases(
    phases: tuple[Phase, ...], name: str, values: Mapping[str, object]
) -> tuple[Phase, ...]:
    """Give fields of one phase, or of all, other values.

    Args:
        phases: Of a recipe.
        name: Of a phase, or `all`.
        values: Field → value, as text or as TOML and JSON give it.

    Raises:
        ArtvecError: No such phase or field, or a value that the field can't have.
    """
    names = [phase.name for phase in phases]
    if name not in (ALL, *names):
        raise mistyped(
            f"the recipe has no phase {name!r}",
            name,
            names,
            otherwise=f"its phases: {', '.join(names)}; {ALL} means every one",
        )
    read = {field: value_of(field, value) for field, value in values.items()}
    return tuple(replace(p, **read) if name in (ALL, p.name) else p for p in phases)


def with_rate(phases: tuple[Phase, ...], rate: float) -> tuple[Phase, ...]:
    """Give the first main phase a rate; the main phases after it keep their ratio to it.

    Raises:
        ArtvecError: The rate is none.
    """
    value_of("rate", rate)
    main = main_phases(phases)
    factor = rate / next(phase.rate for phase in phases if phase.name == main[0])
    return tuple(replace(p, rate=p.rate * factor) if p.name in main else p for p in phases)


def value_of(field: str, given: object) -> Any:
    """Read a field's value from text, or check one that has its type already.

    Raises:
        ArtvecError: No such field, or a value that it can't have.
    """
    names = [each.name for each in fields(Phase) if each.name != "name"]
    if field not in names:
        raise mistyped(
            f"a phase has no field {field!r}",
            field,
            names,
            otherwise=f"its fields: {', '.join(names)}",
        )
    kind, numbers = _TYPES[field], _range_of(field)
    try:
        value = _read(kind, given)
        if isinstance(value, int | float) and not numbers.holds(value):
            raise ValueError(value)
    except (ValueError, TypeError) as error:
        raise ArtvecError(
            f"{field} can't be {given!r}", f"give {_allowed(kind, numbers)}", usage=True
        ) from error
    return value


def phases_from(records: object) -> tuple[Phase, ...]:
    """Read a recipe's phases from a list of tables, as `records_of` and TOML files hold them.

    Raises:
        ArtvecError: There are none, two of one name, one without a name, or wrong fields.
    """
    if not isinstance(records, list) or not records:
        raise _no_recipe("it has no list of phases")
    found = []
    for record in records:
        if not isinstance(record, Mapping) or not record.get("name"):
            raise _no_recipe("a phase has no name")
        if not isinstance(record["name"], str):
            raise _no_recipe(f"the name of a phase can't be {record['name']!r}")
        values = {field: value_of(field, of) for field, of in record.items() if field != "name"}
        found.append(Phase(name=record["name"], **values))
    names = [phase.name for phase in found]
    if len(set(names)) < len(names) or {*names} & {*_RESERVED}:
        raise _no_recipe(
            f"the names of its phases must differ, and none be {' or '.join(_RESERVED)}"
        )
    return tuple(found)


def records_of(phases: Sequence[Phase]) -> list[dict[str, Any]]:
    """Return a recipe's phases as JSON holds them."""
    return [asdict(phase) for phase in phases]


def _read(kind: Any, given: object) -> Any:
    """Turn text or a number into a field's type; a boolean is neither here."""
    if isinstance(given, bool):
        raise TypeError(given)
    if kind == float | None:
        return None if given is None or str(given).lower() == "none" else float(str(given))
    if kind is int or kind is float:
        return kind(str(given))
    if not isinstance(given, str) or not given or given not in (get_args(kind) or (given,)):
        raise ValueError(given)
    return given


def _range_of(field: str) -> Range:
    """Return the range that stands beside a field's type."""
    ranges = getattr(_ANNOTATED[field], "__metadata__", (NOT_NEGATIVE,))
    found: Range = ranges[0]
    return found


def _allowed(kind: Any, numbers: Range) -> str:
    """Say in words what a field can be."""
    if kind is str:
        return "a name"
    if get_args(kind) and kind != float | None:
        return f"one of {', '.join(get_args(kind))}"
    return f"{'a whole number' if kind is int else 'a number'}{numbers.words}"


def _no_recipe(why: str) -> ArtvecError:
    return ArtvecError(
        f"that is no recipe: {why}",
        "give a record that artvec train has written, or a TOML file with [[phases]]",
        usage=True,
    )
