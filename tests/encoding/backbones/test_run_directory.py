"""Checks a trained run as a backbone: whole ones load, incomplete ones say what is missing."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from artvec.core.errors import ArtvecError
from artvec.core.types import BackboneRequest, Preprocessing
from artvec.encoding import backbones

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
TRAINED = Preprocessing(160, 168, "squash", "bilinear", *IMAGENET)
SPLITS = {"train": ["aa" * 32, "bb" * 32], "val": ["cc" * 32], "test": ["dd" * 32]}
RECORD: dict[str, Any] = {
    "backbone": {"name": "resnet18", "image_size_px": 160, "preprocessing": asdict(TRAINED)},
    "splits": SPLITS,
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run as training leaves it: resnet18 with three classes, trained at 160 pixels."""
    torch.manual_seed(0)
    folder = tmp_path / "runs" / "mine"
    folder.mkdir(parents=True)
    model = timm.create_model("resnet18", num_classes=3)
    save_file(model.state_dict(), folder / "model.safetensors")
    (folder / "run.json").write_text(json.dumps(RECORD))
    return folder


def refused(request: BackboneRequest) -> ArtvecError:
    with pytest.raises(ArtvecError) as caught:
        backbones.load(request)
    assert caught.value.usage
    return caught.value


def test_a_run_loads_as_it_was_trained(run: Path) -> None:
    backbone = backbones.load(BackboneRequest(str(run)))
    assert (backbone.identity.dim, backbone.identity.preprocessing) == (512, TRAINED)
    assert backbone.splits == {
        bytes.fromhex("aa" * 32): "train",
        bytes.fromhex("bb" * 32): "train",
        bytes.fromhex("cc" * 32): "val",
        bytes.fromhex("dd" * 32): "test",
    }


def test_its_vectors_are_those_of_its_own_weights(run: Path) -> None:
    module = backbones.load(BackboneRequest(str(run))).module
    model = timm.create_model("resnet18", num_classes=3)
    model.load_state_dict(load_file(run / "model.safetensors"))
    model.reset_classifier(0)
    images = torch.rand(2, 3, 160, 160)
    assert module is not None
    with torch.inference_mode():
        assert torch.allclose(module(images), model.eval()(images), atol=1e-5)


def test_fit_and_size_can_be_asked_for(run: Path) -> None:
    """Another fit keeps everything else but loses nothing; so does another size."""
    padded = backbones.load(BackboneRequest(str(run), fit="pad"))
    assert padded.identity.preprocessing == replace(TRAINED, fit="pad", resize_px=160)
    larger = backbones.load(BackboneRequest(str(run), image_size_px=224)).identity.preprocessing
    assert (larger.size_px, larger.resize_px, larger.fit) == (224, 224, "squash")


def test_a_run_is_recognised(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a slash, or by its run.json where the name has none."""
    assert backbones.is_run(str(run))
    assert backbones.is_run("runs/not-yet")
    assert not backbones.is_run("mine")
    assert not backbones.is_run("hf-hub:timm/resnet18.a1_in1k")
    monkeypatch.chdir(run.parent)
    assert backbones.is_run("mine")
    assert backbones.load(BackboneRequest("mine")).identity.dim == 512


def test_trained_further_is_another_identity(run: Path) -> None:
    before = backbones.load(BackboneRequest(str(run))).identity
    model = timm.create_model("resnet18", num_classes=3)
    save_file(model.state_dict(), run / "model.safetensors")
    assert backbones.known(BackboneRequest(str(run))) is None
    assert backbones.load(BackboneRequest(str(run))).identity != before


def test_a_run_brings_its_own_weights(run: Path) -> None:
    error = refused(BackboneRequest(str(run), weights=run / "model.safetensors"))
    assert "--weights" in error.hint


def test_a_run_without_weights_is_not_complete(run: Path) -> None:
    (run / "model.safetensors").unlink()
    assert "model.safetensors" in refused(BackboneRequest(str(run))).message


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        "{}",
        '{"backbone": "resnet18"}',
        json.dumps({"backbone": {"name": "resnet18"}}),
        json.dumps({**RECORD, "splits": {"train": ["not hex"]}}),
        json.dumps({**RECORD, "splits": ["aa"]}),
    ],
)
def test_a_run_without_a_whole_record_is_not_complete(run: Path, text: str | None) -> None:
    (run / "run.json").unlink()
    if text is not None:
        (run / "run.json").write_text(text)
    error = refused(BackboneRequest(str(run)))
    assert "not a complete run" in error.message
    assert "artvec train" in error.hint
