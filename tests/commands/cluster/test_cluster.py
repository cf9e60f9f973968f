"""`cluster`: a table that joins, a map that is kept, nothing half written, clear refusals."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import normalized_mutual_info_score, silhouette_score

from artvec.collection.analysis import outdated, stored_groups, stored_projection
from artvec.collection.reader import Collection, blocks, columns, open_collection
from artvec.commands.cluster import ClusterOptions, cluster_collection
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.export import export_collection, matches
from artvec.commands.status import collection_status
from artvec.commands.verify import repair_collection, verify_collection
from artvec.core.errors import ArtvecError
from tests.support.by_hand import written

Run = Callable[..., Any]
NO_MAP = ClusterOptions(map="none")
TRUE = np.repeat(np.arange(4), [60, 50, 40, 30])


def known_vectors(rows_per_group: np.ndarray = TRUE) -> np.ndarray:
    rng = np.random.default_rng(5)
    centres = 3 * rng.standard_normal((4, 40))
    vectors = centres[rows_per_group] + rng.standard_normal((len(rows_per_group), 40))
    return vectors.astype(np.float32)


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """Four groups in forty dimensions, labelled but for ten rows."""
    labels = [f"style {t}" if n >= 10 else None for n, t in enumerate(TRUE)]
    return written(tmp_path / "indexes/known", known_vectors(), labels)


@pytest.fixture
def painted(tmp_path: Path, paint: Callable[[Path, int], Path]) -> Path:
    for n in range(30):
        paint(tmp_path / f"art/{'ab'[n % 2]}/{n}.png", n)
    options = EmbedOptions("colour:4x4", str(tmp_path / "indexes/art"))
    return embed_images(tmp_path / "art", options).index


@pytest.mark.parametrize("method", ["hdbscan", "kmeans", "agglomerative"])
def test_known_groups_come_back_with_their_figures(known: Path, method: Any) -> None:
    report = cluster_collection(known, ClusterOptions(method, map="none"))
    found = report.groups.clusters
    assert (report.n_clusters, report.noise_share) == (4, 0.0)
    np.testing.assert_array_equal(found, TRUE)  # larger first, as they were made
    assert report.label_table is not None
    np.testing.assert_array_equal(report.label_table.counts[:, :4], np.diag([50, 50, 40, 30]))
    assert report.label_table.unlabelled == 10
    names = ["nmi_noise_as_cluster", "nmi_without_noise"] if method == "hdbscan" else ["nmi"]
    assert [report.metrics[name] for name in names] == [1.0] * len(names)
    vectors = np.concatenate(list(blocks(open_collection(known))))
    expected = silhouette_score(vectors, found, metric="cosine")
    assert report.metrics["silhouette_cosine"] == pytest.approx(expected, abs=1e-6)
    assert set(TRUE[report.groups.medoids]) == {0, 1, 2, 3}


def test_noise_counts_as_a_cluster_or_not_at_all(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = np.concatenate([known_vectors(), 9 * rng.standard_normal((40, 40))])
    true = np.concatenate([TRUE, rng.integers(4, size=40)])
    folder = written(tmp_path / "noisy", vectors.astype(np.float32), [str(t) for t in true])
    report = cluster_collection(folder, NO_MAP)
    found = report.groups.clusters
    assert 0 < report.noise_share < 0.5
    members = found >= 0
    for name, chosen in (("noise_as_cluster", members | True), ("without_noise", members)):
        expected = normalized_mutual_info_score(true[chosen], found[chosen])
        assert report.metrics[f"nmi_{name}"] == pytest.approx(expected, abs=1e-9)


def test_the_table_joins_the_collection_row_by_row(known: Path) -> None:
    report = cluster_collection(known, NO_MAP)
    with report.csv.open(newline="", encoding="utf-8") as handle:
        records = list(csv.DictReader(handle))
    first = ["path", "cluster", "probability", "outlier_score", "label", "split"]
    assert list(records[0]) == [*first, "cluster_2", "year"]
    stored = columns(open_collection(known), ["path", "year"]).to_pylist()
    assert [(r["path"], int(r["year"])) for r in records] == [
        (row["path"], row["year"]) for row in stored
    ]
    np.testing.assert_array_equal([int(r["cluster"]) for r in records], report.groups.clusters)
    scores = [float(r["outlier_score"]) for r in records]
    np.testing.assert_allclose(scores, report.groups.outlier_scores, rtol=1e-5)
    assert (records[2]["cluster_2"], records[3]["cluster_2"]) == ("'=1+1", "theirs 3")
    assert (records[0]["label"], records[10]["label"]) == ("", "style 0")


def test_json_text_and_a_second_run(known: Path, artvec: Run) -> None:
    told = artvec("cluster", "--map", "tsne", "--json").json
    wanted = {"method", "reduced_dim", "n_clusters", "noise_share", "metrics", "csv", "seconds"}
    assert wanted <= told.keys()
    assert (told["method"], told["n_clusters"], told["reduced_dim"]) == ("hdbscan", 4, 40)
    assert {"dbcv", "davies_bouldin", "calinski_harabasz"} <= told["metrics"].keys()
    first = stored_projection(open_collection(known))
    again = artvec("cluster", "--method", "kmeans", "--clusters", "3")
    assert again.code == 0
    assert "the map (tsne) is the stored one; to make a new one: artvec cluster" in again.err
    assert "3 clusters by kmeans" in again.out
    assert "0.0 % noise" in again.out
    second = stored_projection(open_collection(known))
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.points, second.points)
    assert verify_collection(known).damaged == ()


def test_the_map_is_made_once_and_anew_only_when_asked(known: Path) -> None:
    def points(**options: Any) -> np.ndarray:
        report = cluster_collection(known, ClusterOptions("kmeans", clusters=2, **options))
        assert report.projection is not None
        return report.projection.points

    made = points(map="tsne", seed=1)
    np.testing.assert_array_equal(points(seed=2), made)  # kept, whatever the seed
    np.testing.assert_array_equal(points(map="tsne", new_map=True, seed=1), made)
    assert not np.array_equal(points(map="tsne", new_map=True, seed=2), made)


def test_what_is_stored_is_what_was_found_and_a_rename_keeps_it(painted: Path) -> None:
    report = cluster_collection(painted, ClusterOptions("kmeans", clusters=3, map="tsne"))
    art = painted.parent.parent / "art"
    (art / "a/0.png").rename(art / "a/renamed.png")
    embed_images(art, EmbedOptions(index=str(painted)))
    groups = stored_groups(open_collection(painted))
    assert groups is not None
    for name in ("clusters", "probabilities", "outlier_scores", "silhouettes", "medoids"):
        np.testing.assert_array_equal(getattr(groups, name), getattr(report.groups, name))
    assert groups.method == "kmeans"


def test_other_rows_make_it_out_of_date_and_everybody_says_so(painted: Path, artvec: Run) -> None:
    cluster_collection(painted, ClusterOptions("kmeans", clusters=3, map="tsne"))
    art = painted.parent.parent / "art"
    (art / "a/0.png").unlink()
    embed_images(art, EmbedOptions(index=str(painted)))
    opened = open_collection(painted)
    assert outdated(opened) == ("groups", "map")
    assert (stored_groups(opened), stored_projection(opened)) == (None, None)
    assert any("groups and map: of other rows" in note for note in collection_status(painted).notes)
    assert verify_collection(painted).complete
    report = export_collection(painted, "csv", painted.parent / "out.csv")
    assert "left out" in report.notes[0]
    refused = artvec("export", "--format", "csv", "--projection")
    assert refused.code == 2
    assert "the map is that of other rows" in refused.err
    assert "artvec cluster -i" in refused.err
    cluster_collection(painted, ClusterOptions("kmeans", clusters=3, map="tsne"))
    assert outdated(open_collection(painted)) == ()


def test_exports_carry_groups_and_map(known: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtvecError, match="there is no map"):
        export_collection(known, "parquet", tmp_path / "x.parquet", projection=True)
    report = cluster_collection(known, ClusterOptions(map="tsne"))
    file = export_collection(known, "parquet", tmp_path / "x.parquet", projection=True).file
    table = duckdb.sql(f"select * from '{file}' order by path").df()
    np.testing.assert_array_equal(table["cluster"], report.groups.clusters)
    np.testing.assert_allclose(table["cluster_probability"], report.groups.probabilities)
    np.testing.assert_allclose(table["outlier_score"], report.groups.outlier_scores)
    assert report.projection is not None
    np.testing.assert_allclose(table[["projection_x", "projection_y"]], report.projection.points)
    assert table["cluster_2"][3] == "theirs 3"
    for form in ("csv", "npz", "hdf5"):
        plain = export_collection(known, form, tmp_path / f"y.{form}")
        assert plain.renamed["cluster"] == "cluster_2"
        assert matches(known, plain.file)
    assert matches(known, file)
    cluster_collection(known, ClusterOptions("kmeans", clusters=2))
    assert not matches(known, file)


def test_damage_is_found_and_dropped_and_the_rest_kept(painted: Path) -> None:
    cluster_collection(painted, ClusterOptions("kmeans", clusters=3, map="tsne"))
    groups = next((painted / "analysis").glob("groups-*"))
    data = bytearray(groups.read_bytes())
    data[len(data) // 2] ^= 1
    groups.write_bytes(data)
    (painted / "analysis/stranger.txt").write_text("?")
    found = verify_collection(painted)
    assert found.damaged == (f"analysis/{groups.name}",)
    assert found.foreign == ("analysis/stranger.txt",)
    with pytest.raises(ArtvecError, match="doesn't match its checksum"):
        stored_groups(open_collection(painted))
    notes = repair_collection(painted).notes
    assert any("groups" in note and "artvec cluster -i" in note for note in notes)
    assert verify_collection(painted).complete
    opened = open_collection(painted)
    assert stored_groups(opened) is None
    assert stored_projection(opened) is not None


def test_a_lost_manifest_finds_groups_and_map_again(painted: Path) -> None:
    report = cluster_collection(painted, ClusterOptions("kmeans", clusters=3, map="tsne"))
    (painted / "collection.json").unlink()
    repair_collection(painted, painted.parent.parent / "art")
    groups = stored_groups(open_collection(painted))
    assert groups is not None
    np.testing.assert_array_equal(groups.clusters, report.groups.clusters)
    assert verify_collection(painted).complete


def test_overwriting_a_collection_leaves_nothing_of_the_old_groups(painted: Path) -> None:
    cluster_collection(painted, NO_MAP)
    embed_images(
        painted.parent.parent / "art", EmbedOptions("colour:4x4", str(painted), overwrite=True)
    )
    assert list((painted / "analysis").iterdir()) == []
    assert verify_collection(painted).complete


@pytest.mark.parametrize("moment", ["write_whole", "write_manifest"])
def test_killed_while_it_stores_and_run_again(painted: Path, moment: str) -> None:
    cluster_collection(painted, ClusterOptions("kmeans", clusters=2, map="none"))
    script = (
        "import os, pathlib; from artvec.collection import analysis; "
        f"analysis.{moment} = lambda *_, **__: os._exit(9); "
        "from artvec.commands.cluster import ClusterOptions, cluster_collection; "
        f"cluster_collection(pathlib.Path({str(painted)!r}), "
        "ClusterOptions('kmeans', clusters=5, map='none'))"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 9
    groups = stored_groups(open_collection(painted))
    assert groups is not None
    assert len(groups.medoids) == 2
    cluster_collection(painted, ClusterOptions("kmeans", clusters=4, map="none"))
    assert verify_collection(painted).complete
    assert len(list((painted / "analysis").iterdir())) == 1


def test_rows_that_change_meanwhile_are_no_rows_of_the_result(painted: Path) -> None:
    opened = open_collection(painted)
    found = cluster_collection(painted, NO_MAP)
    (painted.parent.parent / "art/a/0.png").unlink()
    embed_images(painted.parent.parent / "art", EmbedOptions(index=str(painted)))
    from artvec.collection.analysis import store_groups

    with pytest.raises(ArtvecError, match="changed by another process"):
        store_groups(opened, found.groups)


@pytest.mark.parametrize("method", ["hdbscan", "kmeans", "agglomerative"])
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_a_handful_of_rows(tmp_path: Path, rows: int, method: Any) -> None:
    folder = written(tmp_path / "few", known_vectors()[:rows], ["a"] * rows)
    report = cluster_collection(folder, ClusterOptions(method))
    assert report.projection is not None
    assert report.projection.method == "pca"
    assert all(np.isfinite(value) for value in report.metrics.values())


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("method", ["hdbscan", "kmeans", "agglomerative"])
def test_equal_rows_and_zero_vectors(tmp_path: Path, value: float, method: Any) -> None:
    vectors = np.full((40, 8), value, dtype=np.float32)
    report = cluster_collection(
        written(tmp_path / "same", vectors, [None] * 40), ClusterOptions(method)
    )
    assert all(np.isfinite(v) for v in report.metrics.values())
    groups = report.groups
    for array in (groups.probabilities, groups.outlier_scores, groups.silhouettes):
        assert np.isfinite(array).all()
    assert any("no row has a label" in note for note in report.notes)
    assert any("every row has the same vector" in note for note in report.notes)
    assert (report.n_clusters, report.noise_share) == (1, 0.0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--clusters", "3"], "hdbscan finds the number of clusters itself"),
        (["--method", "kmeans", "--clusters", "181"], "180 rows can't make 181 clusters"),
        (["--method", "kmeans", "--clusters", "0"], "180 rows can't make 0 clusters"),
        (["--method", "kmeans", "--min-cluster-size", "9"], "is for hdbscan, not for kmeans"),
        (["--method", "kmean"], "kmean"),
    ],
)
def test_refusals_are_one_line_and_a_hint(
    known: Path, artvec: Run, arguments: list[str], told: str
) -> None:
    refused = artvec("cluster", *arguments)
    assert refused.code == 2
    error, hint = refused.err.splitlines()
    assert told in error
    assert hint.startswith("hint: ")
    assert not (known / "analysis").exists()


def test_an_empty_collection_and_none_at_all(tmp_path: Path, artvec: Run) -> None:
    assert artvec("cluster").code == 2
    written(tmp_path / "indexes/empty", np.empty((0, 4), dtype=np.float32), [])
    refused = artvec("cluster")
    assert refused.code == 1
    assert "has no rows to group" in refused.err


def test_a_locked_collection_is_left_alone(known: Path, artvec: Run) -> None:
    hold = (
        "import pathlib, sys, time; from artvec.collection.lock import writing\n"
        f"with writing(pathlib.Path({str(known)!r})): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        started = time.monotonic()
        refused = artvec("cluster", "--map", "none")
        holder.kill()
    assert time.monotonic() - started < 50
    assert refused.code == 1
    assert "is being written to by process" in refused.err
    assert not (known / "analysis").exists()


def test_a_copy_of_a_collection_keeps_its_groups(known: Path, tmp_path: Path) -> None:
    cluster_collection(known, NO_MAP)
    shutil.copytree(known, tmp_path / "copy")
    opened: Collection = open_collection(tmp_path / "copy")
    assert stored_groups(opened) is not None


def test_rows_that_are_all_alike_are_told_as_such(
    tmp_path: Path, artvec: Callable[..., Any]
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / "same").mkdir(exist_ok=True)
        Image.new("RGB", (40, 30), "#345").save(tmp_path / "same" / f"{name}.png")
    assert artvec("embed", "same", "-m", "colour:4x4").code == 0
    for method in ("hdbscan", "kmeans"):
        done = artvec("cluster", "--method", method, "--json")
        assert done.code == 0
        assert not any(name.startswith("silhouette") for name in done.json["metrics"])
        said = artvec("cluster", "--method", method).err
        assert "every row has the same vector" in said
        assert "noise" not in said and "because" not in said


@pytest.mark.parametrize(
    "wrong", [["--seed", "-1"], ["--seed", "4294967296"], ["--map", "none", "--new-map"]]
)
def test_what_cannot_be_is_refused_as_usage(
    tmp_path: Path, artvec: Callable[..., Any], wrong: list[str]
) -> None:
    (tmp_path / "one").mkdir()
    Image.new("RGB", (40, 30), "#345").save(tmp_path / "one" / "a.png")
    assert artvec("embed", "one", "-m", "colour:4x4").code == 0
    done = artvec("cluster", *wrong)
    assert done.code == 2
    assert len(done.err.splitlines()) == 2


def test_one_cluster_has_no_silhouette(tmp_path: Path, artvec: Callable[..., Any]) -> None:
    for seed in range(6):
        (tmp_path / "few").mkdir(exist_ok=True)
        Image.new("RGB", (40, 30), (40 * seed, 90, 20)).save(tmp_path / "few" / f"{seed}.png")
    assert artvec("embed", "few", "-m", "colour:4x4").code == 0
    for clusters in ("1", "6"):
        done = artvec("cluster", "--method", "kmeans", "--clusters", clusters, "--json")
        assert "silhouette_cosine" not in done.json["metrics"]
    done = artvec("cluster", "--method", "kmeans", "--clusters", "2", "--json")
    assert "silhouette_cosine" in done.json["metrics"]
