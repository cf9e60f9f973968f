"""A small gallery with hostile names, embedded for real, and findings that can be told by hand."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artvec.collection.reader import columns, open_collection
from artvec.commands.cluster import Findings, LabelEvaluation
from artvec.core.results import Groups, Interval, NearDuplicates, Projection
from artvec.core.types import Skipped
from tests.support.command_line import run_here
from tests.support.small_gallery import COLOURS, EACH, HOSTILE, HOSTILE_COLUMNS, SCRIPT


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection of the gallery, embedded by the command line with metadata."""
    place = tmp_path_factory.mktemp("gallery")
    rng = np.random.default_rng(0)
    names = [f"{label}/{number:02d}.jpg" for label in COLOURS for number in range(EACH)]
    facts = []
    for at, name in enumerate([*names, *HOSTILE]):
        file = place / "pictures" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        base = COLOURS.get(name.split("/")[0], (128, 128, 128))
        pixels = np.clip(rng.normal(base, 25, (60, 80, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(file)
        year = "" if at % 5 == 4 else 1500 + at
        hostile = (f"the user's {column}, {at % 2}" for column in HOSTILE_COLUMNS)
        facts.append((name, year, f"Portrait {at} </script>", *hostile))
    with (place / "facts.csv").open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([("filename", "year", "title", *HOSTILE_COLUMNS), *facts])
    words = ("embed", "pictures", "-m", "colour:4x4", "--metadata", "facts.csv", "-q")
    assert run_here(*words, cwd=place).code == 0
    return place / "indexes" / "pictures"


@pytest.fixture
def findings(folder: Path) -> Findings:
    """Clusters are labels, rows without one are noise; points lie on a spiral, none on another."""
    collection = open_collection(folder)
    names = sorted(COLOURS)
    labels = columns(collection, ["label"]).column("label").to_pylist()
    n = collection.rows
    clusters = np.array([names.index(x) if x in names else -1 for x in labels], dtype=np.int32)
    angles = np.arange(n) * 2.4
    points = np.column_stack(
        [np.sqrt(np.arange(n)) * np.cos(angles), np.sqrt(np.arange(n)) * np.sin(angles)]
    )
    inside = clusters >= 0
    groups = Groups(
        method="hdbscan",
        clusters=clusters,
        probabilities=np.where(inside, 0.75, 0).astype(np.float32),
        outlier_scores=np.linspace(0, 1, n).astype(np.float32),
        silhouettes=np.where(inside, np.linspace(-0.2, 0.8, n), 0).astype(np.float32),
        medoids=np.array([np.flatnonzero(clusters == code)[3] for code in range(3)]),
    )
    return Findings(
        collection=collection,
        groups=groups,
        projection=Projection("umap", points.astype(np.float32), {"seed": 0}),
        quality={"silhouette_cosine": 0.31, "dbcv": -0.2},
        copies=(NearDuplicates((1, 2), "near"),),
        evaluation=LabelEvaluation(
            "the linear probe",
            tuple(names),
            np.array([[9, 2, 1], [0, 12, 0], [3, 0, 9]]),
            {"knn20_accuracy": Interval(0.8, 0.7, 0.9)},
        ),
        failures=(Skipped(SCRIPT, "decode", "corrupt", "broken <b>data</b>", 7, 1),),
    )


@pytest.fixture
def homeless(findings: Findings, tmp_path: Path) -> Findings:
    """The same after its pictures have been taken away."""
    manifest = replace(findings.collection.manifest, source=str(tmp_path / "gone"))
    return replace(findings, collection=replace(findings.collection, manifest=manifest))
