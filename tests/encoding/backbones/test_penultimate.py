"""Backbones as training wants them: copies that are their own, answers that stay vectors."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
import torchvision

from artvec.core.types import BackboneRequest
from artvec.encoding import backbones


@pytest.mark.parametrize("name", ["simple_cnn", "tf_efficientnet_lite0"])
def test_a_copy_runs_its_own_weights(name: str) -> None:
    module = backbones.load(BackboneRequest(name)).module
    assert module is not None
    images = torch.randn(1, 3, 32, 32)
    before = module(images)
    twin = copy.deepcopy(module)
    for parameter in twin.parameters():
        torch.nn.init.zeros_(parameter)
    assert not twin(images).any()
    assert torch.equal(module(images), before)


@pytest.mark.parametrize("name", ["simple_cnn", "tf_efficientnet_lite0"])
def test_every_tensor_is_there_once(name: str) -> None:
    module = backbones.load(BackboneRequest(name)).module
    assert module is not None
    assert all(key.startswith("model.") for key in module.state_dict())


def test_googlenet_answers_with_a_vector_in_training_too(tmp_path: Path) -> None:
    file = tmp_path / "googlenet.pt"
    torch.save(torchvision.models.googlenet(init_weights=False).state_dict(), file)
    module = backbones.load(BackboneRequest("torchvision:googlenet", file, 64)).module
    assert module is not None
    assert module.train()(torch.randn(2, 3, 64, 64)).shape == (2, 1024)
    without = module.model.state_dict()
    assert not any(name.startswith("aux") for name in without)
    torch.save(without, file)  # as a run keeps it
    again = backbones.load(BackboneRequest("torchvision:googlenet", file, 64)).module
    assert again is not None
