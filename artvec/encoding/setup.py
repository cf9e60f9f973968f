"""From a request to an encoder, by the shortest way: a kept one if there is one."""

from __future__ import annotations

from dataclasses import dataclass, field

from artvec.core.errors import ArtvecError
from artvec.core.types import BackboneRequest, Encoder, EncoderIdentity, EncoderOptions
from artvec.encoding import backbones, encoders

_COMPILED_ONCE = "loading and compiling the backbone is part of it, and is done once on a machine"


@dataclass(frozen=True)
class ReadyEncoder:
    """An encoder, notes for the user, and the splits its training fixed."""

    encoder: Encoder
    notes: tuple[str, ...] = ()
    splits: dict[bytes, str] = field(default_factory=dict)


def ready_encoder(request: BackboneRequest, options: EncoderOptions) -> ReadyEncoder:
    """Return an encoder for a request; torch is imported only where nothing kept serves.

    Raises:
        ArtvecError: See `backbones.load` and `encoders.compile_encoder`.
    """
    cached = _cached_encoder(request, options)
    if cached is not None:
        return cached
    backbone = backbones.load(request)
    compiled = encoders.compile_encoder(backbone, options)
    return ReadyEncoder(compiled.encoder, (*backbone.notes, *compiled.notes), backbone.splits)


def rehearsed_encoder(request: BackboneRequest, options: EncoderOptions) -> ReadyEncoder:
    """Return an encoder that costs what `ready_encoder`'s does; nothing is downloaded or kept.

    Raises:
        ArtvecError: See `backbones.stand_in` and `encoders.compile_encoder`.
    """
    cached = _cached_encoder(request, options)
    if cached is not None:
        return cached
    backbone = backbones.stand_in(request)
    compiled = encoders.compile_encoder(backbone, options, keep=False)
    once = (_COMPILED_ONCE,) if compiled.encoder.engine == "openvino" else ()
    notes = (*backbone.notes, *compiled.notes, *once)
    return ReadyEncoder(compiled.encoder, notes, backbone.splits)


def encoder_for(
    identity: EncoderIdentity, request: BackboneRequest, options: EncoderOptions
) -> ReadyEncoder:
    """Return the encoder of an existing collection.

    Args:
        identity: What the collection's vectors were made with.
        request: How the backbone was asked for then.
        options: How to run it now.

    Raises:
        ArtvecError: The request yields another encoder today (weights replaced, say).
    """
    encoder = encoders.cached(identity, options)
    if encoder is not None:
        return ReadyEncoder(encoder)
    ready = ready_encoder(request, options)
    if ready.encoder.identity != identity:
        raise ArtvecError(
            f"the collection was made with {describe(identity)}, "
            f"but that name now yields {describe(ready.encoder.identity)}",
            "bring the old weights back, or embed the source again with --overwrite",
        )
    return ready


def _cached_encoder(request: BackboneRequest, options: EncoderOptions) -> ReadyEncoder | None:
    known = backbones.known(request)
    if known is None or backbones.is_run(request.name):
        return None
    encoder = encoders.cached(known.identity, options)
    return None if encoder is None else ReadyEncoder(encoder, known.notes)


def describe(identity: EncoderIdentity) -> str:
    """Name an encoder so that two different ones never read the same."""
    preprocessing = identity.preprocessing
    weights = f"weights {identity.weights_sha256[:12]}" if identity.weights_sha256 else "no weights"
    return (
        f"{identity.backbone} ({weights}, {preprocessing.size_px} px, {preprocessing.fit}, "
        f"dim {identity.dim})"
    )
