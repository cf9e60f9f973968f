"""Checks engines: precision, devices, the way back to torch, what happens without memory."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from artvec import backbones, encoders, runtime
from artvec.encoders import compiled, openvino_engine
from artvec.encoders.openvino_engine import NotConvertible, OpenVinoEncoder
from artvec.encoders.torch_engine import TorchEncoder, batch_that_fits
from artvec.errors import ArtvecError, OutOfMemory
from artvec.types import Backbone, BackboneRequest, EncoderIdentity, EncoderOptions, Preprocessing

OPENVINO = EncoderOptions(engine="openvino", device="cpu", precision="fp32")
TORCH = EncoderOptions(engine="torch", device="cpu", precision="fp32")
_CPU = Path("/proc/cpuinfo")
HAS_BF16 = _CPU.exists() and "_bf16" in _CPU.read_text()
HALF = (0.5, 0.5, 0.5)


@pytest.fixture(scope="module")
def cnn() -> Backbone:
    """The small CNN, which compiles in a moment."""
    return backbones.load(BackboneRequest("simple_cnn"))


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)


def golden(backbone: Backbone, pixels: np.ndarray) -> np.ndarray:
    """Return (B, dim): (value / 255 - .5) / .5 by hand, then the eager module."""
    images = torch.from_numpy((pixels / 255 - 0.5) / 0.5).permute(0, 3, 1, 2).float()
    assert backbone.module is not None
    with torch.inference_mode():
        return backbone.module(images).numpy()


def unable(backbone: Backbone, precision: str) -> bytes:
    raise NotConvertible("no such operation: aten::fancy")


def refused(options: EncoderOptions) -> ArtvecError:
    with pytest.raises(ArtvecError) as caught:
        compiled.resolve(options)
    assert caught.value.usage
    return caught.value


def test_both_engines_compute_the_module(cnn: Backbone, pixels: np.ndarray) -> None:
    """One backbone serves both, one after the other, in either order."""
    for options in (TORCH, OPENVINO, TORCH):
        encoder = encoders.compile_encoder(cnn, options).encoder
        vectors = encoder.encode(pixels)
        assert (encoder.engine, encoder.device, encoder.precision) == (
            options.engine,
            "cpu",
            "fp32",
        )
        assert vectors.dtype == np.float32
        assert np.allclose(vectors, golden(cnn, pixels), atol=1e-4)


def test_vectors_outlive_the_next_batch(cnn: Backbone, pixels: np.ndarray) -> None:
    """An engine that hands out its own output buffer would overwrite the first batch here."""
    for options in (TORCH, OPENVINO):
        encoder = encoders.compile_encoder(cnn, options).encoder
        first = encoder.encode(pixels)
        kept = first.copy()
        encoder.encode(255 - pixels)
        assert np.array_equal(first, kept)


@pytest.mark.parametrize("options", [TORCH, OPENVINO])
def test_several_threads_may_encode_at_once(cnn: Backbone, options: EncoderOptions) -> None:
    """Forty batches in four threads: each gets its own vectors, not a neighbour's."""
    encoder = encoders.compile_encoder(cnn, options).encoder
    rng = np.random.default_rng(0)
    batches = list(rng.integers(0, 256, (40, 3, 32, 32, 3), dtype=np.uint8))
    alone = [encoder.encode(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(encoder.encode, batches))
    assert np.allclose(together, alone, atol=1e-6)


def test_first_inferences_in_two_threads_never_wait_for_each_other() -> None:
    """Types are asked for by eight threads at once, as inferences do, in processes of their own.

    Without the module's own first question 26 of 30 such processes stood still.
    """
    script = """
import os, sys, threading
import numpy, openvino
import artvec.encoders.openvino_engine
sys.setswitchinterval(1e-6)
ready = threading.Barrier(8)
def ask():
    ready.wait()
    openvino.Type.f32.to_dtype()
    openvino.Tensor(numpy.zeros((2, 2), numpy.uint8), shared_memory=True)
threads = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(10)
os._exit(any(thread.is_alive() for thread in threads))
"""
    for _ in range(3):
        subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


def test_full_precision_is_asked_for_in_words(cnn: Backbone) -> None:
    """OpenVINO's own default is bf16 where the processor can."""
    encoder = encoders.compile_encoder(cnn, OPENVINO).encoder
    assert isinstance(encoder, OpenVinoEncoder)
    assert encoder.property("INFERENCE_PRECISION_HINT") == "f32"


@pytest.mark.skipif(not HAS_BF16, reason="needs a processor that computes in bf16")
def test_bf16_only_when_asked_for(cnn: Backbone, pixels: np.ndarray) -> None:
    options = EncoderOptions(engine="openvino", device="cpu", precision="bf16")
    encoder = encoders.compile_encoder(cnn, options).encoder
    assert isinstance(encoder, OpenVinoEncoder)
    assert encoder.property("INFERENCE_PRECISION_HINT") == "bf16"
    found, exact = encoder.encode(pixels), golden(cnn, pixels)
    assert not np.allclose(found, exact, atol=1e-6)
    assert np.allclose(found, exact, atol=0.05 * np.abs(exact).max())


def test_torch_computes_in_bf16_when_asked_for(cnn: Backbone, pixels: np.ndarray) -> None:
    options = EncoderOptions(engine="torch", device="cpu", precision="bf16")
    found = encoders.compile_encoder(cnn, options).encoder.encode(pixels)
    exact = golden(cnn, pixels)
    assert found.dtype == np.float32
    assert not np.allclose(found, exact, atol=1e-6)
    assert np.allclose(found, exact, atol=0.05 * np.abs(exact).max())


def test_a_graph_openvino_cannot_convert_runs_in_torch(
    cnn: Backbone, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino_engine, "compile_blob", unable)
    done = encoders.compile_encoder(cnn, EncoderOptions(device="cpu"))
    assert done.encoder.engine == "torch"
    assert "aten::fancy" in done.notes[0]
    assert np.allclose(done.encoder.encode(pixels), golden(cnn, pixels), atol=1e-4)


def test_openvino_asked_for_by_name_is_not_replaced(
    cnn: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino_engine, "compile_blob", unable)
    with pytest.raises(ArtvecError, match="aten::fancy") as caught:
        encoders.compile_encoder(cnn, OPENVINO)
    assert "--engine torch" in caught.value.hint


class _Bessel(torch.nn.Module):
    """(B, 3, H, W) to (B, 3): a function that OpenVINO doesn't have, of the channel means."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.special.bessel_j0(images.mean(dim=(2, 3)))


class _Branching(torch.nn.Module):
    """(B, 3, H, W) to (B, 3): channel means, negated for bright batches."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        means = images.mean(dim=(2, 3))
        return -means if means.sum() > 0 else means


def means_of(module: torch.nn.Module) -> Backbone:
    shape = Preprocessing(2, 2, "squash", "box", HALF, HALF)
    return Backbone(EncoderIdentity(type(module).__name__, "0", shape, "top", 3), module)


def test_a_graph_that_really_cannot_be_converted() -> None:
    """White is 1 once normalised, black is -1, and J0(1) = J0(-1) = 0.7651977."""
    done = encoders.compile_encoder(means_of(_Bessel()), EncoderOptions(device="cpu"))
    pixels = np.array([0, 255], dtype=np.uint8).repeat(12).reshape(2, 2, 2, 3)
    assert done.encoder.engine == "torch"
    assert "_Bessel" in done.notes[0]
    assert np.allclose(done.encoder.encode(pixels), 0.7651977, atol=1e-6)


def test_a_graph_that_converts_to_something_else_is_not_used() -> None:
    """Tracing keeps one branch only; white must still give -1 and black -1."""
    encoder = encoders.compile_encoder(means_of(_Branching()), EncoderOptions(device="cpu")).encoder
    for value in (0, 255):
        pixels = np.full((1, 2, 2, 3), value, dtype=np.uint8)
        assert np.allclose(encoder.encode(pixels), -1)


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


class _Exhausted(torch.nn.Module):
    """Fails as torch does when the device, or the machine, has no memory left."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        raise self.error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), OutOfMemory),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried …"), OutOfMemory),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …"), OutOfMemory),
        (RuntimeError("shapes cannot be multiplied"), RuntimeError),
    ],
)
def test_only_missing_memory_is_out_of_memory(
    cnn: Backbone, pixels: np.ndarray, error: Exception, expected: type[Exception]
) -> None:
    """The first CPU wording is torch's on Windows, the second its wording on Linux."""
    backbone = Backbone(cnn.identity, _Exhausted(error))
    with pytest.raises(expected):
        TorchEncoder(backbone, devices=["cpu"], precision="fp32").encode(pixels)
