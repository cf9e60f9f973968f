"""Leaks come first: copies across the split, and pictures that a run was trained on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from artvec.backbones.simple_cnn import SimpleCnn
from artvec.types import Preprocessing

Run = Callable[..., Any]
Paint = Callable[[Path, int], Path]
CLASSES = ("a", "b", "c")
HALF = (0.5, 0.5, 0.5)
SEEN = Preprocessing(32, 32, "crop", "bilinear", HALF, HALF)


@pytest.fixture
def gallery(tmp_path: Path, paint: Paint) -> Path:
    """Return 36 pictures of three classes: 7 of each to train, 2 to choose, 3 to test."""
    for seed in range(36):
        split = ("train",) * 7 + ("val",) * 2 + ("test",) * 3
        name = f"art/{split[seed // 3]}/{'abc'[seed % 3]}/{seed:02}.png"
        paint(tmp_path / name, seed)
    return tmp_path / "art"


def make_run(
    folder: Path, art: Path, seed: int, *, known: tuple[str, ...] = CLASSES, head: bool = True
) -> Path:
    """Write a run as training does: a seeded CNN, a head, the splits of its pictures."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True)
    save_file(SimpleCnn(3).state_dict(), folder / "model.safetensors")
    splits: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for file in sorted(art.rglob("*.png")):
        splits[file.parts[-3]].append(sha256(file.read_bytes()).hexdigest())
    backbone = {"name": "simple_cnn", "image_size_px": None, "preprocessing": asdict(SEEN)}
    record: dict[str, Any] = {"backbone": backbone, "splits": splits}
    if head:
        record["head"] = {"layers": "linear", "dim": 512, "classes": list(known)}
        weights = torch.randn(len(known), 512)
        save_file(
            {"0.weight": weights, "0.bias": torch.zeros(len(known))}, folder / "head.safetensors"
        )
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def leak(run: Path, art: Path, names: list[str]) -> None:
    """Move test pictures among the training images of a run's record."""
    record = json.loads((run / "run.json").read_text())
    record["splits"]["train"] += [sha256((art / name).read_bytes()).hexdigest() for name in names]
    (run / "run.json").write_text(json.dumps(record))


def by_hand(run: Path, vectors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the softmax of a linear head."""
    from safetensors.numpy import load_file

    logits = vectors @ load_file(run / "head.safetensors")["0.weight"].T
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: np.ndarray[Any, Any] = shares / shares.sum(axis=1, keepdims=True)
    return found


def test_copies_on_both_sides_are_told_before_any_figure(
    gallery: Path, tmp_path: Path, artvec: Run
) -> None:
    shutil.copy(gallery / "train/a/00.png", gallery / "test/a/copy.png")
    with Image.open(gallery / "val/b/22.png") as picture:
        picture.resize((72, 60), Image.Resampling.LANCZOS).save(gallery / "test/b/small.png")
    shutil.copy(gallery / "test/c/29.png", gallery / "test/c/twin.png")  # on one side: no leak
    artvec("embed", "art", "-m", "colour:4x4")
    told = artvec("eval", "--json").json["leaks"]
    assert told["exact"] == [["test/a/copy.png", "train/a/00.png"]]
    assert [sorted(group) for group in told["near"]] == [["test/b/small.png", "val/b/22.png"]]
    assert (told["exact_queries"], told["near_queries"], told["trained_on"]) == (1, 1, {})
    shown = artvec("eval").out
    assert "leak: 1 queries are in the gallery, too, byte by byte" in shown
    assert "test/a/copy.png = train/a/00.png" in shown
    assert shown.index("leak: ") < shown.index("train/a/00.png") < shown.index("knn1_accuracy")
    assert "no picture is on both sides" not in shown


def test_a_run_is_judged_by_its_own_head(gallery: Path, tmp_path: Path, artvec: Run) -> None:
    run = make_run(tmp_path / "runs/a", gallery, 1)
    assert artvec("embed", "art", "-m", "runs/a").code == 0
    told = artvec("eval", "--json").json
    artvec("export", "--format", "npz", "-o", "vectors.npz")
    arrays = np.load("vectors.npz" if Path("vectors.npz").exists() else tmp_path / "vectors.npz")
    answers = np.array(CLASSES)[by_hand(run, arrays["embedding"]).argmax(axis=1)]
    right, test, train = (
        answers == arrays["label"],
        *(arrays["split"] == split for split in ("test", "train")),
    )
    assert told["metrics"]["head_accuracy"]["value"] == pytest.approx(right[test].mean())
    assert told["train_accuracy"]["head"] == pytest.approx(right[train].mean())
    assert told["metrics"]["head_top5_accuracy"]["value"] == 1.0
    assert told["confusion"]["classifier"] == "head"
    assert told["leaks"]["trained_on"] == {}

    leak(run, gallery, ["test/a/27.png", "test/b/28.png"])
    refused = artvec("eval")
    assert (refused.code, refused.out) == (1, "")
    assert f"2 of the 9 test pictures were training pictures of {run}" in refused.err
    assert "--allow-leak" in refused.err
    allowed = artvec("eval", "--allow-leak", "--json")
    assert allowed.code == 0
    assert allowed.json["leaks"]["trained_on"] == {str(run): 2}
    assert f"2 queries were training pictures of {run}" in artvec("eval", "--allow-leak").out

    shutil.rmtree(run)
    gone = artvec("eval", "--json")
    assert gone.code == 0
    assert "head_accuracy" not in gone.json["metrics"]
    assert "is gone" in gone.err


def test_an_ensemble_averages_probabilities(gallery: Path, tmp_path: Path, artvec: Run) -> None:
    """One head knows three classes, the other two of them and a fourth."""
    first = make_run(tmp_path / "runs/first", gallery, 1)
    second = make_run(tmp_path / "runs/second", gallery, 2, known=("b", "c", "z"))
    headless = make_run(tmp_path / "runs/headless", gallery, 3, head=False)
    artvec("embed", "art", "-m", "runs/first", "-i", "art-first")
    both = ["eval", "-i", "art-first", "--ensemble", "runs/first", "--ensemble", "runs/second"]
    refused = artvec(*both)
    assert refused.code == 2
    assert f"artvec embed {gallery} -m runs/second -i art-first-second" in refused.err
    artvec("embed", "art", "-m", "runs/second", "-i", "art-first-second")
    told = artvec(*both, "--json").json
    for name in ("first", "first-second"):
        artvec("export", "-i", f"art-{name}", "--format", "npz", "-o", f"{name}.npz")
    a, b = (np.load(tmp_path / f"{name}.npz") for name in ("first", "first-second"))
    assert a["path"].tolist() == b["path"].tolist()
    mean = np.zeros((len(a["path"]), 4))
    mean[:, :3] += by_hand(first, a["embedding"]) / 2
    mean[:, 1:] += by_hand(second, b["embedding"]) / 2
    test = a["split"] == "test"
    right = np.array([*CLASSES, "z"])[mean.argmax(axis=1)] == a["label"]
    assert told["metrics"]["ensemble_accuracy"]["value"] == pytest.approx(right[test].mean())
    assert [Path(one["index"]).name for one in told["ensemble"]] == [
        "art-first",
        "art-first-second",
    ]
    alone = by_hand(first, a["embedding"]).argmax(axis=1) == np.searchsorted(CLASSES, a["label"])
    assert told["ensemble"][0]["head_accuracy"]["value"] == pytest.approx(alone[test].mean())
    assert told["confusion"]["classes"] == ["a", "b", "c", "z"]

    leak(second, gallery, ["test/c/29.png"])
    leaking = artvec(*both)
    assert leaking.code == 1
    assert "1 of the 9 test pictures were training pictures of runs/second" in leaking.err
    assert artvec(*both[:-2]).code == 2  # one run is no ensemble
    assert "has no head" in artvec(*both[:-1], str(headless)).err


def test_vectors_side_by_side(gallery: Path, tmp_path: Path, artvec: Run) -> None:
    """Matched by content, whatever the files are called; every part at length 1."""
    artvec("embed", "art", "-m", "colour:4x4", "-i", "colours")
    artvec("embed", "art", "-m", "simple_cnn", "-i", "cnn")
    told = artvec("eval", "-i", "colours", "--concat", "cnn", "--json").json
    assert len(told["protocol"]["encoders"]) == 2
    parts = []
    for name in ("colours", "cnn"):
        artvec("export", "-i", name, "--format", "npz", "-o", f"{name}.npz")
        arrays = np.load(tmp_path / f"{name}.npz")
        vectors = arrays["embedding"].astype(np.float64)
        parts.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    joined = np.hstack(parts)
    train, test = (np.flatnonzero(arrays["split"] == split) for split in ("train", "test"))
    nearest = train[(joined[test] @ joined[train].T).argmax(axis=1)]
    expected = (arrays["label"][nearest] == arrays["label"][test]).mean()
    assert told["metrics"]["knn1_accuracy"]["value"] == pytest.approx(expected)
    other = artvec("eval", "-i", "colours", "--concat", "nothing")
    assert (other.code, "no collection at" in other.err) == (2, True)
    (gallery / "test/a/27.png").unlink()
    artvec("embed", "art", "-i", "cnn")
    lacking = artvec("eval", "-i", "colours", "--concat", "cnn")
    assert lacking.code == 1
    assert "lacks 1 of the 9 pictures" in lacking.err
