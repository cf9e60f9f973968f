"""Rules of warnings at their edges; what guessing gives, against guesses drawn by the thousand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import normalized_mutual_info_score

from artvec.collection.reader import open_collection
from artvec.commands.evaluate import evaluate_collection, warnings
from artvec.commands.evaluate.chance import chance_figures, majority_accuracy
from artvec.core.results import Interval
from artvec.evaluation import select


def test_never_predicted() -> None:
    """Of a: 3 queries, 3 answers; b: 2 queries, no answer; c: neither; d: no query, 2 answers."""
    counts = np.array([3, 2, 0, 0]), np.array([3, 0, 0, 2])
    assert warnings.never_predicted("abcd", *counts).startswith("never predicted: b;")
    assert warnings.never_predicted("ab", np.array([1, 1]), np.array([1, 1])) == ""
    many = [f"class{n}" for n in range(7)]
    said = warnings.never_predicted(many, np.ones(7, int), np.zeros(7, int))
    assert "class4 and 2 more" in said
    assert "class5" not in said


def test_at_chance() -> None:
    """An interval that reaches down to the guess can't be told from it."""
    assert "no better than chance" in warnings.at_chance("x", Interval(0.3, 0.25, 0.4), 0.25)
    assert warnings.at_chance("x", Interval(0.3, 0.26, 0.4), 0.25) == ""
    assert warnings.at_chance("x", Interval(0.3, float("nan"), float("nan")), 0.25) == ""


def test_gap() -> None:
    assert "0.868 on training pictures and 0.694 on test" in warnings.gap(
        "head", 0.868, Interval(0.694, 0.68, 0.71)
    )
    assert warnings.gap("head", 0.80, Interval(0.66, 0.65, 0.67)) == ""
    assert warnings.gap("head", 1.0, Interval(0.8, 0.6, 1.0)) == ""  # few queries: can't be told
    assert warnings.gap("head", None, Interval(0.1, 0.1, 0.1)) == ""


@pytest.mark.parametrize(
    ("anisotropy", "said"),
    [(0.5, ""), (0.9, ""), (0.95, "anisotropic"), (0.9995, "nearly constant"), (-0.1, "")],
)
def test_too_alike(anisotropy: float, said: str) -> None:
    found = warnings.too_alike(anisotropy)
    assert said in found
    assert bool(found) == bool(said)


def test_few_queries_missing_classes_one_label() -> None:
    assert "99 test pictures" in warnings.few_queries(99)
    assert warnings.few_queries(100) == ""
    assert "no gallery row has y, z: 3 queries" in warnings.without_gallery(["y", "z"], 3)
    assert warnings.without_gallery([], 0) == ""
    assert "'a'" in warnings.one_label(["a"])
    assert warnings.one_label(["a", "b"]) == ""


def test_chance_is_what_guesses_give(three_classes: Path) -> None:
    """14, 9 and 5 gallery rows; 9, 7 and 4 queries: random orders and draws average to it."""
    report = evaluate_collection(three_classes)
    labels, wanted = report.selection.gallery_labels, report.selection.query_labels
    rng = np.random.default_rng(0)
    found: dict[str, list[np.ndarray]] = {name: [] for name in report.chance}
    for label in wanted:
        right = rng.permuted(np.tile(labels, (2000, 1)), axis=1) == label  # (2000, 28)
        size = int((labels == label).sum())
        found["precision_at_5"].append(right[:, :5].mean(axis=1))
        found["recall_at_5"].append(right[:, :5].any(axis=1))
        found["recall_at_10"].append(right[:, :10].any(axis=1))
        found["r_precision"].append(right[:, :size].mean(axis=1))
        precision = right.cumsum(axis=1) / np.arange(1, len(labels) + 1)
        found["map_at_r"].append((precision * right)[:, :size].sum(axis=1) / size)
        found["knn20_accuracy"].append(rng.choice(labels, 2000) == label)
    assert report.outcomes.clusters is not None
    for _ in range(400):
        shuffled = rng.permutation(report.outcomes.clusters)
        found["nmi"].append(np.array(normalized_mutual_info_score(wanted, shuffled)))
    for name, draws in found.items():
        if draws:
            near = 0.03 if name == "nmi" else 0.01
            assert report.chance[name] == pytest.approx(np.mean(draws), abs=near), name
    assert report.chance["linear_probe_top5_accuracy"] == 1.0  # all three classes are named
    assert (report.chance["ami"], report.chance["ari"]) == (0.0, 0.0)
    assert "silhouette_cosine" not in report.chance
    assert report.majority_accuracy == pytest.approx(9 / 20)


def test_chance_when_rows_ask_about_one_another(three_classes: Path) -> None:
    """Of 4 rows of c among 20 queries, each has 3 others of its class among 19."""
    selection = select(open_collection(three_classes), "test", "test")
    report = evaluate_collection(three_classes)
    only = replace(selection, queries=selection.queries[selection.query_labels == 2])
    chance = chance_figures(only, replace(report.outcomes, clusters=None))
    assert chance["precision_at_1"] == pytest.approx(3 / 19)
    assert chance["recall_at_5"] == pytest.approx(
        1 - (16 * 15 * 14 * 13 * 12) / (19 * 18 * 17 * 16 * 15)
    )
    assert majority_accuracy(only) == 0.0
