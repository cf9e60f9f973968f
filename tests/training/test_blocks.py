"""Backbones in blocks: every layer in one, in order; what each spelling opens, counted."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
import torchvision
from torch import nn

from artvec.core.errors import ArtvecError
from artvec.core.types import BackboneRequest
from artvec.encoding import backbones
from artvec.encoding.backbones.penultimate import Penultimate
from artvec.encoding.heads import build_head
from artvec.training.backbone_blocks import (
    blocks,
    open_only,
    opened,
    opened_at,
    train_mode,
    trainable_parameters,
)
from artvec.training.classifier import Classifier
from artvec.training.phase import Phase


def of_timm(name: str) -> Penultimate:
    model = timm.create_model(name, pretrained=False)
    return Penultimate(
        model,
        lambda network, x: network.forward_head(network.forward_features(x), pre_logits=True),
        unused=(model.pretrained_cfg["classifier"],),
    )


def of_torchvision(name: str, folder: Path) -> nn.Module:
    file = folder / "weights.pt"
    torch.save(torchvision.models.get_model(name).state_dict(), file)
    module = backbones.load(BackboneRequest(f"torchvision:{name}", file)).module
    assert module is not None
    return module


def test_lite0_has_the_groups_of_timm() -> None:
    backbone = backbones.load(BackboneRequest("tf_efficientnet_lite0")).module
    assert backbone is not None
    found = blocks(backbone)
    assert [block.name for block in found[:3]] == ["conv_stem", "blocks.0.0", "blocks.1.0"]
    assert [block.depth for block in found] == list(range(17, 0, -1))
    assert found[-1].name == "blocks.6.0"  # with the convolution behind it, as timm has it
    assert list(found[-1].parameters)[-1] == "bn2.bias"
    assert not any(name.startswith("classifier") for block in found for name in block.parameters)


@pytest.mark.parametrize("name", ["resnet18", "vit_b_16", "vgg11_bn", "densenet121", "swin_t"])
def test_every_parameter_of_torchvisions_is_in_one_block(name: str) -> None:
    with torch.device("meta"):
        network = torchvision.models.get_model(name)
    found = blocks(network)
    names = [inner for block in found for inner in block.parameters]
    assert sorted(names) == sorted(inner for inner, _ in network.named_parameters())
    assert len({block.name for block in found}) == len(found) > 8


def test_transformers_of_torchvision_are_opened_layer_by_layer() -> None:
    with torch.device("meta"):
        found = blocks(torchvision.models.vit_b_16())
    assert [block.name for block in found[:2]] == ["conv_proj", "encoder.layers.encoder_layer_0"]
    assert "class_token" in found[0].parameters  # belongs to the input
    assert "encoder.ln.weight" in found[12].parameters  # with the last layer


def test_stages_of_torchvisions_regnet_are_opened_block_by_block() -> None:
    names = [block.name for block in blocks(torchvision.models.regnet_y_400mf())]
    assert names[:3] == ["stem", "trunk_output.block1", "trunk_output.block2.block2-0"]


def test_mobilenet_from_its_last_ten_keras_layers(tmp_path: Path) -> None:
    # Keras's last ten: block_16_expand_BN, its ReLU, depthwise, BN, ReLU, project, BN, Conv_1,
    # its BN, its ReLU; torchvision's features.17.conv.0.1 is the first of them.
    model = Classifier(of_torchvision("mobilenet_v2", tmp_path), [build_head("linear", 1280, 10)])
    assert trainable_parameters(model, "from:features.17.conv.0.1") == 745_290
    assert trainable_parameters(model, "head") == 12_810


def test_simple_cnn_has_the_parameters_of_the_report() -> None:
    backbone = backbones.load(BackboneRequest("simple_cnn")).module
    assert backbone is not None
    model = Classifier(backbone, [build_head("linear", 512, 10)])
    assert trainable_parameters(model, "all") == 2_122_186
    last = 4096 * 512 + 512
    assert trainable_parameters(model, "last:1") == last + 5130


def test_from_opens_a_block_or_a_layer_and_all_behind_it() -> None:
    found = blocks(of_timm("test_efficientnet"))
    everything = list(opened(found, "all"))
    for block in found:
        from_here = list(opened(found, f"from:{block.name}"))
        assert from_here == everything[everything.index(next(iter(block.parameters))) :]
    assert list(opened(found, "from:bn2")) == ["bn2.weight", "bn2.bias"]
    assert opened(found, "head") == {}
    assert list(opened(found, f"last:{len(found)}")) == everything
    assert list(opened(found, "last:99")) == everything


@pytest.mark.parametrize("spelling", ["", "last", "last:0", "last:x", "from:", "some"])
def test_what_names_no_part_is_refused(spelling: str) -> None:
    with pytest.raises(ArtvecError, match="of 6 blocks") as refused:
        opened(blocks(of_timm("test_efficientnet")), spelling)
    assert "last:1 to last:6" in refused.value.hint
    assert refused.value.usage


def test_an_unknown_layer_is_answered_with_the_blocks() -> None:
    with pytest.raises(ArtvecError, match="no block or layer") as refused:
        opened(blocks(of_timm("test_efficientnet")), "from:blocks.9")
    assert "conv_stem, blocks.0.0, " in refused.value.hint


def test_gradual_unfreezing_goes_down_to_what_is_trainable() -> None:
    found = blocks(of_timm("test_efficientnet"))
    phase = Phase(name="p", trainable="last:3", unfreeze_every=2)
    opened_blocks = [
        [
            block.name
            for block in found
            if block.parameters.keys() <= opened_at(found, phase, e).keys()
        ]
        for e in range(1, 9)
    ]
    last, two, three = ([b.name for b in found[-n:]] for n in (1, 2, 3))
    assert opened_blocks == [last, last, two, two, three, three, three, three]


def test_a_phase_on_stored_embeddings_has_no_blocks() -> None:
    model = Classifier(nn.Identity(), [build_head("linear", 4, 3)])
    assert blocks(model.backbone) == ()
    assert trainable_parameters(model, "all") == trainable_parameters(model, "head") == 15


@pytest.mark.parametrize("statistics", ["frozen", "train"])
def test_modes_and_gradients_follow_what_is_open(statistics: str) -> None:
    backbone = of_timm("test_efficientnet")
    model = Classifier(backbone, [build_head("bn-8", 256, 3)])
    wanted = opened(blocks(backbone), "last:1")
    open_only(model, wanted)
    train_mode(model, "frozen" if statistics == "frozen" else "train")
    open_now = {n for n, p in model.named_parameters() if p.requires_grad}
    heads = {n for n, _ in model.named_parameters() if n.startswith("heads")}
    assert open_now == {f"backbone.model.{name}" for name in wanted} | heads
    norms = {
        n: m for n, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)
    }
    training = {name for name, norm in norms.items() if norm.training}
    trained = {n for n in norms if f"{n.removeprefix('backbone.model.')}.weight" in wanted}
    assert trained
    assert training == {"heads.0.0"} | (trained if statistics == "train" else set())
