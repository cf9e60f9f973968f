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

from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.evaluate import EvaluateOptions, evaluate_collection
from artvec.commands.export import export_collection
from artvec.core.errors import ArtvecError
from artvec.core.types import Preprocessing
from artvec.encoding.backbones.simple_cnn import SimpleCnn

Run = Callable[..., Any]
Paint = Callable[[Path, int], Path]
CLASSES = ("a", "b", "c")
HALF = (0.5, 0.5, 0.5)
SEEN = Preprocessing(32, 32, "crop", "bilinear", HALF, HALF)


@pytest.fixture
def gallery(tmp_path: Path, paint: Paint, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return 36 pictures of three classes: 7 of each to train, 2 to choose, 3 to test."""
    monkeypatch.chdir(tmp_path)
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
    assert "leak: the same file on both sides: 1 of 12 queries" in shown
    assert "test/a/copy.png = train/a/00.png" in shown
    assert shown.index("leak: ") < shown.index("train/a/00.png") < shown.index("knn1_accuracy")
    assert "no picture is on both sides" not in shown


def embedded_by(run: Path, art: Path, index: str | None = None) -> dict[str, np.ndarray[Any, Any]]:
    """Embed with a run and return the exported arrays."""
    folder = embed_images(art, EmbedOptions(model=str(run), index=index)).index
    return dict(np.load(export_collection(folder, "npz", folder.parent / "vectors.npz").file))


def test_a_run_is_judged_by_its_own_head(gallery: Path, artvec: Run) -> None:
    run = make_run(Path("runs/a").absolute(), gallery, 1)
    arrays = embedded_by(run, gallery)
    told = artvec("eval", "--json").json
    answers = np.array(CLASSES)[by_hand(run, arrays["embedding"]).argmax(axis=1)]
    right = answers == arrays["label"]
    test, train = (arrays["split"] == split for split in ("test", "train"))
    assert told["metrics"]["head_accuracy"]["value"] == pytest.approx(right[test].mean())
    assert told["train_accuracy"]["head"] == pytest.approx(right[train].mean())
    assert told["metrics"]["head_top5_accuracy"]["value"] == 1.0
    assert told["confusion"]["classifier"] == "head"
    assert told["leaks"]["trained_on"] == {}


def test_a_head_on_feature_maps_is_left_out_and_that_is_said(gallery: Path) -> None:
    run = make_run(Path("runs/a").absolute(), gallery, 1)
    record = json.loads((run / "run.json").read_text())
    record["head"] |= {"layers": "flatten", "dim": 4096}
    (run / "run.json").write_text(json.dumps(record))
    embedded_by(run, gallery)
    report = evaluate_collection(Path("indexes/art"))
    assert "head_accuracy" not in report.metrics
    assert "knn20_accuracy" in report.metrics
    (note,) = (note for note in report.notes if "feature map" in note)
    assert str(run) in note


def test_pictures_that_a_run_was_trained_on_are_refused(gallery: Path, artvec: Run) -> None:
    run = make_run(Path("runs/a").absolute(), gallery, 1)
    embedded_by(run, gallery)
    leak(run, gallery, ["test/a/27.png", "test/b/28.png"])
    refused = artvec("eval")
    assert (refused.code, refused.out) == (1, "")
    assert f"2 of the 9 test pictures were training pictures of {run}" in refused.err
    assert "--allow-leak" in refused.err
    allowed = artvec("eval", "--allow-leak")
    assert allowed.code == 0
    assert f"leak: training pictures of {run}: 2 of 9 queries" in allowed.out
    report = evaluate_collection(Path("indexes/art"), EvaluateOptions(allow_leak=True))
    assert report.leaks.trained_on == {str(run): 2}
    shutil.rmtree(run)
    gone = evaluate_collection(Path("indexes/art"))
    assert "head_accuracy" not in gone.metrics
    assert any("is gone" in note for note in gone.notes)


def test_an_ensemble_averages_probabilities(gallery: Path) -> None:
    """One head knows three classes, the other two of them and a fourth."""
    first = make_run(Path("runs/first"), gallery, 1)
    second = make_run(Path("runs/second"), gallery, 2, known=("b", "c", "z"))
    a = embedded_by(first, gallery, "art-first")
    index, both = Path("indexes/art-first"), EvaluateOptions(ensemble=(first, second))
    with pytest.raises(ArtvecError, match="no collection here holds") as caught:
        evaluate_collection(index, both)
    assert caught.value.usage
    assert f"artvec embed {gallery} -m runs/second -i art-first-second" in caught.value.hint
    b = embedded_by(second, gallery, "art-first-second")
    assert a["path"].tolist() == b["path"].tolist()
    mean = np.zeros((len(a["path"]), 4))
    mean[:, :3] += by_hand(first, a["embedding"]) / 2
    mean[:, 1:] += by_hand(second, b["embedding"]) / 2
    test = a["split"] == "test"
    right = np.array([*CLASSES, "z"])[mean.argmax(axis=1)] == a["label"]
    report = evaluate_collection(index, both)
    assert report.metrics["ensemble_accuracy"].value == pytest.approx(right[test].mean())
    assert [one.index.name for one in report.members] == ["art-first", "art-first-second"]
    alone = by_hand(first, a["embedding"]).argmax(axis=1) == np.searchsorted(CLASSES, a["label"])
    assert report.members[0].head_accuracy.value == pytest.approx(alone[test].mean())
    assert report.confusion is not None
    assert report.confusion.classes == ("a", "b", "c", "z")

    leak(second, gallery, ["test/c/29.png"])
    with pytest.raises(ArtvecError, match=r"1 of the 9 test pictures were .* of runs/second"):
        evaluate_collection(index, both)


def test_what_is_no_ensemble(gallery: Path) -> None:
    run = make_run(Path("runs/a"), gallery, 1)
    headless = make_run(Path("runs/headless"), gallery, 2, head=False)
    embedded_by(run, gallery)
    with pytest.raises(ArtvecError, match="nope is no run directory") as unknown:
        evaluate_collection(Path("indexes/art"), EvaluateOptions(ensemble=(Path("nope"),)))
    assert "run.json" in unknown.value.hint and "backbone" not in unknown.value.hint
    for runs, said in (((run,), "needs two runs"), ((run, run), "needs two runs"),
                       ((run, headless), "headless has no head"),
                       ((run, Path("runs/none")), "runs/none is no run directory")):  # fmt: skip
        with pytest.raises(ArtvecError, match=said) as caught:
            evaluate_collection(Path("indexes/art"), EvaluateOptions(ensemble=runs))
        assert caught.value.usage


def test_vectors_side_by_side(gallery: Path, tmp_path: Path) -> None:
    """Matched by content, whatever the files are called; every part at length 1."""
    parts = []
    for model, name in (("colour:4x4", "colours"), ("simple_cnn", "cnn")):
        folder = embed_images(gallery, EmbedOptions(model=model, index=name)).index
        arrays = dict(np.load(export_collection(folder, "npz", tmp_path / "vectors.npz").file))
        vectors = arrays["embedding"].astype(np.float64)
        parts.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    joined = np.hstack(parts)
    train, test = (np.flatnonzero(arrays["split"] == split) for split in ("train", "test"))
    nearest = train[(joined[test] @ joined[train].T).argmax(axis=1)]
    expected = (arrays["label"][nearest] == arrays["label"][test]).mean()
    beside = EvaluateOptions(concat=("cnn",))
    report = evaluate_collection(Path("indexes/colours"), beside)
    assert report.metrics["knn1_accuracy"].value == pytest.approx(expected)
    assert len(report.setting.encoders) == 2
    with pytest.raises(ArtvecError, match="no collection at") as caught:
        evaluate_collection(Path("indexes/colours"), EvaluateOptions(concat=("nothing",)))
    assert caught.value.hint == "type: artvec eval -i indexes/colours --concat cnn"
    shutil.copytree(gallery / "test", tmp_path / "few")
    embed_images(tmp_path / "few", EmbedOptions(model="colour:4x4", index="few"))
    with pytest.raises(ArtvecError, match="few is of other pictures than indexes/colours") as other:
        evaluate_collection(Path("indexes/colours"), EvaluateOptions(concat=("few",)))
    assert other.value.hint == caught.value.hint
    (gallery / "test/a/27.png").unlink()
    embed_images(gallery, EmbedOptions(index="cnn"))
    with pytest.raises(ArtvecError, match="lacks 1 of the 9 pictures"):
        evaluate_collection(Path("indexes/colours"), beside)
