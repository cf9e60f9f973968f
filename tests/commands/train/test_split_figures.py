"""Figures of a split: those of `artvec eval` on the same vectors, and of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import log_loss, silhouette_score, top_k_accuracy_score

from artvec.collection.reader import open_collection
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.evaluate import EvaluateOptions, evaluate_collection
from artvec.commands.train.inspection import Rows, figures_of_split
from artvec.commands.train.train_report import SplitFigures
from artvec.core.results import Interval
from artvec.core.types import Int64Array
from artvec.evaluation import Scores, Selection, Vectors, evaluate_vectors, gather_vectors, select

EMBEDDING = ("knn5_accuracy", "knn20_accuracy", "precision_at_5", "silhouette_cosine", "nmi")


def _rows(labels: Int64Array, seed: int, spread: float = 1.0) -> Rows:
    """Vectors around one direction a class, every three rows of a class one artist's."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(int(labels.max()) + 1, 8))
    vectors = centres[labels] + rng.normal(size=(len(labels), 8)) * spread
    return Rows(vectors.astype(np.float32), labels, np.arange(len(labels)) // 3)


def _probabilities(rows: Rows, n_classes: int) -> np.ndarray:
    logits = np.random.default_rng(5).normal(size=(len(rows.labels), n_classes))
    logits[np.arange(len(logits)), rows.labels] += 1.0
    odds = np.exp(logits)
    return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)


def _paint(source: Path, split: str, count: int) -> None:
    for at in range(count):
        style = "abc"[at % 3]
        rng = np.random.default_rng([ord(style), count, at])
        base = np.random.default_rng(ord(style)).integers(96, 160, (4, 4, 3))
        grid = np.clip(base + rng.normal(0, 60, (4, 4, 3)), 0, 255).astype(np.uint8)
        file = source / split / style / f"{at:03}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grid).resize((32, 32), Image.Resampling.NEAREST).save(file)


def _agree(found: Mapping[str, Interval], expected: Mapping[str, Interval]) -> None:
    """Equal but for the order of sums, value and both ends."""
    for name in EMBEDDING:
        one, other = found[name], expected[name]
        for a, b in ((one.value, other.value), (one.low, other.low), (one.high, other.high)):
            assert a == pytest.approx(b, abs=1e-12), name


def test_the_same_as_artvec_eval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for split, count in {"train": 30, "val": 6, "test": 21}.items():
        _paint(tmp_path / "art", split, count)
    folder = embed_images(tmp_path / "art", EmbedOptions(model="colour:4x4")).index
    collection = open_collection(folder)
    selection = select(collection)
    vectors = gather_vectors(collection, selection)
    found = figures_of_split(
        Rows(vectors.queries, selection.query_labels),
        Rows(vectors.gallery, selection.gallery_labels),
    ).figures
    expected = evaluate_collection(folder).metrics
    assert set(found) == set(EMBEDDING)
    _agree(found, expected)
    itself = figures_of_split(
        Rows(vectors.gallery, selection.gallery_labels),
        Rows(vectors.gallery, selection.gallery_labels),
        own_places=np.arange(len(vectors.gallery)),
    ).figures
    within = evaluate_collection(folder, EvaluateOptions(queries="train")).metrics
    _agree(itself, within)


def test_the_same_as_artvec_eval_with_a_head_and_groups() -> None:
    gallery, queries = _rows(np.arange(60) % 6, 1), _rows(np.arange(36) % 6, 2)
    probabilities = _probabilities(queries, 6)
    found = figures_of_split(queries, gallery, probabilities=probabilities).figures
    whole = np.concatenate
    selection = Selection(
        gallery_split="train",
        query_split="test",
        gallery=np.arange(60),
        queries=np.arange(60, 96),
        val=np.arange(0),
        val_drawn=False,
        labels=whole([gallery.labels, queries.labels]),
        classes=tuple("abcdef"),
        groups=whole([gallery.groups + 100, queries.groups]),  # type: ignore[operator,list-item]
    )
    vectors = Vectors(gallery.vectors, queries.vectors, queries.vectors[:0])
    scores = {"head": Scores(selection.classes, probabilities)}
    expected = evaluate_vectors(vectors, selection, scores).figures
    _agree(found, expected)
    assert found["accuracy"] == expected["head_accuracy"]
    assert found["top5_accuracy"] == expected["head_top5_accuracy"]


def test_against_scikit_learn() -> None:
    gallery, queries = _rows(np.arange(60) % 6, 1), _rows(np.arange(36) % 6, 2)
    probabilities = _probabilities(queries, 6)
    found = figures_of_split(queries, gallery, probabilities=probabilities)
    value = {name: figure.value for name, figure in found.figures.items()}
    labels = queries.labels
    assert value["loss"] == pytest.approx(log_loss(labels, probabilities), rel=1e-6)
    assert value["accuracy"] == np.mean(probabilities.argmax(axis=1) == labels)
    assert value["top5_accuracy"] == top_k_accuracy_score(labels, probabilities, k=5)
    assert value["silhouette_cosine"] == pytest.approx(
        silhouette_score(queries.vectors, labels, metric="cosine"), abs=1e-6
    )
    for name, outcomes in found.per_query.items():
        assert outcomes.shape == (36,)
        assert outcomes.mean() == pytest.approx(value[name])


def test_by_hand_and_without_itself() -> None:
    """Two pairs of copies and a stray: each finds its twin, never itself; the stray is wrong.

    Rows at 0°, 0°, 90°, 90° and 10°, of classes 0, 0, 1, 1, 1. Of four others the first five hold
    one twin in four for the pairs of class 0; class 1 has two companions for each.
    """
    angles = np.deg2rad([0, 0, 90, 90, 10])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    rows = Rows(vectors, np.array([0, 0, 1, 1, 1]))
    found = figures_of_split(rows, rows, own_places=np.arange(5))
    assert found.per_query["precision_at_5"].tolist() == [0.25, 0.25, 0.5, 0.5, 0.5]
    assert found.per_query["knn5_accuracy"].tolist() == [1, 1, 1, 1, 0]
    naive = figures_of_split(rows, rows)
    assert naive.figures["precision_at_5"].value > found.figures["precision_at_5"].value


def test_rows_without_a_label_are_left_out_on_both_sides() -> None:
    gallery, queries = _rows(np.arange(40) % 4, 1), _rows(np.arange(20) % 4, 2)
    some = np.arange(60) % 7 == 0
    holes = Rows(gallery.vectors, np.where(some[:40], -1, gallery.labels), gallery.groups)
    asked = Rows(queries.vectors, np.where(some[40:], -1, queries.labels), queries.groups)
    probabilities = _probabilities(queries, 4)
    found = figures_of_split(asked, holes, probabilities=probabilities)
    kept = ~some
    assert queries.groups is not None
    few = figures_of_split(
        Rows(queries.vectors[kept[40:]], queries.labels[kept[40:]], queries.groups[kept[40:]]),
        Rows(gallery.vectors[kept[:40]], gallery.labels[kept[:40]]),
        probabilities=probabilities[kept[40:]],
    )
    assert found.figures == few.figures
    assert np.isnan(found.per_query["accuracy"]).tolist() == some[40:].tolist()
    within = figures_of_split(holes, holes, own_places=np.arange(40))
    own = np.arange(int(kept[:40].sum()))
    labelled = Rows(
        gallery.vectors[kept[:40]], gallery.labels[kept[:40]], gallery.groups[kept[:40]]
    )  # type: ignore[index]
    assert within.figures == figures_of_split(labelled, labelled, own_places=own).figures


def test_groups_widen_the_intervals() -> None:
    queries, gallery = _rows(np.arange(60) % 6, 2), _rows(np.arange(60) % 6, 1)
    alike = Rows(np.repeat(queries.vectors[:20], 3, axis=0), np.repeat(queries.labels[:20], 3))
    grouped = Rows(alike.vectors, alike.labels, np.arange(60) // 3)
    free, tied = (figures_of_split(rows, gallery).figures for rows in (alike, grouped))
    for name in ("knn20_accuracy", "precision_at_5"):
        assert tied[name].value == free[name].value
        assert tied[name].high - tied[name].low > 1.4 * (free[name].high - free[name].low)


def _names(found: SplitFigures) -> set[str]:
    return set(found.figures)


def test_what_does_not_apply_is_absent() -> None:
    gallery, queries = _rows(np.arange(12) % 3, 1), _rows(np.arange(6) % 3, 2)
    head = {"accuracy", "top5_accuracy", "loss"}
    assert _names(figures_of_split(queries, gallery)) == set(EMBEDDING)
    assert figures_of_split(queries, gallery).probabilities.shape == (6, 0)
    few = Rows(queries.vectors[:3], queries.labels[:3])  # a class each: no silhouette
    assert _names(figures_of_split(few, gallery)) == {*EMBEDDING} - {"silhouette_cosine", "nmi"}
    one = Rows(gallery.vectors, np.zeros(12, dtype=np.int64))
    alone = figures_of_split(one, one, probabilities=np.full((12, 3), 1 / 3, dtype=np.float32))
    assert _names(alone) == head
    nobody = Rows(queries.vectors, np.full(6, -1))
    assert (
        _names(figures_of_split(nobody, gallery, probabilities=np.ones((6, 3), np.float32)))
        == set()
    )
    assert _names(figures_of_split(queries, Rows(gallery.vectors[:0], gallery.labels[:0]))) == {
        "silhouette_cosine",
        "nmi",
    }


def test_a_probability_of_0_is_a_large_loss_not_an_endless_one() -> None:
    rows = _rows(np.array([0, 1, 0, 1]), 1)
    sure = np.tile(np.array([1.0, 0.0], dtype=np.float32), (4, 1))
    loss = figures_of_split(rows, rows, probabilities=sure).figures["loss"]
    assert loss.value == pytest.approx(87.3 / 2, abs=0.1)
