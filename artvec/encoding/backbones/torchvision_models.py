"""Backbones of torchvision, as `torchvision:NAME`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torchvision import models

from artvec.core.errors import ArtvecError, mistyped
from artvec.core.finite import check_weights
from artvec.core.types import Backbone, BackboneRequest, EncoderIdentity, Preprocessing, Untrained
from artvec.encoding.backbones.packaged import no_download
from artvec.encoding.backbones.penultimate import Penultimate, width
from artvec.encoding.backbones.weights import digest, load_into, read_weights

PREFIX = "torchvision:"
_AUXILIARY = ("AuxLogits", "aux1", "aux2")
"""Further classifiers that Inception and GoogLeNet have in training."""


def load(request: BackboneRequest) -> Backbone:
    """Load a torchvision classifier with its default or given weights, cut before its last layer.

    Raises:
        ArtvecError: Unknown name, weights that can't be had or that don't fit, or a network that
            doesn't end in a linear layer.
    """
    name = request.name.removeprefix(PREFIX)
    choices = _weights_of(name)
    try:
        model = models.get_model(name, weights=None if request.weights else choices)
    except Exception as error:  # torch.hub passes on whatever the network raises
        raise no_download(request.name, error) from error
    head = _last_linear(model, request.name)
    unused = (head, *_AUXILIARY)
    if request.weights is not None:
        load_into(model, read_weights(request.weights), head=unused, file=request.weights)
    else:
        check_weights(model.state_dict(), f"the weights of {request.name}")
    weights_sha256 = digest(model, head=unused)
    model.set_submodule(head, torch.nn.Identity())
    for part in _AUXILIARY:
        if hasattr(model, part):
            setattr(model, part, None)
            model.aux_logits = False  # else training answers with a tuple
    module = Penultimate(model, _features).eval()
    preprocessing = _preprocessing(choices.transforms(), request)
    identity = EncoderIdentity(
        request.name, weights_sha256, preprocessing, "pre_logits", width(module, preprocessing)
    )
    return Backbone(identity, module)


def check_name(name: str) -> None:
    """Refuse a classifier that torchvision doesn't have.

    Raises:
        ArtvecError: There is no such backbone.
    """
    _weights_of(name.removeprefix(PREFIX))


def names() -> list[str]:
    """Return the names of torchvision's image classifiers."""
    return [PREFIX + name for name in models.list_models(module=models)]


def is_downloaded(name: str) -> bool:
    """Say whether a model's default weights are in torch.hub's cache."""
    url: str = _weights_of(name.removeprefix(PREFIX)).url
    return (Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]).is_file()


def untrained(request: BackboneRequest, classes: int | None) -> Untrained:
    """Return torchvision's model with random weights and, where asked for, a new linear head."""
    bare = request.name.removeprefix(PREFIX)
    choices = _weights_of(bare)
    model = models.get_model(bare, weights=None).eval()
    head = _last_linear(model, request.name)
    old = model.get_submodule(head)
    preprocessing = _preprocessing(choices.transforms(), request)
    if classes:
        model.set_submodule(head, torch.nn.Linear(old.in_features, classes))
    return Untrained(model, (head,), preprocessing, old.in_features)


def _weights_of(name: str) -> Any:
    known = models.list_models(module=models)
    if name not in known:
        message = f"torchvision has no classifier {name!r}"
        listing = "see what there is: artvec models 'torchvision:*'"
        near = mistyped(message, name, known, otherwise=listing)
        if near.meant is None:
            raise near
        right = PREFIX + near.meant[1]  # the prefix is no likeness
        hint = f"did you mean {right}?"
        raise ArtvecError(message, hint, usage=True, meant=(PREFIX + name, right))
    return models.get_model_weights(name).DEFAULT


def _features(model: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    features: torch.Tensor = model(images)
    return features


def _last_linear(model: torch.nn.Module, name: str) -> str:
    linear = [at for at, part in model.named_modules() if isinstance(part, torch.nn.Linear)]
    if not linear or not linear[-1].startswith(("fc", "classifier", "head")):
        raise ArtvecError(
            f"{name} doesn't end in a linear layer, so it has no penultimate features to read",
            "use another backbone, or timm's variant of this one",
            usage=True,
        )
    last: str = linear[-1]
    return last


def _preprocessing(transform: Any, request: BackboneRequest) -> Preprocessing:
    crop, resize = transform.crop_size[0], transform.resize_size[0]
    size = request.image_size_px or crop
    fit = request.fit or "crop"
    red, green, blue = (float(value) for value in transform.mean)
    spread_red, spread_green, spread_blue = (float(value) for value in transform.std)
    return Preprocessing(
        size_px=size,
        resize_px=size if fit != "crop" else math.floor(size * resize / crop),
        fit=fit,
        interpolation=transform.interpolation.value,
        mean=(red, green, blue),
        std=(spread_red, spread_green, spread_blue),
    )
