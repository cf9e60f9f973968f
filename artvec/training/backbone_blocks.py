"""A backbone as blocks from the input on, and which of them a phase trains; no optimiser here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from timm.models import group_parameters
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from artvec.core.errors import ArtvecError
from artvec.training.classifier import Classifier
from artvec.training.phase import BatchNorm, Phase

_STAGE_LENGTH = 3
"""From so many parts of one kind on, a list of them inside a module is a stage, not branches."""


@dataclass(frozen=True)
class Block:
    """Consecutive layers that are trained or frozen together.

    Attributes:
        name: Of its first layer, or what the names of its layers begin with.
        depth: Steps below the head, whose depth is 0; the exponent of layer-wise decay.
        parameters: By name, in the order of the network.
    """

    name: str
    depth: int
    parameters: dict[str, nn.Parameter]


def blocks(backbone: nn.Module) -> tuple[Block, ...]:
    """Divide a backbone: as timm does where the network says how, else by its containers.

    Parameters that the embedding doesn't depend on (the classifier that the weights came with)
    are in no block.

    Returns:
        From the input to the head; nothing for a network without parameters.
    """
    network = getattr(backbone, "model", backbone)
    unused: tuple[str, ...] = getattr(backbone, "unused", ())
    parameters = dict(network.named_parameters())
    groups = _timm_groups(network) if hasattr(network, "group_matcher") else _groups(network)
    used_names = [[name for name in names if not _inside(name, unused)] for _, names in groups]
    has_classifier = used_names != [names for _, names in groups]
    top = len(groups) - has_classifier
    return tuple(
        Block(name, top - level, {inner: parameters[inner] for inner in names})
        for level, ((name, _), names) in enumerate(zip(groups, used_names, strict=True))
        if names
    )


def opened(found: tuple[Block, ...], trainable: str) -> dict[str, nn.Parameter]:
    """Return what a phase trains of a backbone, by name, in the order of the network.

    Args:
        found: Its blocks.
        trainable: `head` (nothing here), `all`, `last:N` blocks (all where there are fewer), or
            `from:NAME` of a block or of a layer inside one.

    Raises:
        ArtvecError: It is none of these, or there is no such block.
    """
    kind, _, value = trainable.partition(":")
    if trainable == "head":
        return {}
    if trainable == "all":
        return _parameters(found)
    if kind == "last" and value.isdecimal() and int(value):
        return _parameters(found[-int(value) :])
    if kind == "from" and value:
        return _from(found, value)
    raise ArtvecError(
        f"{trainable!r} names no part of a backbone of {len(found)} blocks",
        f"give head, all, last:1 to last:{len(found)}, or from:NAME",
        usage=True,
    )


def opened_at(found: tuple[Block, ...], phase: Phase, epoch: int) -> dict[str, nn.Parameter]:
    """Return what is trained in an epoch (from 1) of a phase that unfreezes gradually.

    Source: Howard and Ruder, "Universal Language Model Fine-tuning", 2018.
    """
    wanted = opened(found, phase.trainable)
    if not phase.unfreeze_every:
        return wanted
    reached = _parameters(found[-(1 + (epoch - 1) // phase.unfreeze_every) :])
    return {name: parameter for name, parameter in wanted.items() if name in reached}


def open_only(model: Classifier, parameters: dict[str, nn.Parameter]) -> None:
    """Let gradients flow to these parameters of the backbone and to the heads, nowhere else."""
    model.backbone.requires_grad_(False)
    model.heads.requires_grad_(True)
    for parameter in parameters.values():
        parameter.requires_grad_(True)


def train_mode(model: Classifier, batch_norm: BatchNorm) -> None:
    """Put what is open into training mode, and the rest of the backbone into inference mode.

    Batch-norm layers of the backbone stay in inference mode where their statistics are frozen:
    small batches of new pictures would replace what a million pictures had taught.
    """
    model.train()
    for module in model.backbone.modules():
        parameters = list(module.parameters())
        closed = parameters and not any(p.requires_grad for p in parameters)
        if closed or (batch_norm == "frozen" and isinstance(module, _BatchNorm)):
            module.eval()


def trainable_parameters(model: Classifier, trainable: str) -> int:
    """Count the parameters that a phase trains, heads included.

    Raises:
        ArtvecError: See `opened`.
    """
    parts = [*opened(blocks(model.backbone), trainable).values(), *model.heads.parameters()]
    return sum(parameter.numel() for parameter in parts)


def _from(found: tuple[Block, ...], name: str) -> dict[str, nn.Parameter]:
    everything = _parameters(found)
    names = list(everything)
    first = next((at for at, known in enumerate(names) if _inside(known, (name,))), None)
    if first is None:
        raise ArtvecError(
            f"the backbone has no block or layer {name!r}",
            f"its blocks: {', '.join(block.name for block in found)}",
            usage=True,
        )
    return {known: everything[known] for known in names[first:]}


def _parameters(found: tuple[Block, ...]) -> dict[str, nn.Parameter]:
    return {name: parameter for block in found for name, parameter in block.parameters.items()}


def _timm_groups(network: nn.Module) -> list[tuple[str, list[str]]]:
    matcher = network.group_matcher(coarse=False)  # type: ignore[operator]
    groups: dict[int, list[str]] = group_parameters(network, matcher)
    return [(_common_name(names), names) for names in groups.values()]


def _groups(network: nn.Module) -> list[tuple[str, list[str]]]:
    """Divide a network by its containers; norms go with the layer before, tokens with the first."""
    groups: list[tuple[str, list[str]]] = []
    for path, module in _parts(network, ""):
        names = [f"{path}.{name}" for name, _ in module.named_parameters()]
        if groups and all(parameter.ndim <= 1 for parameter in module.parameters()):
            groups[-1][1].extend(names)
        else:
            groups.append((path, names))
    placed = {name for _, names in groups for name in names}
    if groups:
        groups[0][1][:0] = [name for name, _ in network.named_parameters() if name not in placed]
    return groups


def _parts(module: nn.Module, prefix: str) -> Iterator[tuple[str, nn.Module]]:
    for name, child in module.named_children():
        path = f"{prefix}.{name}" if prefix else name
        if _is_container(child) or any(_is_stage(part) for part in child.children()):
            yield from _parts(child, path)
        elif any(True for _ in child.parameters()):
            yield path, child


def _is_container(module: nn.Module) -> bool:
    return type(module) in (nn.Sequential, nn.ModuleList) or _is_stage(module)


def _is_stage(module: nn.Module) -> bool:
    if not isinstance(module, nn.Sequential | nn.ModuleList) or len(module) < _STAGE_LENGTH:
        return False
    return len({type(part) for part in module}) == 1 and not isinstance(module[0], nn.Sequential)


def _inside(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def _common_name(names: list[str]) -> str:
    """Name a block by what the names of its first layers share."""
    first = names[0].partition(".")[0]
    paths = [name.split(".")[:-1] for name in names if name.partition(".")[0] == first]
    layers = zip(*paths, strict=False)
    shared = [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, layers)]
    return ".".join(shared) or first
