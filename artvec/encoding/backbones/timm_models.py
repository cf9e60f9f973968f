"""Backbones of the timm library, by any name that timm knows."""

from __future__ import annotations

import contextlib
import math
import sys
from pathlib import Path
from typing import Any

import timm
import torch
from huggingface_hub import try_to_load_from_cache
from timm.data import resolve_data_config

from artvec.core.choices import Fit
from artvec.core.errors import ArtvecError, mistyped
from artvec.core.finite import check_weights
from artvec.core.types import Backbone, BackboneRequest, EncoderIdentity, Preprocessing, Untrained
from artvec.encoding.backbones import colour, packaged
from artvec.encoding.backbones.packaged import no_download
from artvec.encoding.backbones.penultimate import Penultimate, width
from artvec.encoding.backbones.weights import Tensors, digest, in_order, load_into, read_weights

_FITS: dict[str, Fit] = {"center": "crop", "border": "pad", "squash": "squash"}
_GENTLE_SIZE_PX = 224
_LARGE_INPUT_PX = 448


def load(request: BackboneRequest) -> Backbone:
    """Load a timm backbone with pretrained, packaged or given weights.

    Raises:
        ArtvecError: Unknown name, weights that can't be had or that don't fit.
    """
    check_name(request.name)
    size_px, notes = _input_size(request)
    file = request.weights or packaged.weights_file(request.name)
    if file is None:
        _check_weights(request.name)
    model = _create(request, size_px)
    head = _head_names(model)
    if file is not None:
        weights = read_weights(file)
        if file != request.weights:
            weights = in_order(model, weights)
        _fill(model, weights, head, file)
    else:
        check_weights(model.state_dict(), f"the weights of {request.name}")
    module = _cut(model).eval()
    preprocessing = _preprocessing(model, request, size_px)
    identity = EncoderIdentity(
        backbone=request.name,
        weights_sha256=digest(model, head=head),
        preprocessing=preprocessing,
        layer="pre_logits",
        dim=width(module, preprocessing),
    )
    return Backbone(identity, module, notes)


def _fill(model: Any, weights: Tensors, head: tuple[str, ...], file: Path) -> None:
    """Load weights as they are, else as timm's own loader adapts them (other sizes and names)."""
    adapt = getattr(sys.modules[type(model).__module__], "checkpoint_filter_fn", None)
    try:
        load_into(model, weights, head=head, file=file)
    except ArtvecError:
        if adapt is None:
            raise
        load_into(model, adapt(dict(weights), model), head=head, file=file)


def _check_weights(name: str) -> None:
    if name.startswith(("hf-hub:", "hf_hub:")) or timm.is_model_pretrained(name):
        return
    tags = timm.list_pretrained(f"{name.partition('.')[0]}.*")
    known = f"there are: {', '.join(tags[:3])}; or " if tags else ""
    raise ArtvecError(
        f"timm has no pretrained weights called {name!r}",
        f"{known}give a local file: --weights FILE",
        usage=True,
    )


def _input_size(request: BackboneRequest) -> tuple[int | None, tuple[str, ...]]:
    """Choose a size where it isn't the weights' own: asked for, or DINO models made for 518 px."""
    if request.image_size_px is not None or request.name.startswith(("hf-hub:", "hf_hub:")):
        return request.image_size_px, ()
    config = timm.get_pretrained_cfg(request.name.partition(".")[0])
    own = config.input_size[1] if config else 0
    if "dino" not in request.name or own < _LARGE_INPUT_PX:
        return None, ()
    note = f"{request.name} runs at {_GENTLE_SIZE_PX} px instead of {own} (--image-size {own})"
    return _GENTLE_SIZE_PX, (note,)


def _create(request: BackboneRequest, size_px: int | None) -> Any:
    file = request.weights or packaged.weights_file(request.name)
    try:
        return _built(request.name, size_px, {"pretrained": file is None})
    except Exception as error:  # hub, network, cache and timm each raise their own kinds
        if file is not None or isinstance(error, (AssertionError, TypeError)):
            raise ArtvecError(
                f"timm can't make {request.name}: {error}", "see: artvec models", usage=True
            ) from error
        raise no_download(request.name, error) from error


def _built(name: str, size_px: int | None, options: dict[str, Any]) -> Any:
    if size_px:
        # convolutional networks take any size, and no argument that says so
        with contextlib.suppress(TypeError):
            return timm.create_model(name, img_size=size_px, **options)
    return timm.create_model(name, **options)


def _head_names(model: Any) -> tuple[str, ...]:
    classifier = model.pretrained_cfg.get("classifier") or ()
    return (classifier,) if isinstance(classifier, str) else tuple(classifier)


def _preprocessing(model: Any, request: BackboneRequest, size_px: int | None) -> Preprocessing:
    config = resolve_data_config({}, model=model)
    _, height, width_px = config["input_size"]
    if height != width_px:
        raise ArtvecError(
            f"{request.name} takes {width_px} × {height} pixels, and artvec feeds squares",
            "give a square size: --image-size N",
            usage=True,
        )
    size = size_px or height
    own = _FITS.get(config["crop_mode"], "crop")
    fit = request.fit or own
    whole = fit != own and fit != "crop"  # asked for so that nothing is lost
    return Preprocessing(
        size_px=size,
        resize_px=size if whole else math.floor(size / config["crop_pct"]),
        fit=fit,
        interpolation=config["interpolation"],
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
    )


def pretrained_names(pattern: str) -> list[str]:
    """Return timm's pretrained names that match a wildcard pattern."""
    names: list[str] = timm.list_models(pattern, pretrained=True)
    return names


def is_downloaded(name: str) -> bool:
    """Say whether a pretrained model's weights are in the hub's cache."""
    config = timm.get_pretrained_cfg(name)
    repository = config.hf_hub_id if config else None
    if not repository:
        return False
    repository = f"{repository}{name}" if repository.endswith("/") else repository
    return isinstance(try_to_load_from_cache(repository, "model.safetensors"), str)


def untrained(request: BackboneRequest, classes: int | None) -> Untrained:
    """Return timm's model with random weights and, where asked for, a new linear head."""
    name = request.name
    check_name(name)
    size_px, _ = _input_size(request)
    headed = {"num_classes": classes} if classes else {}
    try:
        model = _built(name, size_px, {"pretrained": False, **headed}).eval()
    except RuntimeError as error:  # an unknown tag behind a known name
        raise ArtvecError(
            str(error), "see what there is: artvec models 'NAME*'", usage=True
        ) from error
    preprocessing = _preprocessing(model, request, size_px)
    return Untrained(model, _head_names(model), preprocessing, width(_cut(model), preprocessing))


def check_name(name: str) -> None:
    """Refuse an architecture that timm doesn't know.

    Raises:
        ArtvecError: There is no such backbone.
    """
    architecture = name.partition(".")[0]
    if name.startswith(("hf-hub:", "hf_hub:")) or timm.is_model(architecture):
        return
    raise mistyped(
        f"there is no backbone {name!r}",
        architecture,
        [*timm.list_models(), colour.NAME, "simple_cnn"],
        otherwise="see what there is: artvec models",
    )


def _cut(model: Any) -> Penultimate:
    return Penultimate(model, _features, unused=_head_names(model))


def _features(model: Any, images: torch.Tensor) -> torch.Tensor:
    features: torch.Tensor = model.forward_head(model.forward_features(images), pre_logits=True)
    return features
