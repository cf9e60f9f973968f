"""Checks engines: precision, threads, the way back to torch, what happens without memory."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from artvec.core.errors import ArtvecError, OutOfMemory
from artvec.core.types import Backbone, EncoderIdentity, EncoderOptions, Preprocessing
from artvec.encoding import encoders
from artvec.encoding.encoders import openvino_engine
from artvec.encoding.encoders.openvino_engine import NotConvertible, OpenVinoEncoder
from artvec.encoding.encoders.torch_engine import TorchEncoder

OPENVINO = EncoderOptions(engine="openvino", device="cpu", precision="fp32")
TORCH = EncoderOptions(engine="torch", device="cpu", precision="fp32")
_CPU = Path("/proc/cpuinfo")
HAS_BF16 = _CPU.exists() and "_bf16" in _CPU.read_text()
HALF = (0.5, 0.5, 0.5)


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
import artvec.encoding.encoders.openvino_engine
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
