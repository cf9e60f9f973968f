"""Every figure against scikit-learn or numpy written out, from vectors exported by artvec."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from artvec.commands.evaluate import EvaluateOptions, evaluate_collection
from artvec.commands.export import export_collection

PaintClass = Callable[[Path, int, int], Path]
Embedded = Callable[..., Path]
Arrays = dict[str, np.ndarray[Any, Any]]


def exported(index: Path, tmp_path: Path) -> Arrays:
    return dict(np.load(export_collection(index, "npz", tmp_path / "vectors.npz").file))


def side(arrays: Arrays, split: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return (n, D) float64 vectors and (n,) labels of a split."""
    rows = arrays["split"] == split
    return arrays["embedding"][rows].astype(np.float64), arrays["label"][rows]


def units(vectors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def by_hand(
    queries: np.ndarray[Any, Any],
    wanted: np.ndarray[Any, Any],
    gallery: np.ndarray[Any, Any],
    labels: np.ndarray[Any, Any],
    *,
    itself: bool,
) -> dict[str, float]:
    """Return kNN and retrieval figures, one query at a time, as the contract words them."""
    outcomes: dict[str, list[float]] = {}
    for at, (query, label) in enumerate(zip(queries, wanted, strict=True)):
        cosines = units(gallery) @ (query / np.linalg.norm(query))
        order = [int(row) for row in np.argsort(-cosines) if not (itself and row == at)]
        right = [bool(labels[row] == label) for row in order]
        for k in (1, 5, 20):
            votes: Counter[str] = Counter()
            for row in order[:k]:
                votes[labels[row]] += np.exp(cosines[row] / 0.07)
            outcomes.setdefault(f"knn{k}_accuracy", []).append(max(votes, key=votes.get) == label)  # type: ignore[arg-type]
        for k in (1, 5):
            outcomes.setdefault(f"precision_at_{k}", []).append(sum(right[:k]) / k)
        for k in (1, 5, 10):
            outcomes.setdefault(f"recall_at_{k}", []).append(any(right[:k]))
        size = sum(right)
        if size:
            outcomes.setdefault("r_precision", []).append(sum(right[:size]) / size)
            precisions = [sum(right[: i + 1]) / (i + 1) for i in range(size) if right[i]]
            outcomes.setdefault("map_at_r", []).append(sum(precisions) / size)
    return {name: float(np.mean(values)) for name, values in outcomes.items()}


@pytest.mark.parametrize(("gallery", "queries"), [("train", "test"), ("train", "train")])
def test_neighbours(three_classes: Path, tmp_path: Path, gallery: str, queries: str) -> None:
    """Also where every row is asked about among all others: it never finds itself."""
    arrays = exported(three_classes, tmp_path)
    report = evaluate_collection(three_classes, EvaluateOptions(gallery, queries))
    expected = by_hand(*side(arrays, queries), *side(arrays, gallery), itself=gallery == queries)
    assert len(expected) == 10
    for name, value in expected.items():
        assert report.metrics[name].value == pytest.approx(value, abs=1e-9), name
    assert 0.3 < expected["knn5_accuracy"] < 1  # neither trivial nor hopeless


def test_uniform_votes(three_classes: Path, tmp_path: Path) -> None:
    arrays = exported(three_classes, tmp_path)
    (queries, wanted), (gallery, labels) = side(arrays, "test"), side(arrays, "train")
    cosines = units(queries) @ units(gallery).T
    hits = []
    for row, label in zip(cosines, wanted, strict=True):
        votes: Counter[str] = Counter()
        sums: Counter[str] = Counter()
        for near in np.argsort(-row)[:20]:
            votes[labels[near]] += 1
            sums[labels[near]] += row[near]
        hits.append(max(votes, key=lambda name: (votes[name], sums[name])) == label)
    figure = evaluate_collection(three_classes).metrics["knn20_uniform_accuracy"]
    assert figure.value == pytest.approx(np.mean(hits))


def test_silhouettes_and_clusters(three_classes: Path, tmp_path: Path) -> None:
    queries, wanted = side(exported(three_classes, tmp_path), "test")
    found = evaluate_collection(three_classes).metrics
    for distance in ("cosine", "euclidean"):
        expected = sk.silhouette_score(queries, wanted, metric=distance)
        assert found[f"silhouette_{distance}"].value == pytest.approx(expected, abs=1e-6)
    clusters = KMeans(3, n_init=10, random_state=0).fit(units(queries).astype(np.float32)).labels_
    assert found["nmi"].value == pytest.approx(sk.normalized_mutual_info_score(wanted, clusters))
    assert found["ami"].value == pytest.approx(sk.adjusted_mutual_info_score(wanted, clusters))
    assert found["ari"].value == pytest.approx(sk.adjusted_rand_score(wanted, clusters))
    assert found["nmi"].low <= found["nmi"].value <= found["nmi"].high


def probe_by_sklearn(
    learned: tuple[Any, Any], val: tuple[Any, Any], test: tuple[Any, Any]
) -> tuple[float, float]:
    """Return test accuracy of the regression that is best on val, and its strength."""
    mean, deviation = learned[0].mean(axis=0), learned[0].std(axis=0)

    def standard(vectors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return (vectors - mean) / deviation

    best: tuple[float, float, LogisticRegression, float] | None = None
    for power in np.arange(0.5, -5.5, -0.5):
        strength = 10.0**power
        fitted = LogisticRegression(C=1 / (strength * len(learned[0])), tol=1e-8, max_iter=5000)
        fitted.fit(standard(learned[0]), learned[1])
        score = fitted.score(standard(val[0]), val[1])
        loss = sk.log_loss(val[1], fitted.predict_proba(standard(val[0])), labels=fitted.classes_)
        if best is None or (score, -loss) > best[:2]:
            best = (score, -loss, fitted, strength)
    assert best is not None
    return best[2].score(standard(test[0]), test[1]), best[3]


def test_linear_probe(three_classes: Path, tmp_path: Path) -> None:
    arrays = exported(three_classes, tmp_path)
    learned, val, test = (side(arrays, split) for split in ("train", "val", "test"))
    expected, _ = probe_by_sklearn(learned, val, test)
    report = evaluate_collection(three_classes)
    assert report.metrics["linear_probe_accuracy"].value == pytest.approx(expected)
    assert report.metrics["linear_probe_top5_accuracy"].value == 1.0  # three classes
    assert (report.setting.n_val, report.setting.val_drawn) == (10, False)


def test_probe_without_val_rows_learns_from_the_whole_gallery(
    tmp_path: Path, paint_class: PaintClass, embedded: Embedded
) -> None:
    """15 % of each class choose the strength; the probe that is judged has seen all of train."""
    for seed in range(72):
        split = "train" if seed < 48 else "test"
        paint_class(tmp_path / f"art/{split}/{'abc'[seed % 3]}/{seed}.png", seed % 3, seed)
    index = embedded()
    report = evaluate_collection(index)
    arrays = exported(index, tmp_path)
    train = np.flatnonzero(arrays["split"] == "train")
    drawn = [
        row
        for name in "abc"
        for row in sorted(
            (row for row in train if arrays["label"][row] == name),
            key=lambda row: arrays["content_hash"][row],
        )[:2]  # 16 of a class: round(2.4)
    ]
    rest = np.setdiff1d(train, drawn)
    assert report.selection.val.tolist() == sorted(drawn)
    assert (report.n_train, report.setting.n_val, report.setting.val_drawn) == (48, 6, True)

    def rows(of: np.ndarray[Any, Any] | list[Any]) -> tuple[Any, Any]:
        return arrays["embedding"][of].astype(np.float64), arrays["label"][of]

    _, strength = probe_by_sklearn(rows(rest), rows(drawn), side(arrays, "test"))
    vectors, labels = rows(train)
    mean, deviation = vectors.mean(axis=0), vectors.std(axis=0)
    fitted = LogisticRegression(C=1 / (strength * 48), tol=1e-8, max_iter=5000)
    fitted.fit((vectors - mean) / deviation, labels)
    queries, wanted = side(arrays, "test")
    expected = fitted.score((queries - mean) / deviation, wanted)
    assert report.metrics["linear_probe_accuracy"].value == pytest.approx(expected)
    learned = fitted.score((vectors - mean) / deviation, labels)
    assert report.outcomes.classifiers["linear_probe"].train_accuracy == pytest.approx(learned)


def test_colours_are_those_of_the_baseline(three_classes: Path) -> None:
    """The column for scale equals the collection's own figures where its encoder is colour:4x4."""
    report = evaluate_collection(three_classes)
    for name in ("knn1_accuracy", "precision_at_5", "recall_at_10"):
        assert report.colour[name] == report.metrics[name]
    assert report.colour.keys() == report.metrics.keys()


def test_per_class_and_confusion(three_classes: Path) -> None:
    report = evaluate_collection(three_classes)
    names = np.array(report.selection.classes)
    wanted = names[report.selection.query_labels]
    answered = names[report.outcomes.classifiers["linear_probe"].predicted]
    assert report.confusion is not None
    assert report.confusion.classifier == "linear_probe"
    expected = sk.confusion_matrix(wanted, answered, labels=names)
    np.testing.assert_array_equal(report.confusion.counts, expected)
    table = sk.classification_report(wanted, answered, output_dict=True, zero_division=0)
    for one in report.per_class:
        assert (one.precision or 0) == pytest.approx(table[one.label]["precision"])
        assert one.recall == pytest.approx(table[one.label]["recall"])
        assert one.support == table[one.label]["support"]
    off = expected - np.diag(np.diag(expected))
    first = report.confusion.most[0]
    assert first.count == off.max()
    assert off[list(names).index(first.label), list(names).index(first.predicted)] == first.count
    assert [one.gallery for one in report.per_class] == [14, 9, 5]
