"""The code of docs/python.md runs as it is written there, and so do the docstrings' examples."""

from __future__ import annotations

import ast
import doctest
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import artvec
from artvec.sklearn import ImageEncoder
from tests.conftest import picture

PAGE = Path(__file__).parents[2] / "docs/python.md"
STYLES = ("baroque", "cubist", "romantic")
PUBLIC = [getattr(artvec, name) for name in ("open", "embed", "train", "compare")]
for kind in (artvec.Collection, artvec.Encoder, artvec.Run, ImageEncoder, artvec.Hits):
    PUBLIC += [kind, *(own for name, own in inspect.getmembers(kind) if not name.startswith("_"))]
EXAMPLES = {
    one.__qualname__: doctest.DocTestParser().get_examples(inspect.getdoc(one) or "")
    for one in PUBLIC
    if callable(one) and ">>>" in (inspect.getdoc(one) or "")
}

Names = dict[str, Any]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Names]:
    """Run the page from top to bottom in a folder of thirty paintings; return its names."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("page")
    os.chdir(folder)
    lines = ["filename,year"]
    for number in range(30):
        name = "a.jpg" if number == 0 else f"{number}.jpg"
        file = folder / "paintings" / STYLES[number % 3] / name
        file.parent.mkdir(parents=True, exist_ok=True)
        by = 1 + number % 3
        picture(number).point(lambda value, by=by: value // by).save(file)
        lines.append(f"{STYLES[number % 3]}/{name},{1600 + 10 * number}")
    Path("years.csv").write_text("\n".join(lines) + "\n")
    picture(0).save("a.jpg")
    picture(40).save("query.jpg")
    names: Names = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) > 8
    for block in blocks:
        exec(compile(block, f"{PAGE.name}: {block.splitlines()[0]}", "exec"), names)
    yield names
    os.chdir(before)


def close(value: Any, wanted: Any) -> bool:
    """Compare as an example's reader does: numbers within 2 %, everything else as it is."""
    if isinstance(wanted, tuple):
        return len(value) == len(wanted) and all(map(close, value, wanted))
    if isinstance(wanted, float):
        return bool(value == pytest.approx(wanted, rel=0.02))
    return bool(value == wanted)


def test_the_page_does_what_it_says(names: Names) -> None:
    assert len(names["hits"]) == 5
    assert names["best"].metadata["year"] < 1700
    assert {place.name for place in Path("indexes").iterdir()} == {
        "paintings", "paintings-colour-4x4", "paintings-paintings"
    }  # fmt: skip
    assert "year" in names["tuned"].table.column_names


def test_what_is_public_has_examples() -> None:
    assert {"open", "embed", "train", "compare", "Collection.search", "Run", "Encoder"} <= set(
        EXAMPLES
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_docstrings_run(name: str, names: Names) -> None:
    libraries = {
        "artvec": artvec,
        "np": np,
        "PIL": PIL,
        "ImageEncoder": ImageEncoder,
        "LogisticRegression": LogisticRegression,
        "make_pipeline": make_pipeline,
    }
    found = {**names, **libraries}
    for example in EXAMPLES[name]:
        if not example.want:
            exec(example.source, found)
            continue
        value, want = eval(example.source, found), example.want.strip()
        if isinstance(value, np.ndarray):
            assert repr(value) == want
        else:
            assert close(value, ast.literal_eval(want)), repr(value)
