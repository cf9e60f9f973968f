"""The notebook of the documentation runs cell by cell, and shows what it promises."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs/paintings.ipynb"


def test_the_notebook_runs_from_a_folder_to_a_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    without_note = shutil.ignore_patterns("*.md")
    shutil.copytree(ROOT / "indexes/demo/pictures", "paintings", ignore=without_note)
    cells = [cell for cell in json.loads(NOTEBOOK.read_bytes())["cells"] if "outputs" in cell]
    assert not any(cell["outputs"] for cell in cells), "it is kept without outputs"
    shown = {}
    names: dict[str, Any] = {}
    for cell in cells:
        *before, last = ast.parse("".join(cell["source"])).body
        assert isinstance(last, ast.Expr), "every cell shows something"
        exec(compile(ast.Module(before, []), NOTEBOOK.name, "exec"), names)
        shown[ast.unparse(last)] = eval(compile(ast.Expression(last.value), "", "eval"), names)
    for name in ("hits", "duplicates", "clusters", "evaluation", "run", "comparison"):
        assert "<table" in shown[name]._repr_html_() or name in ("hits", "duplicates"), name
    assert shown["hits"]._repr_html_().count("<img") == 6, "the query and five hits"
    *_, verdicts = shown.values()
    assert ("knn20_accuracy", "better") in {(name, word) for name, *_, word in verdicts}
