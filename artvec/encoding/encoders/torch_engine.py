"""Torch, for CUDA devices and for graphs that OpenVINO can't convert."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from functools import cached_property
from queue import LifoQueue

import torch

from artvec.core import runtime
from artvec.core.errors import OutOfMemory
from artvec.core.types import Backbone, Float32Array, UInt8Array

_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
_BATCHES_ON_A_CARD = 2
"""One is copied, or its vectors are, while the other is computed."""
_BYTES_A_PIXEL = 512
"""Working memory of a forward pass: VGG's first layer reads and writes 64 channels in fp32."""
_LARGEST_BATCH = 256


class TorchEncoder:
    """An eager module in channels_last, normalisation on the device, autocast below fp32.

    Every device has its own copy of the module, and every batch at work a lane: a device and, on a
    card, a CUDA stream.
    """

    engine = "torch"

    def __init__(self, backbone: Backbone, *, devices: Sequence[str], precision: str) -> None:
        """Prepare the lanes; a card is touched when the first batch comes to it.

        Args:
            backbone: Its module is left as it is.
            devices: `cpu`, or one or more of `cuda:0`, `cuda:1`, …
            precision: `fp32`, `bf16` or `fp16`.
        """
        assert backbone.module is not None
        size_px = backbone.identity.preprocessing.size_px
        on_cpu = devices[0] == "cpu"
        if on_cpu:
            runtime.keep_freed_memory()
        self.identity = backbone.identity
        self.device = devices[0] if len(devices) == 1 else devices[0].partition(":")[0]
        self.precision = precision
        self.batch_size = 16 if on_cpu else batch_that_fits(_card_bytes(devices), size_px)
        lanes = _lanes([_Replica(backbone, device, precision) for device in devices])
        self.streams = len(lanes)
        # The lane used last comes first: whoever encodes one batch at a time wakes one card only.
        self._idle: LifoQueue[_Lane] = LifoQueue()
        for lane in reversed(lanes):
            self._idle.put(lane)

    def encode(self, pixels: UInt8Array) -> Float32Array:
        """Map (B, size, size, 3) uint8 to (B, dim) float32.

        Raises:
            OutOfMemory: The batch is too large for the device.
        """
        lane = self._idle.get()
        try:
            with torch.cuda.stream(lane.stream):
                lane.replica.load()
                with torch.inference_mode():
                    vectors: Float32Array = lane.replica.forward(pixels).float().cpu().numpy()
                    return vectors
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise OutOfMemory(str(error)) from error
        except RuntimeError as error:
            # "can't allocate memory", "not enough memory": the CPU allocator's own words
            if "memory" in str(error) and "alloc" in str(error).lower():
                raise OutOfMemory(str(error)) from error
            raise
        finally:
            self._idle.put(lane)


def batch_that_fits(memory_bytes: int, size_px: int) -> int:
    """Return the largest power of two whose batches fit a card together, 1 to 256.

    Args:
        memory_bytes: Of the card.
        size_px: Side of the square that the backbone sees.
    """
    fitting = memory_bytes // (_BATCHES_ON_A_CARD * _BYTES_A_PIXEL * size_px**2)
    return int(min(_LARGEST_BATCH, 1 << max(0, fitting.bit_length() - 1)))


class _Replica:
    """A copy of a backbone's module on one device.

    One thread at a time runs it, for modules may hold on to what they are doing. On a card that
    costs nothing: a forward pass is launched in a fraction of the time that it takes there.
    """

    def __init__(self, backbone: Backbone, device: str, precision: str) -> None:
        self.device = device
        self._backbone = backbone
        self._dtype = _DTYPES.get(precision)
        self._module: torch.nn.Module | None = None
        self._lock = threading.Lock()

    def load(self) -> None:
        """Bring the module to its device, the first time; outside of inference mode."""
        with self._lock:
            if self._module is not None:
                return
            preprocessing = self._backbone.identity.preprocessing
            self._mean = _per_channel(preprocessing.mean, self.device)
            self._std = _per_channel(preprocessing.std, self.device)
            own = copy.deepcopy(self._backbone.module)
            assert own is not None
            self._module = own.eval().to(memory_format=torch.channels_last).to(self.device)
            if self.device != "cpu":
                torch.cuda.synchronize(self.device)  # other streams don't wait for this one

    def forward(self, pixels: UInt8Array) -> torch.Tensor:
        """Map (B, size, size, 3) uint8 to (B, dim), which a card may still be computing."""
        batch = torch.from_numpy(pixels)
        if self.device != "cpu":
            batch = batch.pin_memory().to(self.device, non_blocking=True)
        images = batch.permute(0, 3, 1, 2).float()  # (B, 3, H, W), still channels_last in memory
        images.sub_(self._mean).div_(self._std)
        assert self._module is not None
        with self._lock, _autocast(self.device, self._dtype):
            vectors: torch.Tensor = self._module(images)
            return vectors


class _Lane:
    """Where one batch at a time is computed: a device and, on a card, a stream."""

    def __init__(self, replica: _Replica) -> None:
        self.replica = replica

    @cached_property
    def stream(self) -> torch.cuda.Stream | None:
        device = self.replica.device
        return None if device == "cpu" else torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def _lanes(replicas: Sequence[_Replica]) -> list[_Lane]:
    """Return two lanes a card, one a CPU; every device comes once before any comes again."""
    cards = [replica for replica in replicas if replica.device != "cpu"]
    return [_Lane(replica) for replica in (*replicas, *cards)]


def _autocast(device: str, dtype: torch.dtype | None) -> torch.autocast:
    return torch.autocast(torch.device(device).type, dtype=dtype, enabled=dtype is not None)


def _card_bytes(devices: Sequence[str]) -> int:
    """Return the memory of the smallest card."""
    return min(torch.cuda.get_device_properties(device).total_memory for device in devices)


def _per_channel(values: tuple[float, float, float], device: str) -> torch.Tensor:
    return torch.tensor([255 * value for value in values], device=device).reshape(1, 3, 1, 1)
