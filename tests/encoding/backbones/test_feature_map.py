"""A feature map is what the network's own layers give, and its mean is the embedding."""

from __future__ import annotations

import pytest
import timm
import torch
from torchvision import models

from artvec.core.errors import ArtvecError
from artvec.core.types import BackboneRequest
from artvec.encoding import backbones
from artvec.encoding.backbones.feature_map import FeatureMap
from artvec.encoding.backbones.penultimate import Penultimate


def test_timm_map_is_that_of_its_features_and_gradients_flow() -> None:
    torch.manual_seed(0)
    model = timm.create_model("resnet18", num_classes=3).eval()
    module = Penultimate(
        model, lambda net, x: net.forward_head(net.forward_features(x), pre_logits=True)
    )
    images = torch.rand(2, 3, 64, 96)
    found = FeatureMap(module)(images)
    assert found.shape == (2, 512 * 2 * 3)
    torch.testing.assert_close(found, model.forward_features(images).flatten(1))
    torch.testing.assert_close(found.reshape(2, 512, 6).mean(dim=2), module(images))
    found.sum().backward()
    assert model.conv1.weight.grad is not None
    assert not model.global_pool._forward_pre_hooks


def test_pooling_inside_blocks_is_passed_over() -> None:
    torch.manual_seed(0)
    model = models.mobilenet_v3_small().eval()  # its squeeze-and-excite blocks pool, too
    images = torch.rand(1, 3, 64, 64)
    found = FeatureMap(Penultimate(model, lambda net, x: net(x)))(images)
    torch.testing.assert_close(found, model.features(images).flatten(1))


def test_without_pooling_there_is_no_map() -> None:
    module = backbones.load(BackboneRequest("simple_cnn")).module
    assert module is not None
    with pytest.raises(ArtvecError, match="pools no feature map"):
        FeatureMap(module)
