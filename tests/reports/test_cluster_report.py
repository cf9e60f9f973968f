"""`artvec cluster --report, --full, --figures` as processes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def place(folder: Path, tmp_path: Path) -> Path:
    """Return a copy of the small gallery and its collection, to write into."""
    shutil.copytree(folder.parent.parent, tmp_path / "work")
    return tmp_path / "work"


def test_a_report_with_thumbnails_and_figures(place: Path, artvec: Callable[..., Any]) -> None:
    words = ("cluster", "--method", "kmeans", "--clusters", "3", "--map", "tsne")
    done = artvec(*words, "--full", "--figures", "for-paper", "--json", cwd=place)
    assert done.code == 0, done.err
    report = Path(done.json["report"])
    assert report == place / "indexes" / "pictures" / "reports" / "clusters.html"
    text = report.read_text()
    assert "fall into 3 clusters" in text
    assert "What is taken for what" in text  # the evaluation's confusion matrix
    thumbnails = list(report.parent.glob("clusters-thumbnails/*/*/*.webp"))
    assert len(thumbnails) == done.json["rows"]
    assert {Path(file).name for file in done.json["figures"]} >= {"silhouettes.png"}
    assert all(Path(file).is_file() for file in done.json["figures"])
    checked = artvec("verify", "--json", cwd=place)
    assert (checked.code, checked.json["damaged"]) == (0, [])


def test_a_report_needs_a_map_and_figures_a_folder(place: Path, artvec: Callable[..., Any]) -> None:
    refused = artvec("cluster", "--report", "--map", "none", cwd=place)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("error: a report needs a map\nhint: ")
    refused = artvec("cluster", "--figures", "facts.csv", cwd=place)
    assert refused.code == 2
    assert "facts.csv is no folder" in refused.err


def test_a_page_that_has_no_place_is_told_at_once(place: Path, artvec: Callable[..., Any]) -> None:
    (place / "indexes" / "pictures" / "reports" / "clusters.html").mkdir(parents=True)
    failed = artvec("cluster", "--report", cwd=place)
    assert (failed.code, failed.out) == (1, "")
    assert "reports/clusters.html is a folder" in failed.err.splitlines()[0]
