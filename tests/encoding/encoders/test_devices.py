"""Checks where encoders run: devices by name, several cards at work, batches that fit them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from artvec.core import runtime
from artvec.core.errors import ArtvecError, OutOfMemory
from artvec.core.types import (
    Backbone,
    BackboneRequest,
    EncoderIdentity,
    EncoderOptions,
    Preprocessing,
)
from artvec.encoding import backbones, encoders
from artvec.encoding.encoders import compiled
from artvec.encoding.encoders.torch_engine import TorchEncoder, batch_that_fits

OPENVINO = EncoderOptions(engine="openvino", device="cpu", precision="fp32")
TORCH = EncoderOptions(engine="torch", device="cpu", precision="fp32")
HALF = (0.5, 0.5, 0.5)


def means_of(module: torch.nn.Module) -> Backbone:
    shape = Preprocessing(2, 2, "squash", "box", HALF, HALF)
    return Backbone(EncoderIdentity(type(module).__name__, "0", shape, "top", 3), module)


def refused(options: EncoderOptions) -> ArtvecError:
    with pytest.raises(ArtvecError) as caught:
        compiled.resolve(options)
    assert caught.value.usage
    return caught.value


@pytest.mark.parametrize("device", ["cuda:0", "cuda"])
def test_an_absent_device_is_a_usage_error(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    error = refused(EncoderOptions(device=device))
    assert device in error.message
    assert "--device cpu" in error.hint


def test_one_device_beyond_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert compiled.resolve(EncoderOptions(device="cuda:1")).device == "cuda:1"
    assert "2 CUDA devices" in refused(EncoderOptions(device="cuda:2")).message


@pytest.mark.parametrize("device", ["gpu", "tpu:0", "cuda:first", "cuda:-1", "CPU", ""])
def test_an_unknown_device_is_a_usage_error(device: str) -> None:
    assert "cuda:N" in refused(EncoderOptions(device=device)).hint


def test_several_cards_work_together_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "has_cuda_driver", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for asked, device in (("auto", "cuda"), ("cuda", "cuda"), ("cuda:0", "cuda:0")):
        assert compiled.resolve(EncoderOptions(device=asked)).device == device


def test_a_card_works_on_two_batches_at_once(
    cnn: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two cards, four batches; none of the cards is touched before the first one comes."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=24 << 30)
    )
    encoder = encoders.compile_encoder(cnn, EncoderOptions("torch", "cuda")).encoder
    assert (encoder.device, encoder.precision) == ("cuda", "bf16")
    assert (encoder.streams, encoder.batch_size) == (4, 256)


@pytest.mark.parametrize(
    ("memory_gib", "size_px", "batch"),
    [
        (24, 224, 256),  # 24 · 2³⁰ / (2 · 512 · 224²) = 501, but more than 256 gain nothing
        (8, 224, 128),  # 167
        (8, 518, 16),  # 31.3
        (24, 518, 64),  # 93.8
        (1, 2048, 1),  # 0.25
    ],
)
def test_the_batch_fits_the_card(memory_gib: int, size_px: int, batch: int) -> None:
    assert batch_that_fits(memory_gib << 30, size_px) == batch


MEETING = threading.Barrier(2, timeout=30)
RAN: list[int] = []


class _Meeting(torch.nn.Module):
    """Channel means, given once two batches are here at the same time."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        MEETING.wait()
        return images.mean(dim=(2, 3))


class _Noted(torch.nn.Module):
    """Channel means; notes which copy of the module gave them."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        RAN.append(id(self))
        return images.mean(dim=(2, 3))


def greys(*values: int) -> np.ndarray:
    """Return (B, 2, 2, 3): pictures of one grey each."""
    return np.array(values, dtype=np.uint8).repeat(12).reshape(-1, 2, 2, 3)


def test_two_devices_work_at_the_same_time() -> None:
    """Black is -1 once normalised, white is 1."""
    encoder = TorchEncoder(means_of(_Meeting()), devices=["cpu", "cpu"], precision="fp32")
    assert encoder.streams == 2
    with ThreadPoolExecutor(encoder.streams) as pool:
        black, white = pool.map(encoder.encode, [greys(0, 0), greys(255)])
    assert black.tolist() == [[-1] * 3] * 2
    assert white.tolist() == [[1] * 3]


def test_who_encodes_one_batch_at_a_time_wakes_one_device() -> None:
    RAN.clear()
    encoder = TorchEncoder(means_of(_Noted()), devices=["cpu", "cpu"], precision="fp32")
    for _ in range(3):
        encoder.encode(greys(0))
    assert len(RAN) == 3
    assert len(set(RAN)) == 1


def test_a_device_that_ran_out_of_memory_works_on() -> None:
    """Two of a kind fit, three don't."""

    class Small(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            if len(images) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return images.mean(dim=(2, 3))

    encoder = TorchEncoder(means_of(Small()), devices=["cpu"], precision="fp32")
    with pytest.raises(OutOfMemory):
        encoder.encode(greys(0, 0, 0))
    assert encoder.encode(greys(255, 0)).tolist() == [[1] * 3, [-1] * 3]


def test_the_given_module_stays_as_it_is() -> None:
    """It can be trained on: still in training mode, with weights that gradients reach."""
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 3, 2), torch.nn.Flatten())
    encoder = TorchEncoder(means_of(module), devices=["cpu"], precision="fp32")
    encoder.encode(greys(0))
    assert module.training
    module(torch.ones(1, 3, 2, 2)).sum().backward()
    assert module[0].weight.grad is not None


def test_openvino_on_cuda_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    error = refused(EncoderOptions(engine="openvino", device="cuda:0"))
    assert "--engine torch" in error.hint


def test_auto_without_a_driver_is_openvino_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "has_cuda_driver", lambda: False)
    assert compiled.resolve(EncoderOptions()) == OPENVINO


def test_auto_with_a_driver_but_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "has_cuda_driver", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert compiled.resolve(EncoderOptions()) == OPENVINO


def test_auto_on_a_cuda_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch in bf16 on the first device, unless another engine or precision is asked for."""
    monkeypatch.setattr(runtime, "has_cuda_driver", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert compiled.resolve(EncoderOptions()) == EncoderOptions("torch", "cuda:0", "bf16")
    exact = compiled.resolve(EncoderOptions(precision="fp32"))
    assert exact == EncoderOptions("torch", "cuda:0", "fp32")
    assert compiled.resolve(EncoderOptions(device="cpu")) == OPENVINO


@pytest.mark.skipif(
    not torch.cuda.is_available(),
    reason="needs a CUDA device: compares CUDA with CPU vectors",
)
@pytest.mark.parametrize(
    ("precision", "least"), [("fp32", 0.9999), ("fp16", 0.9999), ("bf16", 0.998)]
)
def test_cuda_vectors_are_those_of_the_cpu(precision: str, least: float) -> None:
    """Natural weights, uniform noise as pictures; fp32 may use TF32, hence four nines.

    On a CPU, autocast gives .99999 in fp16 and .99897 in bf16.
    """
    backbone = backbones.load(BackboneRequest("tf_efficientnet_lite0"))
    pixels = np.random.default_rng(0).integers(0, 256, (5, 224, 224, 3), dtype=np.uint8)
    cpu = encoders.compile_encoder(backbone, OPENVINO).encoder.encode(pixels)
    options = EncoderOptions("torch", "cuda:0", precision)  # type: ignore[arg-type]
    cuda = encoders.compile_encoder(backbone, options).encoder.encode(pixels)
    norms = np.linalg.norm(cpu, axis=1) * np.linalg.norm(cuda, axis=1)
    assert ((cpu * cuda).sum(axis=1) / norms).min() >= least
