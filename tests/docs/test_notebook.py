"""The notebook of the documentation runs in a kernel of its own, and shows what it promises."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs/paintings.ipynb"


def test_the_notebook_runs_from_a_folder_to_a_verdict(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "indexes/demo/pictures",
        tmp_path / "paintings",
        ignore=shutil.ignore_patterns("*.md"),
    )
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "it is kept without outputs"
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    shown = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            results = [one for one in cell.outputs if one.output_type == "execute_result"]
            shown[cell.source.splitlines()[-1]] = results[-1].data if results else {}
    for name in ("hits", "duplicates", "clusters", "evaluation", "run", "comparison"):
        assert "text/html" in shown[name], name
    assert shown["hits"]["text/html"].count("<img") == 6, "the query and five hits"
    verdicts = notebook.cells[-1].outputs[-1].data["text/plain"]
    assert "'knn20_accuracy'" in verdicts and "'better'" in verdicts
