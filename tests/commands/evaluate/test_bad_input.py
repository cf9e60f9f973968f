"""What can't be measured is said in a line, with the exit codes of the contract; never NaN."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from artvec.collection import reader
from artvec.commands.evaluate import EvaluateOptions, evaluate_collection, evaluation
from artvec.core.errors import ArtvecError
from artvec.metrics.registry import DEFINITIONS, EVALUATION, EVALUATION_KEYS, GEOMETRY

PaintClass = Callable[[Path, int, int], Path]
Embedded = Callable[..., Path]
Run = Callable[..., Any]
PROMISED = {
    "protocol", "n_train", "n_test", "metrics", "per_class", "confusion", "leaks", "chance",
    "colour", "geometry", "majority_accuracy", "warnings",
}  # fmt: skip


def strict(text: str) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"JSON holds {word}")

    return json.loads(text, parse_constant=refuse)


def paint_labelled(
    paint: PaintClass, folder: Path, labels: dict[str, int], splits: str
) -> dict[str, str]:
    """Paint so many pictures of each label, dealt to splits in turn; return rows of metadata."""
    facts, seed = {}, 0
    for label, count in labels.items():
        for _ in range(count):
            name = f"{seed:03}.png"
            paint(folder / name, len(label), seed)
            facts[name] = f"{label},{splits.split()[seed % len(splits.split())]}"
            seed += 1
    return facts


def test_json_has_what_is_promised(three_classes: Path, artvec: Run) -> None:
    told = artvec("eval", "--json")
    found = strict(told.out)
    assert found.keys() >= PROMISED
    assert (found["n_train"], found["n_test"]) == (28, 20)
    assert set(found["metrics"]) == {name for name in EVALUATION_KEYS if "head" not in name} - {
        "ensemble_accuracy", "ensemble_top5_accuracy",
    }  # fmt: skip
    for figure in found["metrics"].values():
        low, high = figure["ci95"]
        assert low <= figure["value"] <= high
    assert found["per_class"][0].keys() >= {"label", "precision", "recall", "f1", "support"}
    assert np.sum(found["confusion"]["counts"]) == 20
    shown = artvec("eval").out
    assert "95 % intervals: bootstrap over 20 test pictures" in shown
    for name in (*found["metrics"], "most often mistaken", "colour:4x4", "chance"):
        assert name in shown


def test_the_help_page_and_the_docs_define_every_figure(artvec: Run) -> None:
    page = " ".join(artvec("eval", "--help").out.split())
    docs = " ".join((Path(__file__).parents[3] / "docs/figures.md").read_text().split())
    for one in (*EVALUATION, *GEOMETRY):
        assert one.meaning in page
        assert ", ".join(one.keys) in page
    for one in DEFINITIONS:
        for part in (one.meaning, one.purpose, one.source):
            assert part in docs
        for metric in one.metrics:
            line = f"| `{metric.key}` | {metric.title} | {metric.scale} | {metric.reading} |"
            assert line in docs


def test_without_labels_the_geometry_is_left(
    tmp_path: Path, paint_class: PaintClass, embedded: Embedded, artvec: Run
) -> None:
    for seed in range(12):
        paint_class(tmp_path / f"art/{seed}.png", seed, seed)
    embedded()
    done = artvec("eval", "--json")
    found = strict(done.out)
    assert done.code == 0
    assert found["metrics"] == found["chance"] == {}
    assert found["geometry"].keys() == {"anisotropy", "spread", "effective_rank"}
    assert {"confusion", "majority_accuracy", "grouped"}.isdisjoint(found)
    assert "no row has a label" in done.err
    assert "--metadata" in done.err
    assert "geometry of the queries" in artvec("eval").out


def test_one_label_leaves_nothing_to_tell_apart(
    tmp_path: Path, paint_class: PaintClass, embedded: Embedded
) -> None:
    facts = paint_labelled(paint_class, tmp_path / "art", {"x": 10}, "train test")
    report = evaluate_collection(embedded(facts, "label,split"))
    assert not report.metrics
    assert any("every row has the label 'x'" in warning for warning in report.warnings)


def test_rows_without_a_label_are_left_out_and_counted(
    tmp_path: Path, paint_class: PaintClass, embedded: Embedded
) -> None:
    labels = {"x": 12, "yy": 12, "": 9}
    facts = paint_labelled(paint_class, tmp_path / "art", labels, "train test train")
    report = evaluate_collection(embedded(facts, "label,split"))
    assert (report.n_train, report.n_test, report.setting.unlabelled) == (16, 8, 9)
    assert report.setting.classes == 2
    assert any("9 rows without a label" in note for note in report.notes)


def test_a_side_without_labels_is_refused(
    tmp_path: Path, paint_class: PaintClass, embedded: Embedded, artvec: Run
) -> None:
    facts = {}
    for seed in range(8):
        paint_class(tmp_path / f"art/{seed}.png", 0, seed)
        facts[f"{seed}.png"] = f"{'x' if seed % 2 else ''},{'train' if seed % 2 else 'test'}"
    embedded(facts, "label,split")
    done = artvec("eval")
    assert (done.code, done.out) == (1, "")
    assert "no row of the split 'test' has a label" in done.err


def test_classes_that_only_one_side_has(
    tmp_path: Path, paint_class: PaintClass, embedded: Embedded
) -> None:
    """Of 8 queries, 4 have a class that no gallery row has: 0 in precision, out of MAP@R."""
    facts = {}
    for seed in range(24):
        paint_class(tmp_path / f"art/{seed}.png", seed % 3, seed)
        label = "xyz"[seed % 3]
        split = "test" if seed >= 18 or label == "z" else "train"
        facts[f"{seed}.png"] = f"{label},{split}"
    report = evaluate_collection(embedded(facts, "label,split"))
    strangers = report.selection.query_labels == 2
    assert report.setting.without_gallery == strangers.sum() == 8
    outcomes = report.outcomes.per_query
    assert not outcomes["precision_at_5"][strangers].any()
    assert np.isnan(outcomes["map_at_r"][strangers]).all()
    assert not np.isnan(outcomes["map_at_r"][~strangers]).any()
    assert any("no gallery row has z: 8 queries" in warning for warning in report.warnings)
    assert report.metrics["linear_probe_top5_accuracy"].value == pytest.approx(4 / 12)


def test_splits_that_are_not_there(three_classes: Path, artvec: Run) -> None:
    done = artvec("eval", "--queries", "tets")
    assert done.code == 2
    assert "no row of indexes/art has the split 'tets'" in done.err
    assert "(there are: test 20, train 28, val 10)" in done.err
    assert "did you mean: artvec eval --queries test" in done.err
    assert artvec("eval", "--gallery", "zzz").code == 2
    assert "artvec eval -i indexes/art --gallery train --queries train" in (
        artvec("eval", "--gallery", "zzz").err
    )


def test_one_query_of_each_class_leaves_no_clusters_to_judge(
    tmp_path: Path, paint_class: PaintClass, embedded: Embedded
) -> None:
    """As many clusters as queries agree with any labels."""
    for seed in range(12):
        split = "test" if seed < 3 else "train"
        paint_class(tmp_path / f"art/{split}/{'abc'[seed % 3]}/{seed}.png", seed % 3, seed)
    report = evaluate_collection(embedded())
    assert "knn1_accuracy" in report.metrics and report.outcomes.clusters is None
    for figures in (report.metrics, report.chance, report.colour):
        assert not {"nmi", "ami", "ari", "matched_accuracy"} & set(figures)


def test_a_tiny_collection(tmp_path: Path, paint_class: PaintClass, embedded: Embedded) -> None:
    """Two pictures to search and two to ask, of two classes: no probe, no silhouette, no NaN."""
    facts = {}
    for seed in range(4):
        paint_class(tmp_path / f"art/{seed}.png", seed % 2, seed)
        facts[f"{seed}.png"] = f"{'xy'[seed % 2]},{'train' if seed < 2 else 'test'}"
    found = evaluate_collection(embedded(facts, "label,split")).metrics
    assert "knn20_accuracy" in found
    assert {"linear_probe_accuracy", "silhouette_cosine"}.isdisjoint(found)
    assert not any(np.isnan([one.value, one.low, one.high]).any() for one in found.values())


def test_pictures_that_are_all_alike(
    tmp_path: Path, paint_class: PaintClass, embedded: Embedded
) -> None:
    """Copies of one picture under two labels: every figure is defined, and the warning is plain."""
    facts = {}
    for seed in range(20):
        paint_class(tmp_path / f"art/{seed:02}.png", 0, 0)
        facts[f"{seed:02}.png"] = f"{'xy'[seed % 2]},{'train' if seed < 12 else 'test'}"
    report = evaluate_collection(embedded(facts, "label,split"))
    assert report.metrics["silhouette_euclidean"].value == 0.0
    assert any("nearly constant" in warning for warning in report.warnings)
    assert report.leaks.exact_queries == 8
    assert not any(np.isnan(one.value) for one in report.metrics.values())


def test_damage_and_emptiness(three_classes: Path, tmp_path: Path, artvec: Run) -> None:
    for file in (tmp_path / "art").rglob("*.png"):
        file.rename(file.with_suffix(".away"))
    shard = next((three_classes / "shards").glob("*.arrow"))
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-100])
    done = artvec("eval")
    assert done.code == 1
    assert "is damaged" in done.err
    assert "verify --repair" in done.err
    shard.write_bytes(whole)
    assert artvec("eval", "-q").code == 0  # the pictures themselves aren't needed
    assert artvec("eval", "-i", "nothing").code == 2


def test_vectors_that_are_no_numbers(three_classes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(table: pa.Table) -> np.ndarray[Any, Any]:
        vectors = whole(table).copy()
        vectors[3, 5] = np.nan
        return vectors

    whole = reader.vectors_of
    monkeypatch.setattr(reader, "vectors_of", broken)
    with pytest.raises(ArtvecError, match=r"1 vector of .* is not finite"):
        evaluate_collection(three_classes)


def test_a_collection_that_changes_meanwhile(
    three_classes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded: Embedded
) -> None:
    """The figures are of the rows that were there at the beginning, and a note says so."""
    before = evaluate_collection(three_classes)
    measured = evaluation.evaluate_vectors

    def meanwhile(*arguments: Any) -> Any:
        for file in sorted((tmp_path / "art/train").rglob("*.png"))[:9]:
            file.unlink()
        embedded()
        monkeypatch.setattr(evaluation, "evaluate_vectors", measured)
        return measured(*arguments)

    monkeypatch.setattr(evaluation, "evaluate_vectors", meanwhile)
    report = evaluate_collection(three_classes, EvaluateOptions())
    assert report.metrics == before.metrics
    assert any("changed meanwhile" in note for note in report.notes)
    assert not before.notes
