"""From a request to an encoder, by the shortest way: a kept one if there is one."""

from __future__ import annotations

from dataclasses import dataclass, field

from artvec import backbones, encoders
from artvec.errors import ArtvecError
from artvec.types import BackboneRequest, Encoder, EncoderIdentity, EncoderOptions


@dataclass(frozen=True)
class ReadyEncoder:
    """An encoder, what a user should be told, and the splits its training fixed."""

    encoder: Encoder
    notes: tuple[str, ...] = ()
    splits: dict[bytes, str] = field(default_factory=dict)


def ready_encoder(request: BackboneRequest, options: EncoderOptions) -> ReadyEncoder:
    """Return an encoder for a request; torch is imported only where nothing kept serves.

    Raises:
        ArtvecError: See `backbones.load` and `encoders.compile_encoder`.
    """
    known = backbones.known(request)
    if known is not None and not backbones.is_run(request.name):
        encoder = encoders.cached(known.identity, options)
        if encoder is not None:
            return ReadyEncoder(encoder, known.notes)
    backbone = backbones.load(request)
    compiled = encoders.compile_encoder(backbone, options)
    return ReadyEncoder(compiled.encoder, (*backbone.notes, *compiled.notes), backbone.splits)


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


def describe(identity: EncoderIdentity) -> str:
    """Name an encoder so that two different ones never read the same."""
    preprocessing = identity.preprocessing
    weights = f"weights {identity.weights_sha256[:12]}" if identity.weights_sha256 else "no weights"
    return (
        f"{identity.backbone} ({weights}, {preprocessing.size_px} px, {preprocessing.fit}, "
        f"dim {identity.dim})"
    )
