"""How weights move: parameter groups, learning rates over time, the pull toward the start."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import timm.optim
import torch
from torch import nn
from torch.optim import Optimizer

from artvec.core.errors import mistyped
from artvec.training.backbone_blocks import blocks, opened
from artvec.training.classifier import Classifier
from artvec.training.phase import Epoch, Phase

_WARMUP_START = 0.01
_STEP_DROP = 0.1
_PLATEAU_DROP = 0.5
_NOT_HERE = ("adahessian", "bnb*", "fused*")
"""Want second derivatives, or packages that artvec doesn't bring."""


def build_optimizer(model: Classifier, losses: nn.Module, phase: Phase) -> Optimizer:
    """Build timm's optimiser over everything that the phase will ever open.

    Every group has an `lr_scale`, `layer_decay` to the power of its depth below the head; biases,
    norms and what the network itself exempts decay by no weight.

    Raises:
        ArtvecError: There is no such optimiser, or the phase opens what isn't there.
    """
    known = timm.optim.list_optimizers(exclude_filters=_NOT_HERE)
    if phase.optimizer not in known:
        raise mistyped(
            f"there is no optimizer {phase.optimizer!r}",
            phase.optimizer,
            known,
            otherwise="give adamw, adam, adagrad, sgd or another name that timm.optim knows",
        )
    groups = parameter_groups(model, losses, phase)
    optimizer: Optimizer = timm.optim.create_optimizer_v2(
        groups, opt=phase.optimizer, lr=phase.rate
    )
    return optimizer


def parameter_groups(model: Classifier, losses: nn.Module, phase: Phase) -> list[dict[str, Any]]:
    """Return groups of `params`, `lr_scale` and `weight_decay`, from the input to the head."""
    found = blocks(model.backbone)
    wanted = opened(found, phase.trainable)
    network = getattr(model.backbone, "model", model.backbone)
    exempt: set[str] = getattr(network, "no_weight_decay", set)()
    groups: list[dict[str, Any]] = []
    for block in found:
        named = {name: p for name, p in block.parameters.items() if name in wanted}
        groups += _split(named, phase.layer_decay**block.depth, phase.weight_decay, exempt)
    top = {f"head.{name}": p for name, p in model.heads.named_parameters()}
    top |= {f"loss.{name}": p for name, p in losses.named_parameters()}
    return groups + _split(top, 1.0, phase.weight_decay, exempt)


def rate_factor(phase: Phase, epochs: float, history: Sequence[Epoch]) -> float:
    """Return the share of `phase.rate` at a moment of the phase.

    A function of the moment alone, so that a resumed phase needs no scheduler's state.

    Args:
        phase: Its schedule and warm-up.
        epochs: Passed so far, parts of epochs included.
        history: Finished epochs, whose val figures `plateau` looks at.
    """
    if epochs < phase.warmup_epochs:
        return _WARMUP_START + (1 - _WARMUP_START) * epochs / phase.warmup_epochs
    if phase.schedule == "cosine":
        span = phase.epochs - phase.warmup_epochs
        return 0.5 * (1 + math.cos(math.pi * (epochs - phase.warmup_epochs) / span))
    if phase.schedule == "step":
        return _STEP_DROP ** int(epochs // phase.step_epochs)
    if phase.schedule == "plateau":
        return _PLATEAU_DROP ** _plateaus(phase, history)
    return 1.0


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """Set the rate at the head, and in proportion every group's."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["lr_scale"]


def is_better(epoch: Epoch, than: Epoch, phase: Phase) -> bool:
    """Compare two epochs by the val figure of the phase, equal ones by the val loss."""
    sign = -1 if phase.monitor == "loss" else 1
    return (sign * epoch.monitored, -epoch.val_loss) > (sign * than.monitored, -than.val_loss)


def best_of(history: Sequence[Epoch], phase: Phase) -> Epoch:
    """Return the best epoch, of equal ones the first."""
    best = history[0]
    for epoch in history[1:]:
        if is_better(epoch, best, phase):
            best = epoch
    return best


def pull(
    parameters: Sequence[nn.Parameter], start: Sequence[torch.Tensor], strength: float
) -> None:
    """Add the gradient of `strength / 2 · |w − start|²` to parameters that have a gradient.

    Source: L2-SP of Li et al., "Explicit Inductive Bias for Transfer Learning", 2018.
    """
    for parameter, origin in zip(parameters, start, strict=True):
        if parameter.grad is not None:
            parameter.grad.add_(parameter.detach() - origin, alpha=strength)


def _plateaus(phase: Phase, history: Sequence[Epoch]) -> int:
    best, found, waited = None, 0, 0
    for epoch in history:
        improved = best is None or is_better(epoch, best, phase)
        best, waited = (epoch, 0) if improved else (best, waited + 1)
        if waited == phase.plateau_epochs:
            found, waited = found + 1, 0
    return found


def _split(
    named: dict[str, nn.Parameter], scale: float, weight_decay: float, exempt: set[str]
) -> list[dict[str, Any]]:
    """Separate what decays from what doesn't, as timm does."""
    light = {n for n, p in named.items() if p.ndim <= 1 or n.endswith(".bias") or n in exempt}
    groups = []
    for decay, names in ((0.0, light), (weight_decay, named.keys() - light)):
        params = [parameter for name, parameter in named.items() if name in names]
        if params:
            groups.append({"params": params, "lr_scale": scale, "weight_decay": decay})
    return groups
