"""Figures for papers: which there are, what is in them, the same for the same findings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from artvec.collection.reader import Collection
from artvec.commands.cluster import Findings
from artvec.core.results import Groups
from artvec.reports.cluster.figures import write_figures
from artvec.reports.shared.palette import CATEGORIES

ALL = {
    "map-by-cluster.png",
    "map-by-label.png",
    "silhouettes.png",
    "cluster-sizes.png",
    "labels-by-cluster.png",
    "confusion.png",
}


def pixels_of(file: Path, colour: str) -> int:
    """Count the pixels of nearly a colour."""
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    seen = np.asarray(Image.open(file).convert("RGB")).astype(int)
    return int((np.abs(seen - wanted).max(axis=2) < 3).sum())


def test_every_figure_is_drawn_and_drawn_alike_again(findings: Findings, tmp_path: Path) -> None:
    files = write_figures(tmp_path / "a", findings)
    assert {file.name for file in files} == ALL == {f.name for f in (tmp_path / "a").iterdir()}
    for file, again in zip(files, write_figures(tmp_path / "b", findings), strict=True):
        assert min(Image.open(file).size) > 300
        assert file.read_bytes() == again.read_bytes()


def test_silhouettes_and_sizes_have_each_clusters_colour(
    findings: Findings, tmp_path: Path
) -> None:
    write_figures(tmp_path, findings)
    sizes = [pixels_of(tmp_path / "cluster-sizes.png", colour) for colour in CATEGORIES[:4]]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.05)  # clusters of equal size
    assert sizes[3] == 0  # and no fourth
    # Silhouettes rise from row to row, and clusters follow one another in the rows.
    areas = [pixels_of(tmp_path / "silhouettes.png", colour) for colour in CATEGORIES[:3]]
    assert areas[2] > areas[1] > 1000


def test_what_is_not_known_is_not_drawn(findings: Findings, tmp_path: Path) -> None:
    table = findings.collection.tables[0]
    at = table.schema.get_field_index("label")
    bare = table.set_column(at, "label", pa.nulls(table.num_rows, pa.string()))
    collection = replace(findings.collection, tables=(bare,))
    files = write_figures(tmp_path, replace(findings, collection=collection, evaluation=None))
    unlabelled = {"map-by-cluster.png", "silhouettes.png", "cluster-sizes.png"}
    assert {file.name for file in files} == unlabelled


def test_a_hundred_clusters_and_odd_labels(findings: Findings, tmp_path: Path) -> None:
    n = 1000
    names = [f"$\\frac{{{at % 100}}}$ <b> a rather long label {at % 100}" for at in range(n)]
    table = pa.table({"path": [str(at) for at in range(n)], "label": names})
    collection = Collection(findings.collection.folder, findings.collection.manifest, (table,))
    clusters = (np.arange(n) % 100).astype(np.int32)
    values = np.linspace(-0.2, 0.9, n).astype(np.float32)
    groups = Groups("kmeans", clusters, values, values, values, np.arange(100))
    angles = np.arange(n) * 2.4
    points = np.column_stack([np.cos(angles), np.sin(angles)]) * np.sqrt(np.arange(n))[:, None]
    projection = replace(findings.projection, points=points.astype(np.float32))
    many = replace(findings, collection=collection, groups=groups, projection=projection)
    files = write_figures(tmp_path, replace(many, evaluation=None))
    assert {file.name for file in files} == ALL - {"confusion.png"}
    assert max(Image.open(tmp_path / "labels-by-cluster.png").size) < 4000


def test_thirty_colours_are_different_and_seen_on_white_and_on_black() -> None:
    def luminance(colour: str) -> float:
        values = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
        linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    assert len(set(CATEGORIES)) == 30
    for colour in CATEGORIES:
        assert 1.05 / (luminance(colour) + 0.05) > 1.7
        assert (luminance(colour) + 0.05) / 0.05 > 2.5
