"""Groups of which figures say nothing: one label, one each, one group, one each, equal rows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artvec.commands.cluster import ClusterOptions, ClusterReport, cluster_collection
from tests.support.by_hand import written

METHODS = ["hdbscan", "kmeans", "agglomerative"]
AGREEMENTS = ("nmi", "ami", "ari", "matched_accuracy", "purity")
INTERNAL = {
    "silhouette_cosine",
    "silhouette_reduced",
    "davies_bouldin",
    "calinski_harabasz",
    "dbcv",
}


def clustered(
    vectors: np.ndarray, labels: list[str | None], method: Any, clusters: int | None = None
) -> ClusterReport:
    with tempfile.TemporaryDirectory() as folder:
        made = written(Path(folder) / "c", vectors.astype(np.float32), labels)
        return cluster_collection(made, ClusterOptions(method, clusters, map="none"))


def drawn(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, 12))


def agreements(report: ClusterReport) -> list[str]:
    return [name for name in report.metrics if name.startswith(AGREEMENTS)]


def said(report: ClusterReport, text: str) -> bool:
    return any(text in note for note in report.notes)


@pytest.mark.parametrize("method", METHODS)
def test_one_label_is_nothing_to_agree_with(method: Any) -> None:
    report = clustered(drawn(30), ["a"] * 30, method)
    assert agreements(report) == []
    assert said(report, "every row has the same label, so agreement with labels is left out")
    assert report.label_table is not None


def test_six_pictures_in_one_folder_are_all_noise_and_nothing_is_perfect() -> None:
    report = clustered(drawn(6), ["a"] * 6, "hdbscan")
    assert (report.noise_share, dict(report.metrics)) == (1.0, {})


@pytest.mark.parametrize("method", METHODS)
def test_a_label_a_row_is_neither_k_nor_agreement(method: Any) -> None:
    report = clustered(drawn(24), [f"{n}" for n in range(24)], method)
    assert agreements(report) == []
    assert said(report, "every row has a label of its own")
    if method != "hdbscan":
        assert report.n_clusters < 24
        assert said(report, "24 labels leave fewer than two rows a cluster")


@pytest.mark.parametrize(("labels", "by_labels"), [(10, True), (11, False), (19, False)])
def test_k_of_labels_leaves_two_rows_a_cluster(labels: int, by_labels: bool) -> None:
    names: list[str | None] = [f"{n % labels}" for n in range(20)]
    report = clustered(drawn(20), names, "kmeans")
    assert said(report, f"because there are {labels} labels") == by_labels
    assert said(report, "fewer than two rows a cluster") == (not by_labels)
    assert report.n_clusters < 20


@pytest.mark.parametrize("method", ["kmeans", "agglomerative"])
@pytest.mark.parametrize(
    ("clusters", "why"), [(1, "is in the same group"), (12, "is a group of its own")]
)
def test_one_group_and_one_a_row_have_no_figures(method: Any, clusters: int, why: str) -> None:
    report = clustered(drawn(12), ["a", "b"] * 6, method, clusters)
    assert report.n_clusters == clusters
    assert dict(report.metrics) == {}
    assert said(report, f"every row {why}, so agreement with labels is left out")
    assert said(report, "silhouettes, Davies-Bouldin, Calinski-Harabasz and DBCV are left out")
    assert set(report.cautions) <= set(report.notes)


def test_without_noise_one_group_is_left() -> None:
    """Twenty copies beside four others: a group and noise, which may agree with labels or not."""
    vectors = np.concatenate([np.tile(drawn(1), (20, 1)), drawn(4, seed=1)])
    report = clustered(vectors, ["a", "b", "c"] * 8, "hdbscan")
    np.testing.assert_array_equal(report.groups.clusters, [0] * 20 + [-1] * 4)
    assert agreements(report) == [f"{name}_noise_as_cluster" for name in AGREEMENTS]
    assert said(report, "without noise every row is in the same group")
    assert not said(report, "no region is dense enough")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("contents", [1, 2, 5])
def test_copies_are_one_group_by_every_method(method: Any, contents: int) -> None:
    vectors = np.tile(drawn(contents, seed=2), (20, 1))
    asked = None if method == "hdbscan" else 9
    report = clustered(vectors, [None] * 20 * contents, method, asked)
    assert report.n_clusters == contents
    for content in range(contents):
        assert len(set(report.groups.clusters[content::contents].tolist())) == 1
    if contents > 1:
        assert INTERNAL - {"calinski_harabasz"} <= set(report.metrics)
        assert said(report, f"{contents} of {contents} clusters hold one picture or its duplicates")
        told = f"there are only {contents} different vectors, so there can't be 9 clusters"
        assert said(report, told) == (method != "hdbscan")
    else:
        assert dict(report.metrics) == {}
        assert said(report, "every row has the same vector")


@settings(max_examples=12)
@given(
    st.lists(st.integers(0, 6), min_size=2, max_size=25),
    st.sampled_from(METHODS),
    st.integers(1, 8),
)
def test_equal_rows_are_never_apart(contents: list[int], method: Any, clusters: int) -> None:
    rows = np.array(contents)
    asked = None if method == "hdbscan" else min(clusters, len(rows))
    report = clustered(drawn(7, seed=3)[rows], [None] * len(rows), method, asked)
    for content in set(contents):
        assert len(set(report.groups.clusters[rows == content].tolist())) == 1
    assert report.n_clusters <= len(set(contents))
