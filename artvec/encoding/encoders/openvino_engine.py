"""OpenVINO on the CPU: one stream a core, normalisation fused into the graph, uint8 in."""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from artvec.core import runtime
from artvec.core.errors import ArtvecError, OutOfMemory, ran_out_of_memory
from artvec.core.files import write_whole
from artvec.core.finite import finite_rows
from artvec.core.openvino_api import convert, ov
from artvec.core.types import (
    Backbone,
    EncoderIdentity,
    Float32Array,
    Float64Array,
    Preprocessing,
    UInt8Array,
)

_DIGEST_BYTES = 32
_SAME_COSINE = {"fp32": 0.9999, "bf16": 0.9, "fp16": 0.99}
_HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}


class NotConvertible(Exception):
    """OpenVINO can't express a backbone's graph."""


class OpenVinoEncoder:
    """A compiled graph with one stream per core; vectors don't depend on the batch size."""

    engine = "openvino"
    device = "cpu"

    def __init__(self, compiled: Any, identity: EncoderIdentity, precision: str) -> None:
        self.identity = identity
        self.precision = precision
        self.streams = runtime.cores()
        self.batch_size = 16
        self._compiled = compiled
        self._requests = threading.local()

    def encode(self, pixels: UInt8Array) -> Float32Array:
        """Map (B, size, size, 3) uint8 to (B, dim) float32.

        Raises:
            OutOfMemory: The batch is too large for this machine.
        """
        request = getattr(self._requests, "mine", None)
        if request is None:
            request = self._requests.mine = self._compiled.create_infer_request()
        try:
            request.infer([pixels], share_inputs=True)
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, MemoryError) or "alloc" in str(error).lower():
                raise OutOfMemory(str(error)) from error
            raise
        vectors: Float32Array = np.array(request.get_output_tensor(0).data, dtype=np.float32)
        return vectors

    def property(self, name: str) -> str:
        """Return a property of the compiled graph as text, e.g. INFERENCE_PRECISION_HINT."""
        value = self._compiled.get_property(name)
        return str(value.get_type_name() if hasattr(value, "get_type_name") else value)


def compile_blob(backbone: Backbone, precision: str) -> bytes:
    """Convert and compile a backbone; return what `from_blob` loads without torch.

    Raises:
        NotConvertible: OpenVINO can't convert the graph, or converts it to something else.
    """
    model = _convert(backbone)
    compiled = ov.Core().compile_model(model, "CPU", _settings(precision))
    _check_same_vectors(backbone, OpenVinoEncoder(compiled, backbone.identity, precision))
    exported = io.BytesIO()
    compiled.export_model(exported)
    return exported.getvalue()


def from_blob(blob: bytes, identity: EncoderIdentity, precision: str) -> OpenVinoEncoder:
    """Load a compiled graph."""
    compiled = ov.Core().import_model(blob, "CPU", _settings(precision))
    return OpenVinoEncoder(compiled, identity, precision)


def keep_blob(file: Path, blob: bytes) -> None:
    """Keep a compiled graph behind its sha256: OpenVINO itself loads flipped weights silently.

    Raises:
        OSError: The file can't be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, hashlib.sha256(blob).digest() + blob)


def load_blob(file: Path, identity: EncoderIdentity, precision: str) -> OpenVinoEncoder | None:
    """Load a kept graph; None where it is damaged or can't be read: compiling replaces it."""
    try:
        with file.open("rb") as stream:
            digest, blob = stream.read(_DIGEST_BYTES), stream.read()
        if hashlib.sha256(blob).digest() != digest:
            raise RuntimeError("damaged")
        return from_blob(blob, identity, precision)
    except (OSError, RuntimeError):
        return None


def _settings(precision: str) -> dict[str, str | int]:
    # Without the hint OpenVINO computes in bf16 where the processor can, at cosines down to .988.
    if precision not in _HINTS:
        raise ArtvecError(f"unknown precision {precision!r}", "use fp32 or bf16", usage=True)
    cores = runtime.cores()
    return {
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "NUM_STREAMS": str(cores),
        "INFERENCE_NUM_THREADS": cores,
    }


def _convert(backbone: Backbone) -> ov.Model:
    import torch

    assert backbone.module is not None
    preprocessing = backbone.identity.preprocessing
    size = preprocessing.size_px
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            model = convert(backbone.module, torch.zeros(2, 3, size, size))
        model.reshape([-1, 3, size, size])
        return _with_uint8_input(model, preprocessing)
    except Exception as error:  # the converter raises many kinds
        if ran_out_of_memory(error):
            raise
        raise NotConvertible(" ".join(str(error).split())[:200]) from error


def _check_same_vectors(backbone: Backbone, encoder: OpenVinoEncoder) -> None:
    """Compare with the module on noise, black and white: tracing freezes data's branches.

    OpenVINO may turn NaN into finite numbers, so a module that gives NaN for one of these is left
    to torch; what overflows in low precision is left to the check of each picture's own vector.
    """
    preprocessing = backbone.identity.preprocessing
    side = preprocessing.size_px
    noise = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), dtype=np.uint8)
    probes = (noise, np.zeros_like(noise[:1]), np.full_like(noise[:1], 255))
    expected = [_by_module(backbone, pixels) for pixels in probes]
    if not any(map(_is_finite, expected)):
        raise _never_finite(backbone.identity, "fp32")
    if not all(map(_is_finite, expected)):
        raise NotConvertible("its module gives numbers that are not finite for some pictures")
    found = [encoder.encode(pixels).flatten().astype(np.float64) for pixels in probes]
    if encoder.precision != "fp32":
        if not any(map(_is_finite, found)):
            raise _never_finite(backbone.identity, encoder.precision)
        pairs = [pair for pair in zip(expected, found, strict=True) if _is_finite(pair[1])]
    else:
        pairs = list(zip(expected, found, strict=True))
    for right, made in pairs:
        lengths = np.linalg.norm(right) * np.linalg.norm(made)
        # Not by "less than", which is false for NaN.
        if not right @ made >= _SAME_COSINE[encoder.precision] * lengths:
            raise NotConvertible("its converted graph gives other vectors than the module")


def _by_module(backbone: Backbone, pixels: UInt8Array) -> Float64Array:
    """Return what the module gives for (B, side, side, 3) uint8, as (B * dim,) float64."""
    import torch

    assert backbone.module is not None
    preprocessing = backbone.identity.preprocessing
    mean, std = torch.tensor(preprocessing.mean), torch.tensor(preprocessing.std)
    images = ((torch.from_numpy(pixels) / 255 - mean) / std).permute(0, 3, 1, 2)
    with torch.inference_mode():
        vectors: Float64Array = backbone.module(images).flatten().numpy().astype(np.float64)
    return vectors


def _is_finite(vector: Float64Array) -> bool:
    return bool(finite_rows(vector[None])[0])


def _never_finite(identity: EncoderIdentity, precision: str) -> ArtvecError:
    if precision != "fp32":
        return ArtvecError(
            f"{identity.backbone} gives no finite vectors in {precision}: its numbers overflow",
            "use --precision fp32",
        )
    return ArtvecError(
        f"{identity.backbone} gives no finite vectors, whatever the picture",
        "give other weights: these are of a training that diverged, or damaged",
    )


def _with_uint8_input(model: ov.Model, preprocessing: Preprocessing) -> ov.Model:
    processor = ov.preprocess.PrePostProcessor(model)
    pixels = processor.input()
    pixels.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    pixels.model().set_layout(ov.Layout("NCHW"))
    pixels.preprocess().convert_element_type(ov.Type.f32).mean(
        [255 * value for value in preprocessing.mean]
    ).scale([255 * value for value in preprocessing.std])
    return processor.build()
