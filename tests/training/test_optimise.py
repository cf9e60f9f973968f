"""Groups as timm makes them, rates as timm's schedulers give them, steps as numpy takes them."""

from __future__ import annotations

import numpy as np
import pytest
import timm
import torch
from timm.optim import param_groups_layer_decay
from timm.scheduler import CosineLRScheduler, StepLRScheduler
from torch import nn

from artvec.core.errors import ArtvecError
from artvec.encoding.backbones.penultimate import Penultimate
from artvec.training.classifier import Classifier
from artvec.training.inputs import StoredVectors
from artvec.training.loop import Task, train_phase
from artvec.training.optimise import (
    best_of,
    build_optimizer,
    parameter_groups,
    pull,
    rate_factor,
    set_rate,
)
from artvec.training.phase import Epoch, Phase


def epoch(number: int, monitored: float, val_loss: float = 1.0) -> Epoch:
    return Epoch("p", number, 1e-3, 1.0, 0.5, val_loss, 0.5, monitored, 1.0, 1.0)


@pytest.mark.parametrize(
    "name",
    ["test_efficientnet", "test_vit", "test_convnext", "test_resnet", "tf_efficientnet_lite0"],
)
def test_rates_and_decay_are_those_of_timms_layer_decay(name: str) -> None:
    network = timm.create_model(name, pretrained=False, num_classes=7)
    exempt = network.no_weight_decay() if hasattr(network, "no_weight_decay") else set()
    theirs = {
        id(p): (group["lr_scale"], group["weight_decay"])
        for group in param_groups_layer_decay(
            network, weight_decay=0.05, no_weight_decay_list=exempt, layer_decay=0.7
        )
        for p in group["params"]
    }
    classifier = network.get_classifier()
    backbone = Penultimate(network, lambda m, x: x, unused=(network.pretrained_cfg["classifier"],))
    phase = Phase(name="p", weight_decay=0.05, layer_decay=0.7)
    groups = parameter_groups(Classifier(backbone, [classifier]), nn.ModuleList(), phase)
    ours = {id(p): (g["lr_scale"], g["weight_decay"]) for g in groups for p in g["params"]}
    assert ours.keys() == theirs.keys()
    for key, (scale, decay) in ours.items():
        assert (pytest.approx(scale), decay) == theirs[key]


def test_what_stays_closed_is_in_no_group() -> None:
    backbone = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    phase = Phase(name="p", trainable="last:1", layer_decay=0.5)
    groups = parameter_groups(Classifier(backbone, [nn.Linear(2, 2)]), nn.ModuleList(), phase)
    assert [(group["lr_scale"], sum(p.numel() for p in group["params"])) for group in groups] == [
        (0.5, 2),  # the bias of the last linear layer of the backbone
        (0.5, 6),  # its weight
        (1.0, 2),
        (1.0, 4),
    ]


def test_rates_keep_their_proportions() -> None:
    backbone = nn.Sequential(nn.Linear(4, 3))
    phase = Phase(name="p", rate=0.1, layer_decay=0.5, optimizer="adamw")
    optimizer = build_optimizer(Classifier(backbone, [nn.Linear(3, 2)]), nn.ModuleList(), phase)
    set_rate(optimizer, 0.02)
    assert {group["lr"] for group in optimizer.param_groups} == {0.01, 0.02}


def test_an_unknown_optimizer_is_refused_with_its_likes() -> None:
    model = Classifier(nn.Identity(), [nn.Linear(3, 2)])
    with pytest.raises(ArtvecError, match="no optimizer 'adamww'") as refused:
        build_optimizer(model, nn.ModuleList(), Phase(name="p", optimizer="adamww"))
    assert "adamw" in refused.value.hint


def one_weight() -> torch.optim.Optimizer:
    return torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)


def test_the_cosine_is_timms() -> None:
    phase = Phase(name="p", epochs=10, schedule="cosine", warmup_epochs=2)
    optimizer = one_weight()
    theirs = CosineLRScheduler(
        optimizer, t_initial=8, warmup_t=2, warmup_lr_init=0.01, warmup_prefix=True
    )
    for number in range(10):
        theirs.step(number)
        assert rate_factor(phase, number, ()) == pytest.approx(optimizer.param_groups[0]["lr"])
    assert rate_factor(phase, 9.99, ()) < 1e-4


def test_steps_are_timms() -> None:
    phase = Phase(name="p", epochs=9, schedule="step", step_epochs=3, warmup_epochs=1)
    optimizer = one_weight()
    theirs = StepLRScheduler(
        optimizer, decay_t=3, decay_rate=0.1, warmup_t=1, warmup_lr_init=0.01, warmup_prefix=False
    )
    for number in range(9):
        theirs.step(number)
        assert rate_factor(phase, number, ()) == pytest.approx(optimizer.param_groups[0]["lr"])


def test_a_plateau_halves_the_rate_once_for_each_wait() -> None:
    phase = Phase(name="p", epochs=20, schedule="plateau", plateau_epochs=2)
    figures = [0.5, 0.6, 0.6, 0.55, 0.6, 0.5, 0.7, 0.7]
    #          best best  1     2→½   1    2→¼  best  1
    history = [epoch(number, figure) for number, figure in enumerate(figures, start=1)]
    factors = [rate_factor(phase, n, history[:n]) for n in range(len(history) + 1)]
    assert factors == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25]


def test_a_loss_is_better_when_lower_and_ties_go_to_the_lower_val_loss() -> None:
    by_loss = Phase(name="p", monitor="loss")
    assert best_of([epoch(1, 0.9), epoch(2, 0.7), epoch(3, 0.8)], by_loss).number == 2
    by_accuracy = Phase(name="p")
    tied = [epoch(1, 0.8, 0.6), epoch(2, 0.9, 0.5), epoch(3, 0.9, 0.4), epoch(4, 0.9, 0.4)]
    assert best_of(tied, by_accuracy).number == 3


def test_the_pull_is_the_gradient_of_the_squared_distance() -> None:
    rng = np.random.default_rng(0)
    start, now, slope = rng.normal(size=(3, 2, 5))
    weight = nn.Parameter(torch.from_numpy(now))
    weight.grad = torch.from_numpy(slope.copy())
    closed = nn.Parameter(torch.ones(2))
    pull([weight, closed], [torch.from_numpy(start), torch.zeros(2)], 0.3)
    np.testing.assert_allclose(weight.grad.numpy(), slope + 0.3 * (now - start))
    assert closed.grad is None


def test_three_steps_are_those_of_numpy() -> None:
    """Nesterov's momentum, weight decay on matrices only, the backbone pulled to its start."""
    rng = np.random.default_rng(1)
    x, codes = rng.normal(size=(6, 3)).astype(np.float32), np.array([0, 1, 0, 1, 1, 0])
    backbone, head = nn.Linear(3, 2), nn.Linear(2, 2)
    names = ("V", "a", "W", "b")  # embedding = V x + a, logits = W embedding + b
    tensors = (backbone.weight, backbone.bias, head.weight, head.bias)
    w = {n: t.detach().numpy().astype(np.float64) for n, t in zip(names, tensors, strict=True)}
    start, speed = dict(w), dict.fromkeys(names, 0.0)
    rate, decay, strength = 0.1, 0.01, 0.5
    for _ in range(3):
        embedding = x @ w["V"].T + w["a"]
        logits = embedding @ w["W"].T + w["b"]
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        errors = (shares - np.eye(2)[codes]) / len(x)
        back = errors @ w["W"]
        slope = {"V": back.T @ x, "a": back.sum(0), "W": errors.T @ embedding, "b": errors.sum(0)}
        for name in names:
            gradient = slope[name] + decay * w[name] * (name in "VW")
            gradient = gradient + strength * (w[name] - start[name]) * (name in "Va")
            speed[name] = 0.9 * speed[name] + gradient
            w[name] = w[name] - rate * (gradient + 0.9 * speed[name])
    task = Task(*[StoredVectors(x, codes[:, None])] * 2, n_classes=(2,))
    phase = Phase(
        name="p", epochs=3, optimizer="sgd", rate=rate, schedule="constant", batch_size=6,
        weight_decay=decay, l2_sp=strength,
    )  # fmt: skip
    kept = {}

    def keep(epoch: Epoch, _: object) -> None:
        kept.update({n: t.detach().numpy().copy() for n, t in zip(names, tensors, strict=True)})

    train_phase(Classifier(nn.Sequential(backbone), [head]), phase, task, on_epoch=keep)
    for name in names:
        np.testing.assert_allclose(kept[name], w[name], rtol=1e-4, atol=1e-6)
