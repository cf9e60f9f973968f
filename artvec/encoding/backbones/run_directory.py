"""A trained run as a backbone: `run.json` names the architecture, `model.safetensors` fills it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from artvec.core.choices import Fit
from artvec.core.errors import ArtvecError
from artvec.core.types import Backbone, BackboneRequest, Preprocessing
from artvec.encoding.identity import preprocessing_from

MODEL, ANCHOR = "model.safetensors", "anchor.safetensors"


def load(request: BackboneRequest, load_base: Callable[[BackboneRequest], Backbone]) -> Backbone:
    """Load a run's backbone.

    `run.json` holds `backbone` with `name` (a timm or torchvision name, or `simple_cnn`),
    `image_size_px` (or null) and `preprocessing`, and `splits` with the content hashes (hex) of
    its training, validation and test images. `model.safetensors` holds the model's state dict;
    a head of any width is passed over. Where `backbone` has an `anchor`, `anchor.safetensors` holds
    the weights that the run began with, and the embedding is both (see `backbones.anchored`).

    Args:
        request: Names the run directory.
        load_base: Loads the architecture that the run names.

    Raises:
        ArtvecError: The directory is no complete run.
    """
    folder = Path(request.name)
    if request.weights is not None:
        raise ArtvecError(
            f"{folder} is a run and brings its own weights", "leave --weights out", usage=True
        )
    record = _read(folder)
    try:
        base = record["backbone"]
        fit = request.fit or base["preprocessing"]["fit"]
        size_px = request.image_size_px or base.get("image_size_px")
        loaded = load_base(BackboneRequest(base["name"], folder / MODEL, size_px, fit))
        if base.get("anchor"):
            from artvec.encoding.backbones.anchored import with_anchor

            start = load_base(BackboneRequest(base["name"], folder / ANCHOR, size_px, fit))
            loaded = with_anchor(loaded, start, base["anchor"])
        preprocessing = loaded.identity.preprocessing
        if request.image_size_px is None:
            preprocessing = _refitted(preprocessing_from(base["preprocessing"]), fit)
        splits = _splits(record.get("splits", {}))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _incomplete(folder, f"run.json: {type(error).__name__}: {error}") from error
    identity = replace(loaded.identity, preprocessing=preprocessing)
    return Backbone(identity, loaded.module, loaded.notes, splits)


def training_images(folder: Path) -> frozenset[bytes]:
    """Return the content hashes of the images that a run was trained on, whatever else they are.

    Raises:
        ArtvecError: The directory is no complete run.
    """
    try:
        return frozenset(map(bytes.fromhex, _read(folder).get("splits", {}).get("train", [])))
    except (TypeError, ValueError, AttributeError) as error:
        raise _incomplete(folder, f"run.json: {type(error).__name__}: {error}") from error


def has_head(folder: Path) -> bool:
    """Say whether a run's record names a head.

    Raises:
        ArtvecError: The directory is no complete run.
    """
    return "head" in _read(folder)


def head_takes_map(folder: Path) -> bool:
    """Say whether a run's head takes the unpooled feature map, which no collection holds.

    Raises:
        ArtvecError: The directory is no complete run.
    """
    head = _read(folder).get("head", {})
    return isinstance(head, dict) and str(head.get("layers")).partition("-")[0] == "flatten"


def _refitted(trained: Preprocessing, fit: Fit) -> Preprocessing:
    """Change only the fit; pad and squash, where asked for, lose nothing."""
    if fit == trained.fit:
        return trained
    whole = fit != "crop"
    return replace(trained, fit=fit, resize_px=trained.size_px if whole else trained.resize_px)


def _read(folder: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((folder / "run.json").read_bytes())
    except (OSError, ValueError) as error:
        raise _incomplete(folder, str(error)) from error
    if not (folder / MODEL).is_file():
        raise _incomplete(folder, f"it has no {MODEL}")
    return record


def _splits(given: dict[str, list[str]]) -> dict[bytes, str]:
    return {bytes.fromhex(digest): split for split, digests in given.items() for digest in digests}


def _incomplete(folder: Path, why: str) -> ArtvecError:
    return ArtvecError(
        f"{folder} is not a complete run: {why}",
        "give a directory that artvec train has written, or a backbone's name (artvec models)",
        usage=True,
    )
