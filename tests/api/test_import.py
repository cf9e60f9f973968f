"""`import artvec` is light, and offers what the documentation promises."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import artvec

HEAVY = "{'numpy', 'torch', 'PIL', 'pyarrow', 'sklearn', 'rich', 'faiss', 'scipy', 'jinja2'}"


def test_importing_it_imports_nothing_heavy() -> None:
    code = f"import sys, artvec; dir(artvec); print({HEAVY} & set(sys.modules), len(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, count = done.stdout.rsplit(" ", 1)
    assert heavy == "set()" and int(count) < 120


@pytest.mark.parametrize("name", [name for name in artvec.__all__ if name != "__version__"])
def test_every_name_is_there_and_documented(name: str) -> None:
    found = getattr(artvec, name)
    assert inspect.getdoc(found)
    if inspect.isfunction(found) or name in ("Collection", "Encoder", "Run"):
        assert "Example:" in (found.__doc__ or "")
    if inspect.isclass(found):
        for method, thing in vars(found).items():
            if not method.startswith("_") and callable(thing):
                assert inspect.getdoc(thing), f"{name}.{method}"


def test_an_unknown_name_is_no_attribute() -> None:
    assert not hasattr(artvec, "nothing")


def test_no_signature_takes_just_any_keyword() -> None:
    for name in artvec.__all__:
        found = getattr(artvec, name)
        functions = [found, *vars(found).values()] if inspect.isclass(found) else [found]
        for function in filter(inspect.isfunction, functions):
            kinds = {one.kind for one in inspect.signature(function).parameters.values()}
            assert inspect.Parameter.VAR_KEYWORD not in kinds
