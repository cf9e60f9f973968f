"""The page as a file: what it holds, how large it is, when it is written."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import re
import zlib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from artvec.collection.reader import Collection, columns
from artvec.commands.cluster import Findings
from artvec.core.results import Groups, Projection
from artvec.reports.cluster import write_page
from tests.support.small_gallery import EACH, HOSTILE, SCRIPT


def block(text: str, name: str) -> Any:
    found = re.search(
        rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.DOTALL
    )
    assert found
    return json.loads(found[1])


def unpacked(text: str) -> dict[str, Any]:
    """Read the columns as the page's script does, by other means; `metadata TITLE` a user's."""
    found: dict[str, Any] = {}
    for column in block(text, "data")["columns"]:
        data = zlib.decompress(base64.b64decode(column["data"]))
        users = column["key"].startswith("metadata ")
        name = f"metadata {column['title']}" if users else column["key"]
        if column["kind"] == "text":
            found[name] = data.decode().split("\0")
        elif column["kind"] == "category":
            codes = np.frombuffer(data, column["type"])
            found[name] = [column["values"][c - 1] if c else None for c in codes]
        else:
            found[name] = np.frombuffer(data, column["type"])
    return found


def test_the_page_holds_every_row_and_its_facts(findings: Findings, tmp_path: Path) -> None:
    report = write_page(tmp_path / "a.html", findings)
    held = unpacked((tmp_path / "a.html").read_text())
    rows = columns(findings.collection, ["path", "label", "year", "title", "width"]).to_pydict()
    assert held["path"] == rows["path"]
    assert held["label"] == rows["label"]
    assert held["metadata title"] == rows["title"]
    assert held["metadata year"].tolist() == pytest.approx(
        [np.nan if year is None else year for year in rows["year"]], nan_ok=True
    )
    assert [int(width) for width in held["width"]] == rows["width"]
    clusters = findings.groups.clusters.tolist()
    assert held["cluster"] == [str(c) if c >= 0 else None for c in clusters]
    assert report.points == findings.collection.rows == report.pictures
    assert report.size_bytes == (tmp_path / "a.html").stat().st_size


def test_a_users_columns_never_stand_in_for_the_pages_own(
    findings: Findings, tmp_path: Path
) -> None:
    write_page(tmp_path / "a.html", findings)
    text = (tmp_path / "a.html").read_text()
    kinds = {column["key"]: column["kind"] for column in block(text, "data")["columns"]}
    assert len(kinds) == len(block(text, "data")["columns"]) == len(unpacked(text))
    own = {"x": "place", "y": "place", "path": "text", "cluster": "category"}
    own |= dict.fromkeys(("silhouette", "outlier score", "membership"), "number")
    assert {key: kinds[key] for key in own} == own
    assert not {"row", "__proto__", "constructor"} & set(kinds)
    held = unpacked(text)
    told = {"cluster_2": "cluster", "cluster_2_2": "cluster_2", "silhouette_2": "silhouette"}
    told |= {name: name for name in ("__proto__", "constructor", "x", "y", "row")}
    told |= {"outlier score_2": "outlier score", "membership_2": "membership"}
    for title, name in told.items():
        assert set(held[f"metadata {title}"]) == {
            f"the user's {name}, {parity}" for parity in (0, 1)
        }


def test_points_keep_their_place_and_both_axes_one_scale(
    findings: Findings, tmp_path: Path
) -> None:
    write_page(tmp_path / "a.html", findings)
    held = unpacked((tmp_path / "a.html").read_text())
    shown = np.column_stack([held["x"], held["y"]]).astype(float) / 65535
    points = findings.projection.points.astype(float)
    side = np.ptp(points, axis=0).max()
    pairs = np.linalg.norm(points[:, None] - points[None], axis=2) / side
    assert np.linalg.norm(shown[:, None] - shown[None], axis=2) == pytest.approx(pairs, abs=1e-4)


def test_pictures_in_the_page_are_those_of_their_rows(findings: Findings, tmp_path: Path) -> None:
    write_page(tmp_path / "a.html", findings)
    pictures = block((tmp_path / "a.html").read_text(), "pictures")
    colours = np.array([
        np.asarray(Image.open(io.BytesIO(base64.b64decode(pictures[str(row)])))).mean(axis=(0, 1))
        for row in range(findings.collection.rows)
    ])  # fmt: skip
    for row, path in enumerate(findings.paths):
        if path.startswith("red/"):
            assert colours[row].argmax() == 0, path
        if path.startswith("blue/"):
            assert colours[row].argmax() == 2, path


def test_names_are_only_names(findings: Findings, tmp_path: Path) -> None:
    write_page(tmp_path / "a.html", findings)
    text = (tmp_path / "a.html").read_text()
    assert text.count("<script") == text.count("</script>")
    for opened in ("<script>alert", "<img src=x", "onerror=alert(3) x='.jpg\"", "<b>data</b>"):
        assert opened not in text
    assert html.escape(SCRIPT) in text
    assert set(HOSTILE) <= set(unpacked(text)["path"])


def test_the_same_findings_are_the_same_page(findings: Findings, tmp_path: Path) -> None:
    write_page(tmp_path / "a.html", findings)
    first = (tmp_path / "a.html").read_bytes()
    write_page(tmp_path / "a.html", findings)
    assert (tmp_path / "a.html").read_bytes() == first


def test_a_page_is_made_when_all_pictures_are_gone(homeless: Findings, tmp_path: Path) -> None:
    report = write_page(tmp_path / "a.html", homeless, full=True)
    assert report.pictures == 0
    assert any("shown by name only" in note for note in report.notes)
    assert html.escape(SCRIPT) in (tmp_path / "a.html").read_text()


def test_no_clusters_no_labels_no_rest(findings: Findings, tmp_path: Path) -> None:
    n = findings.collection.rows
    zeros = np.zeros(n, np.float32)
    noise = Groups("hdbscan", np.full(n, -1, np.int32), zeros, zeros, zeros, np.zeros(0, np.int64))
    bare = Findings(findings.collection, noise, findings.projection)
    write_page(tmp_path / "a.html", bare)
    text = (tmp_path / "a.html").read_text()
    assert "and no clusters among them" in text
    assert 'id="quality"' not in text
    assert "Nothing: every picture was read." in text


@pytest.mark.parametrize("absent", [0, np.nan])
def test_one_cluster_has_no_borders_to_judge(
    findings: Findings, tmp_path: Path, absent: float
) -> None:
    n = findings.collection.rows
    ones, none = np.ones(n, np.float32), np.full(n, absent, np.float32)
    medoids = np.zeros(1, np.int64)
    single = Groups("kmeans", np.zeros(n, np.int32), ones, ones, none, medoids)
    quality = {"silhouette_cosine": float("nan")}
    write_page(tmp_path / "a.html", replace(findings, groups=single, quality=quality))
    text = (tmp_path / "a.html").read_text()
    lead = re.search('<p class="lead">(.*?)</p>', text)
    assert lead
    assert lead[1].startswith(f"{n} pictures, all in one cluster. 1 picture is there more")
    shown = text.partition('<script type="application/json"')[0]
    assert "nan" not in shown.partition("<body>")[2].lower()
    assert 'aria-label="Silhouette plot' not in shown
    assert "silhouette" not in unpacked(text)


def test_clusters_of_one_row_each_have_no_silhouettes(findings: Findings, tmp_path: Path) -> None:
    n = findings.collection.rows
    ones, none = np.ones(n, np.float32), np.full(n, np.nan, np.float32)
    alone = Groups("kmeans", np.arange(n, dtype=np.int32), ones, ones, none, np.arange(n))
    write_page(tmp_path / "a.html", replace(findings, groups=alone))
    text = (tmp_path / "a.html").read_text()
    assert f"{n} pictures fall into {n} clusters, none is left over. 1 picture is" in text


def test_notes_name_figures_as_the_tables_do(findings: Findings, tmp_path: Path) -> None:
    told = (
        "knn20_accuracy 0.071 is no better than chance (0.100)",
        "linear_probe has 1.000 on training pictures and 0.300 on test pictures",
        "head_accuracy 0.100 is no better than chance (0.100)",
        "never predicted: blue",
    )
    write_page(tmp_path / "a.html", replace(findings, notes=told))
    notes = re.findall("<li>(.*?)</li>", (tmp_path / "a.html").read_text())
    assert notes[:4] == [
        "“20 neighbours” 0.071 is no better than chance (0.100).",
        "“Linear probe” has 1.000 on training pictures and 0.300 on test pictures.",
        "“Head” 0.100 is no better than chance (0.100).",
        "Never predicted: blue.",
    ]


def test_an_interrupted_report_leaves_the_old_one(findings: Findings, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    (tmp_path / "a.html").write_text("the old one")
    with pytest.raises(KeyboardInterrupt):
        write_page(tmp_path / "a.html", findings, progress=interrupt)
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]
    assert (tmp_path / "a.html").read_text() == "the old one"


def test_full_writes_all_thumbnails_and_goes_on_where_it_was(
    findings: Findings, tmp_path: Path
) -> None:
    n = findings.collection.rows
    seen = 0

    def interrupt(done: int, total: int) -> None:
        nonlocal seen
        seen += 1
        if seen == n + 10:  # the tenth of the folder, after all those of the page
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_page(tmp_path / "a.html", findings, full=True, progress=interrupt)
    first = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.webp")}
    assert 0 < len(first) < n
    min(first).write_bytes(b"")  # what a power cut may leave
    report = write_page(tmp_path / "a.html", findings, full=True)
    assert report.thumbnails is not None
    made = {file: file.stat().st_mtime_ns for file in report.thumbnails.rglob("*.webp")}
    assert len(made) == n
    assert all(file.stat().st_size > 100 for file in made)
    assert all(made[file] == time for file, time in first.items() if file != min(first))
    link = block((tmp_path / "a.html").read_text(), "data")["thumbnails"]
    assert (tmp_path / link / "0" / "0.webp").is_file()


def test_thumbnails_of_former_rows_go_and_nothing_else(findings: Findings, tmp_path: Path) -> None:
    beside = tmp_path / "a-thumbnails"
    (beside / "0123456789ab").mkdir(parents=True)
    (beside / "mine").mkdir()
    report = write_page(tmp_path / "a.html", findings, full=True)
    assert report.thumbnails is not None
    assert {entry.name for entry in beside.iterdir()} == {"mine", report.thumbnails.name}


def crowd(findings: Findings, n: int) -> Findings:
    """Return as many rows, with long names and texts that don't compress."""
    rng = np.random.default_rng(0)
    noise = [rng.bytes(40).hex() for _ in range(n)]
    table = pa.table(
        {
            "path": noise,
            "label": [f"label {at % 500}" for at in range(n)],
            "split": ["train"] * n,
            "width": np.full(n, 9, np.int32),
            "height": rng.integers(1, 9999, n).astype(np.int32),
            "year": rng.integers(0, 2**50, n),
            "title": noise,
        }
    )

    class Crowd(Collection):
        @property
        def rows(self) -> int:
            return n

    kept = {name: findings.collection.manifest.columns[name] for name in ("year", "title")}
    manifest = replace(findings.collection.manifest, columns=kept)
    collection = Crowd(findings.collection.folder, manifest, (table,))
    clusters = np.sort(rng.integers(-1, 400, n)).astype(np.int32)
    medoids = np.searchsorted(clusters, np.arange(400))
    values = rng.random(n).astype(np.float32)
    groups = Groups("kmeans", clusters, values, values, values, medoids)
    points = rng.normal(0, 1, (n, 2)).astype(np.float32)
    failures = findings.failures * 100_000
    projection = Projection("umap", points, {"seed": 0})
    return replace(
        findings, collection=collection, groups=groups, projection=projection, failures=failures
    )


def test_a_page_stays_small_whatever_comes_and_says_what_it_left_out(
    findings: Findings, tmp_path: Path
) -> None:
    many = crowd(findings, 200_000)
    report = write_page(tmp_path / "a.html", many)
    assert report.size_bytes < 15_000_000
    assert 10_000 < report.points < 200_000
    assert any(f"{report.points:,} of 200,000" in note for note in report.notes)
    assert any("no room" in note and "title" in note for note in report.notes)
    data = block((tmp_path / "a.html").read_text(), "data")
    held = unpacked((tmp_path / "a.html").read_text())
    shown = {int(row) for row in re.findall(r'data-row="(\d+)"', (tmp_path / "a.html").read_text())}
    assert shown <= set(held["row"].tolist())
    assert held["path"] == [many.paths[row] for row in held["row"]]
    assert data["clusters"] == 400


def test_pictures_stop_where_the_room_ends(findings: Findings) -> None:
    from artvec.reports.cluster.thumbnails import make_thumbnails

    every = list(range(3 * EACH))
    whole = make_thumbnails(findings, every, 10**9, lambda done, total: None)
    assert list(whole.texts) == every
    room = sum(len(text) + 10 for text in list(whole.texts.values())[:7])
    some = make_thumbnails(findings, every, room, lambda done, total: None)
    assert list(some.texts) == every[: len(some.texts)]
    assert 6 <= len(some.texts) <= 7


def test_the_maps_library_is_what_its_readme_says() -> None:
    vendor = files("artvec.reports.cluster") / "vendor"
    bundle = (vendor / "regl-scatterplot.min.js").read_bytes()
    assert hashlib.sha256(bundle).hexdigest() in (vendor / "README.md").read_text()
    assert "Fritz Lekschas" in (vendor / "LICENSES.txt").read_text()
