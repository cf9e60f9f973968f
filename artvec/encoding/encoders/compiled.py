"""Choose the engine for a machine, and keep compiled encoders for the next process."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from artvec.core import runtime
from artvec.core.errors import ArtvecError
from artvec.core.files import in_turn
from artvec.core.types import Backbone, Encoder, EncoderIdentity, EncoderOptions
from artvec.encoding.encoders.colour_grid import ColourGridEncoder
from artvec.encoding.identity import identity_json

CODE_VERSION = 2
"""Raise when the same backbone would be compiled to something else."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """An encoder, and notes about it for the user."""

    encoder: Encoder
    notes: tuple[str, ...] = ()


def cached(identity: EncoderIdentity, options: EncoderOptions) -> Encoder | None:
    """Return an encoder compiled by an earlier process; never imports torch on a CPU.

    None where there is none, or where the engine keeps none.

    Raises:
        ArtvecError: The options contradict each other or this machine.
    """
    options = resolve(options)
    if identity.layer == "pixels":
        return ColourGridEncoder(identity)
    if options.engine != "openvino":
        return None
    file = _blob_file(identity, options)
    if not file.is_file():
        return None
    from artvec.encoding.encoders import openvino_engine

    return openvino_engine.load_blob(file, identity, options.precision)


def compile_encoder(backbone: Backbone, options: EncoderOptions, *, keep: bool = True) -> Compiled:
    """Compile a backbone for this machine and keep the result for the next process.

    A graph that OpenVINO can't convert runs in torch instead, with a note that says so.

    Args:
        backbone: What to compile.
        options: Engine, device, precision.
        keep: False to leave the cache as it is.

    Raises:
        ArtvecError: The options contradict each other or this machine.
    """
    identity = backbone.identity
    asked, options = options, resolve(options)
    if backbone.module is None:
        return Compiled(ColourGridEncoder(identity))
    if options.engine == "torch":
        return Compiled(_torch_encoder(backbone, options))
    from artvec.encoding.encoders import openvino_engine

    try:
        return _compiled(backbone, options) if keep else _compiled_anew(backbone, options, None)
    except openvino_engine.NotConvertible as error:
        if asked.engine == "openvino":
            raise ArtvecError(
                f"OpenVINO can't convert {identity.backbone}: {error}", "use --engine torch"
            ) from error
        note = f"OpenVINO can't convert {identity.backbone}, so it runs in torch: {error}"
        return Compiled(_torch_encoder(backbone, replace(options, engine="torch")), (note,))


def _compiled(backbone: Backbone, options: EncoderOptions) -> Compiled:
    """Compile and keep; or wait for whoever is at it, and take what was kept."""
    file = _blob_file(backbone.identity, options)
    with in_turn(runtime.cache_folder() / "locks" / f"{file.stem}.lock") as waited:
        encoder = cached(backbone.identity, options) if waited else None
        return Compiled(encoder) if encoder else _compiled_anew(backbone, options, file)


def _compiled_anew(backbone: Backbone, options: EncoderOptions, file: Path | None) -> Compiled:
    """Compile, and keep the result in a file if one is given."""
    from artvec.encoding.encoders import openvino_engine

    blob = openvino_engine.compile_blob(backbone, options.precision)
    notes: tuple[str, ...] = ()
    if file is not None:
        try:
            openvino_engine.keep_blob(file, blob)
        except OSError as error:
            notes = (f"the compiled encoder can't be kept in {file.parent}: {error.strerror}",)
    encoder = openvino_engine.from_blob(blob, backbone.identity, options.precision)
    return Compiled(encoder, notes)


def resolve(options: EncoderOptions) -> EncoderOptions:
    """Replace every `auto` by what this machine has; several cards together are `cuda`.

    Raises:
        ArtvecError: A device that isn't there, or an engine that doesn't run on it.
    """
    device = _device(options.device)
    engine = options.engine
    if engine == "auto":
        engine = "openvino" if device == "cpu" else "torch"
    if engine == "openvino" and device != "cpu":
        raise ArtvecError(
            f"the openvino engine runs on the CPU, not on {device}",
            f"use --device cpu, or --engine torch --device {device}",
            usage=True,
        )
    precision = options.precision
    if precision == "auto":
        precision = "fp32" if device == "cpu" else "bf16"
    return EncoderOptions(engine, device, precision)


def _device(device: str) -> str:
    if device == "cpu" or (device == "auto" and not runtime.has_cuda_driver()):
        return "cpu"
    import torch

    available = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        if not available:
            return "cpu"
        device = "cuda"
    name, _, number = device.partition(":")
    if name != "cuda" or not re.fullmatch("[0-9]{0,3}", number):
        raise ArtvecError(f"unknown device {device!r}", "use auto, cpu, cuda or cuda:N", usage=True)
    if int(number or 0) >= available:
        raise ArtvecError(
            f"there is no {device} here ({available} CUDA devices are usable)",
            "use --device cpu",
            usage=True,
        )
    return "cuda" if not number and available > 1 else f"cuda:{int(number or 0)}"


def _torch_encoder(backbone: Backbone, options: EncoderOptions) -> Encoder:
    import torch

    from artvec.encoding.encoders.torch_engine import TorchEncoder

    devices = [options.device]
    if options.device == "cuda":
        devices = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return TorchEncoder(backbone, devices=devices, precision=options.precision)


def _blob_file(identity: EncoderIdentity, options: EncoderOptions) -> Path:
    from importlib.metadata import version

    facts = [
        CODE_VERSION,
        identity_json(identity),
        options.precision,
        version("openvino"),
        runtime.cpu_fingerprint(),
        runtime.cores(),
    ]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
    return runtime.cache_folder() / "encoders" / f"{key}.blob"
