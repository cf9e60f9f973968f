"""Checks weights files: no code is run, wrong ones are refused by name, digests are of tensors."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from artvec.core.errors import ArtvecError
from artvec.core.types import BackboneRequest, EncoderIdentity
from artvec.encoding import backbones
from artvec.encoding.backbones.weights import read_weights

Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def resnet18() -> Tensors:
    torch.manual_seed(0)
    return timm.create_model("resnet18").state_dict()


def load(file: Path, name: str = "resnet18") -> EncoderIdentity:
    return backbones.load(BackboneRequest(name, weights=file)).identity


def refused(file: Path, name: str = "resnet18") -> ArtvecError:
    with pytest.raises(ArtvecError) as caught:
        load(file, name)
    assert str(file) in caught.value.message
    return caught.value


class _Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.write_text, (self.marker, "code was run")


@pytest.mark.parametrize("writer", ["torch", "old torch", "pickle"])
def test_code_in_a_weights_file_is_never_run(
    resnet18: Tensors, tmp_path: Path, writer: str
) -> None:
    marker, file = tmp_path / "marker", tmp_path / "trap.pth"
    content = {"state_dict": resnet18, "optimiser": _Trap(marker)}
    if writer == "pickle":
        file.write_bytes(pickle.dumps({"optimiser": _Trap(marker)}))
    else:
        torch.save(content, file, _use_new_zipfile_serialization=writer == "torch")
    error = refused(file)
    assert not marker.exists()
    assert "runs no code" in error.message
    assert "state dict" in error.hint
    with file.open("rb") as handle:  # the trap is live: torch itself would step into it
        torch.load(handle, weights_only=False) if writer != "pickle" else pickle.load(handle)
    assert marker.exists()


BROKEN = {
    "empty": b"",
    "html": b"<!DOCTYPE html><title>404</title>",
    "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 46830571\n",
    "noise": bytes(range(256)) * 20,
}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_called_broken(tmp_path: Path, what: str, suffix: str) -> None:
    """A download page or a pointer is no attempt to smuggle code in."""
    file = tmp_path / f"{what}{suffix}"
    file.write_bytes(BROKEN[what])
    assert "can't be read as weights" in refused(file).message


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_half_a_file_is_called_broken(resnet18: Tensors, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"half{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(resnet18, file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert "can't be read as weights" in refused(file).message


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, torch.zeros(3), [1, 2]])
def test_a_file_without_a_state_dict_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.pth")
    refused(tmp_path / "other.pth")


def test_another_architecture_is_refused_by_a_tensors_name(
    resnet18: Tensors, tmp_path: Path
) -> None:
    """A resnet34 has a third block in its first stage; its first tensor, sorted, is named."""
    save_file(timm.create_model("resnet34").state_dict(), tmp_path / "34.safetensors")
    error = refused(tmp_path / "34.safetensors")
    assert "layer1.2.bn1.bias" in error.message
    assert "-m" in error.hint
    save_file(resnet18, tmp_path / "18.safetensors")
    assert "lacks layer1.2.bn1.bias" in refused(tmp_path / "18.safetensors", "resnet34").message


def test_a_tensor_of_another_shape_is_named(resnet18: Tensors, tmp_path: Path) -> None:
    altered = resnet18 | {"conv1.weight": torch.zeros(64, 1, 7, 7)}
    save_file(altered, tmp_path / "grey.safetensors")
    assert "differs in conv1.weight" in refused(tmp_path / "grey.safetensors").message


@pytest.mark.parametrize("head", ["150 classes", "none"])
def test_another_head_is_no_obstacle(resnet18: Tensors, tmp_path: Path, head: str) -> None:
    """The head makes no part of the embedding, nor of the identity."""
    altered = {name: t for name, t in resnet18.items() if not name.startswith("fc.")}
    if head != "none":
        altered |= {"fc.weight": torch.ones(150, 512), "fc.bias": torch.ones(150)}
    save_file(resnet18, tmp_path / "own.safetensors")
    save_file(altered, tmp_path / "other.safetensors")
    assert load(tmp_path / "other.safetensors") == load(tmp_path / "own.safetensors")


def test_every_wrapping_and_format_gives_one_identity(resnet18: Tensors, tmp_path: Path) -> None:
    """The digest is of the tensors, not of the file around them."""
    prefixed = {f"module.{name}": tensor for name, tensor in resnet18.items()}
    wrapped: dict[str, object] = {
        "bare.pth": resnet18,
        "trainer.pth": {"state_dict": resnet18, "epoch": 7, "best": 0.5},
        "other.pt": {"model": resnet18},
        "parallel.pth": {"state_dict": prefixed},
    }
    save_file(resnet18, tmp_path / "plain.safetensors")
    expected = load(tmp_path / "plain.safetensors")
    for name, content in wrapped.items():
        torch.save(content, tmp_path / name)
        assert load(tmp_path / name) == expected, name


def test_a_prefix_is_taken_off_in_safetensors_too(resnet18: Tensors, tmp_path: Path) -> None:
    save_file({f"module.{name}": t for name, t in resnet18.items()}, tmp_path / "w.safetensors")
    assert read_weights(tmp_path / "w.safetensors").keys() == resnet18.keys()


def test_one_changed_weight_is_another_identity(resnet18: Tensors, tmp_path: Path) -> None:
    altered = {name: tensor.clone() for name, tensor in resnet18.items()}
    altered["layer4.1.conv2.weight"][0, 0, 0, 0] += 1e-4
    save_file(resnet18, tmp_path / "a.safetensors")
    save_file(altered, tmp_path / "b.safetensors")
    first, second = load(tmp_path / "a.safetensors"), load(tmp_path / "b.safetensors")
    assert first.weights_sha256 != second.weights_sha256
    assert first.dim == second.dim == 512
