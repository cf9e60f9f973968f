"""The encoder that a collection asks for: the request that its manifest keeps from run to run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from artvec.collection import destination
from artvec.collection.manifest import Manifest
from artvec.core.types import BackboneRequest, EncoderIdentity
from artvec.encoding.backbones import is_run, packaged


def request_for(old: Manifest | None, asked: BackboneRequest) -> BackboneRequest:
    """Return the backbone to load: the one named, else the collection's own, else the default.

    Args:
        old: The collection, if it exists.
        asked: Its name is empty where no backbone was named.
    """
    if asked.name or old is None:
        name = asked.name or packaged.DEFAULT
        if is_run(name):
            name = str(Path(name).absolute())
        return replace(
            asked, name=name, weights=asked.weights.absolute() if asked.weights else None
        )
    stored = stored_request(old)
    return BackboneRequest(
        stored.name,
        asked.weights.absolute() if asked.weights else stored.weights,
        asked.image_size_px or stored.image_size_px,
        asked.fit or stored.fit,
    )


def stored_request(manifest: Manifest) -> BackboneRequest:
    """Return the request that a collection was made with."""
    fields = dict(manifest.request)
    weights = fields.get("weights")
    return BackboneRequest(
        fields["name"], Path(weights) if weights else None, fields["image_size_px"], fields["fit"]
    )


def new_manifest(
    folder: Path, source: Path, identity: EncoderIdentity, request: BackboneRequest, dtype: str
) -> Manifest:
    """Return the manifest of a collection that has no rows yet."""
    return Manifest(
        encoder=identity,
        dtype=dtype,
        source=destination.relative_source(folder, source),
        request={
            "name": request.name,
            "weights": str(request.weights) if request.weights else None,
            "image_size_px": request.image_size_px,
            "fit": request.fit,
        },
    )
