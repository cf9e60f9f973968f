"""Torch, for CUDA devices and for graphs that OpenVINO can't convert."""

from __future__ import annotations

import contextlib
import threading
from contextlib import AbstractContextManager

import torch

from artvec import runtime
from artvec.errors import OutOfMemory
from artvec.types import Backbone, Float32Array, UInt8Array

_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class TorchEncoder:
    """An eager module in channels_last, normalisation on the device, autocast below fp32."""

    engine = "torch"

    def __init__(self, backbone: Backbone, *, device: str, precision: str) -> None:
        assert backbone.module is not None
        if device == "cpu":
            runtime.keep_freed_memory()
        self.identity = backbone.identity
        self.device = device
        self.precision = precision
        self.streams = 1
        self.batch_size = 16 if device == "cpu" else 128
        self._module = backbone.module.eval().to(device).to(memory_format=torch.channels_last)
        preprocessing = backbone.identity.preprocessing
        self._mean = _per_channel(preprocessing.mean, device)
        self._std = _per_channel(preprocessing.std, device)
        self._lock = threading.Lock()

    def encode(self, pixels: UInt8Array) -> Float32Array:
        """Map (B, size, size, 3) uint8 to (B, dim) float32.

        Raises:
            OutOfMemory: The batch is too large for the device.
        """
        try:
            with self._lock, torch.inference_mode(), self._autocast():
                vectors = self._module(self._normalised(torch.from_numpy(pixels)))
                found: Float32Array = vectors.float().cpu().numpy()
                return found
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise OutOfMemory(str(error)) from error
        except RuntimeError as error:
            # "can't allocate memory", "not enough memory": the CPU allocator's own words
            if "memory" in str(error) and "alloc" in str(error).lower():
                raise OutOfMemory(str(error)) from error
            raise

    def _normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        if self.device != "cpu":
            pixels = pixels.pin_memory().to(self.device, non_blocking=True)
        images = pixels.permute(0, 3, 1, 2)  # (B, 3, H, W), still channels_last in memory
        return (images.float() - self._mean) / self._std

    def _autocast(self) -> AbstractContextManager[object]:
        if self.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.partition(":")[0], dtype=_DTYPES[self.precision])


def _per_channel(values: tuple[float, float, float], device: str) -> torch.Tensor:
    return torch.tensor([255 * value for value in values], device=device).reshape(1, 3, 1, 1)
