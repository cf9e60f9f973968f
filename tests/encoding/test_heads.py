"""Heads give what their layers, written out in numpy, give; what is no head is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from artvec.core.errors import ArtvecError
from artvec.encoding.heads import build_head, load_head, probabilities, takes_map

RNG = np.random.default_rng(0)


def write_run(folder: Path, layers: str, module: nn.Module, classes: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    head = {"layers": layers, "dim": 6, "classes": classes}
    (folder / "run.json").write_text(json.dumps({"head": head}))
    save_file(module.state_dict(), folder / "head.safetensors")
    return folder


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def test_linear_head_is_softmax_of_a_product(tmp_path: Path) -> None:
    module = build_head("linear", 6, 3)
    head = load_head(write_run(tmp_path / "run", "linear", module, ["a", "b", "c"]))
    vectors = RNG.normal(size=(10_001, 6)).astype(np.float32)  # more than one batch
    weight, bias = (array(tensor) for tensor in module.parameters())
    assert head.classes == ("a", "b", "c")
    np.testing.assert_allclose(
        probabilities(head, vectors), softmax(vectors @ weight.T + bias), atol=1e-6
    )


def test_mlp_head_normalises_rectifies_and_drops_nothing_when_used(tmp_path: Path) -> None:
    layers = "bn-8-dropout0.5-4"
    module = build_head(layers, 6, 2)
    norm = module[0]
    norm.running_mean.copy_(torch.arange(6.0))
    norm.running_var.copy_(torch.arange(1.0, 7.0))
    head = load_head(write_run(tmp_path / "run", layers, module, ["a", "b"]))
    vectors = RNG.normal(size=(20, 6)).astype(np.float32)
    hidden = (vectors - np.arange(6)) / np.sqrt(np.arange(1, 7) + norm.eps)
    for layer in (module[1], module[4]):
        hidden = np.maximum(hidden @ array(layer.weight).T + array(layer.bias), 0)
    logits = hidden @ array(module[-1].weight).T + array(module[-1].bias)
    np.testing.assert_allclose(probabilities(head, vectors), softmax(logits), atol=1e-6)


def test_a_batch_of_one_row_can_be_learned_from() -> None:
    """By hand: fresh statistics are mean 0 and variance 1, and one row doesn't move them."""
    norm = build_head("bn-4", 3, 2)[0]  # type: ignore[index]
    row = torch.tensor([[3.0, -1.0, 0.5]])
    assert torch.allclose(norm.train()(row), row, atol=1e-4)
    assert torch.equal(norm.running_mean, torch.zeros(3))
    assert not torch.allclose(norm(torch.cat([row, -row])), torch.cat([row, -row]), atol=1e-1)


def test_cosine_head_is_blind_to_length(tmp_path: Path) -> None:
    module = build_head("cosine", 6, 3)
    head = load_head(write_run(tmp_path / "run", "cosine", module, ["a", "b", "c"]))
    vectors = RNG.normal(size=(20, 6)).astype(np.float32)
    weight = array(module.weight)
    cosines = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)) @ (
        weight / np.linalg.norm(weight, axis=1, keepdims=True)
    ).T
    expected = softmax(array(module.scale) * cosines)
    np.testing.assert_allclose(probabilities(head, vectors), expected, atol=1e-6)
    np.testing.assert_allclose(probabilities(head, 7 * vectors), expected, atol=1e-6)


@pytest.mark.parametrize(
    "layers",
    ["", "512-", "bn-flatten", "flatten-linear", "bn-512-relu", "dropout1.5", "linear-linear", "0"],
)
def test_unknown_layers_are_named(layers: str) -> None:
    with pytest.raises(ArtvecError, match="a head has no layer"):
        build_head(layers, 6, 3)


def test_no_layer_is_wider_than_memory() -> None:
    with pytest.raises(ArtvecError, match="layer of 99999999 is too wide"):
        build_head("512-99999999", 6, 3)


def test_flatten_names_the_input_and_adds_no_layer() -> None:
    plain, flat = build_head("bn-4", 6, 3), build_head("flatten-bn-4", 6, 3)
    assert [str(layer) for layer in flat] == [str(layer) for layer in plain]
    assert [str(layer) for layer in build_head("flatten", 6, 3)] == [str(nn.Linear(6, 3))]
    assert [takes_map(layers) for layers in ("flatten", "flatten-bn", "bn", "linear")] == [
        True,
        True,
        False,
        False,
    ]


def test_what_is_no_head_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "linear", build_head("linear", 6, 3), ["a", "b", "c"])
    with pytest.raises(ArtvecError, match="6 numbers, these have 5"):
        probabilities(load_head(run), np.zeros((2, 5), np.float32))
    (run / "head.safetensors").write_bytes((run / "head.safetensors").read_bytes()[:40])
    with pytest.raises(ArtvecError, match="no head that can be read"):
        load_head(run)
    write_run(run, "linear", build_head("linear", 6, 3), ["a", "b"])  # one class too few
    with pytest.raises(ArtvecError, match="no head that can be read"):
        load_head(run)
    (run / "run.json").unlink()
    with pytest.raises(ArtvecError, match="no head that can be read"):
        load_head(run)
