"""Groups: whole ones are resampled, and the other figure denies a query its own group."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artvec.collection.reader import open_collection
from artvec.commands.evaluate import EvaluateOptions, evaluate_collection
from artvec.commands.export import export_collection
from artvec.core.errors import ArtvecError
from artvec.evaluation import select

PaintClass = Callable[[Path, int, int], Path]
Embedded = Callable[..., Path]
BY_ARTIST = EvaluateOptions(group="artist")


@pytest.fixture
def studio(tmp_path: Path, paint_class: PaintClass, embedded: Embedded) -> Path:
    """Return 60 pictures of 2 classes by 6 artists, on both sides; some have no artist."""
    facts = {}
    for seed in range(60):
        name = f"{seed:03}.png"
        paint_class(tmp_path / "art" / name, seed % 2, seed)
        artist = "" if seed % 10 == 9 else f"artist{seed % 6}"
        facts[name] = f"{'xy'[seed % 2]},{'test' if seed % 4 == 3 else 'train'},{artist}"
    return embedded(facts, "label,split,artist")


def test_figures_without_the_own_group(studio: Path, tmp_path: Path) -> None:
    arrays: dict[str, np.ndarray[Any, Any]] = dict(
        np.load(export_collection(studio, "npz", tmp_path / "vectors.npz").file)
    )
    vectors = arrays["embedding"].astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    train, test = (np.flatnonzero(arrays["split"] == split) for split in ("train", "test"))
    hits: dict[str, list[float]] = {}
    affected = 0
    for query in test:
        artist = arrays["artist"][query]
        own = (arrays["artist"][train] == artist) & (artist != "")
        affected += bool(own.any())
        others = train[~own]
        order = others[np.argsort(-(vectors[others] @ vectors[query]))]
        right = arrays["label"][order] == arrays["label"][query]
        weights = np.exp(vectors[order[:20]] @ vectors[query] / 0.07)
        hits.setdefault("knn1_accuracy", []).append(right[0])
        hits.setdefault("knn20_accuracy", []).append(weights[right[:20]].sum() > weights.sum() / 2)
        hits.setdefault("precision_at_5", []).append(right[:5].mean())
        hits.setdefault("recall_at_10", []).append(right[:10].any())
    other_groups = evaluate_collection(studio, BY_ARTIST).outcomes.other_groups
    assert other_groups is not None
    assert (other_groups.column, other_groups.affected) == ("artist", affected)
    assert 0 < affected < len(test)
    for name, values in hits.items():
        assert other_groups.figures[name].value == pytest.approx(np.mean(values)), name
    plain = evaluate_collection(studio).metrics
    assert any(other_groups.figures[name].value != plain[name].value for name in hits)


def test_groups_are_resampled_whole(studio: Path) -> None:
    """Rows without a value stand alone; the sentence beside the figures counts the groups."""
    report = evaluate_collection(studio, BY_ARTIST)
    groups = report.selection.query_groups
    assert groups is not None
    assert len(groups) == 15
    alone = [seed for seed in range(60) if seed % 4 == 3 and seed % 10 == 9]
    artists = {seed % 6 for seed in range(60) if seed % 4 == 3 and seed % 10 != 9}
    assert report.setting.n_groups == len(alone) + len(artists) == len(set(groups.tolist()))
    assert "groups (artist) of 15 test pictures" in report.setting.intervals
    assert report.metrics["precision_at_5"] != evaluate_collection(studio).metrics["precision_at_5"]


def test_the_collections_own_group_is_the_default(
    tmp_path: Path, paint_class: PaintClass, artvec: Callable[..., Any]
) -> None:
    facts = ["filename,artist"]
    for seed in range(40):
        paint_class(tmp_path / f"art/{'ab'[seed % 2]}/{seed}.png", seed % 2, seed)
        facts.append(f"{seed}.png,artist{seed // 4}")
    (tmp_path / "facts.csv").write_text("\n".join(facts))
    options = ["--metadata", "facts.csv", "--group", "artist", "-m", "colour:4x4"]
    assert artvec("embed", "art", *options).code == 0
    told = artvec("eval", "--json").json
    assert told["protocol"]["group_column"] == "artist"
    assert (told["grouped"]["column"], told["grouped"]["affected"]) == ("artist", 0)
    assert told["grouped"]["metrics"]["knn5_accuracy"] == told["metrics"]["knn5_accuracy"]


def test_a_mistyped_column_is_named(studio: Path) -> None:
    with pytest.raises(ArtvecError, match="no column 'artits'") as caught:
        select(open_collection(studio), group="artits")
    assert "artist" in caught.value.hint
    assert caught.value.usage
    with pytest.raises(ArtvecError, match="no column 'zzz'") as unknown:
        select(open_collection(studio), group="zzz", asked=("compare", "art", "b c"))
    assert unknown.value.hint.startswith("columns: artist, path, label")
    assert unknown.value.hint.endswith("; type: artvec compare art 'b c' --group artist")
