"""Checks that a name becomes the right backbone, or an error that says what to type."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from timm.data import create_transform, resolve_data_config
from torchvision import models

from artvec.core.errors import ArtvecError
from artvec.core.types import Backbone, BackboneRequest, Decoded, EncoderOptions
from artvec.encoding import backbones, encoders
from artvec.encoding.backbones.simple_cnn import SimpleCnn
from artvec.images.decode import decode_sample
from artvec.images.find import sample_of

DINO = "vit_small_patch14_dinov2.lvd142m"
FP32 = EncoderOptions(engine="openvino", device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def resnet18(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seeded random weights of timm's resnet18; torchvision's has the same tensors."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "resnet18.safetensors"
    save_file(timm.create_model("resnet18").state_dict(), file)
    return file


@pytest.fixture
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty hub cache, and no way out, however this process was started."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))

    def unreachable(*arguments: object, **named: object) -> None:
        raise URLError("Name or service not known")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", unreachable)


def refused(request: BackboneRequest) -> ArtvecError:
    with pytest.raises(ArtvecError) as caught:
        backbones.load(request)
    return caught.value


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("resnet5", "resnet50"),
        ("tf_efficentnet_lite0", "tf_efficientnet_lite0"),
        ("torchvision:resnet19", "torchvision:resnet18"),
        ("nothing_like_it", "artvec models"),
        ("torchvision:nothing", "artvec models"),
        ("colour:8x8", "colour:4x4"),
    ],
)
def test_an_unknown_name_leads_to_the_nearest(name: str, near: str) -> None:
    error = refused(BackboneRequest(name))
    assert error.usage
    assert near in error.hint


@pytest.mark.parametrize("name", ["resnet18.nonsense", "efficientnet_b6"])
def test_weights_that_nobody_has_are_no_network_problem(name: str) -> None:
    """The architecture exists, weights of that name (or any at all) don't: no network helps."""
    error = refused(BackboneRequest(name))
    assert error.usage
    assert name in error.message
    assert "download" not in error.message
    assert "network" not in error.hint


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", ["resnet50", "torchvision:resnet18"])
def test_without_a_network_there_are_three_ways_out(name: str) -> None:
    error = refused(BackboneRequest(name))
    assert name in error.message
    for way in ("network", "--weights FILE", "-m tf_efficientnet_lite0"):
        assert way in error.hint


@pytest.mark.usefixtures("no_network")
def test_the_default_needs_no_network() -> None:
    identity = backbones.load(BackboneRequest("tf_efficientnet_lite0")).identity
    assert (identity.dim, identity.preprocessing.size_px) == (1280, 224)


def test_a_missing_weights_file_is_a_usage_error(tmp_path: Path) -> None:
    error = refused(BackboneRequest("resnet18", weights=tmp_path / "gone.pth"))
    assert error.usage
    assert "gone.pth" in error.message


def test_the_width_is_measured(tmp_path: Path) -> None:
    """MobileNetV3 says `num_features` 960, but its penultimate layer has 1,280 outputs."""
    model = timm.create_model("mobilenetv3_large_100")
    save_file(model.state_dict(), tmp_path / "w.safetensors")
    request = BackboneRequest("mobilenetv3_large_100", weights=tmp_path / "w.safetensors")
    assert model.num_features == 960
    assert backbones.load(request).identity.dim == 1280


def test_the_identity_tells_backbones_apart(resnet18: Path, tmp_path: Path) -> None:
    """Fit, size and weights each make another encoder; the same request makes the same one."""
    other = tmp_path / "other.safetensors"
    save_file(timm.create_model("resnet18").state_dict(), other)
    requests = [
        BackboneRequest("resnet18", resnet18),
        BackboneRequest("resnet18", resnet18, fit="pad"),
        BackboneRequest("resnet18", resnet18, image_size_px=128),
        BackboneRequest("resnet18", other),
    ]
    identities = {backbones.load(request).identity for request in requests}
    assert len(identities) == 4
    assert backbones.load(requests[0]).identity in identities


def test_another_size_keeps_the_crop_share(resnet18: Path) -> None:
    """Its weights crop .95: 224 of floor(224 / .95) = 235, so 128 of floor(128 / .95) = 134."""
    own = backbones.load(BackboneRequest("resnet18", resnet18)).identity.preprocessing
    small = backbones.load(BackboneRequest("resnet18", resnet18, 128)).identity.preprocessing
    assert (own.size_px, own.resize_px) == (224, 235)
    assert (small.size_px, small.resize_px) == (128, 134)


def test_a_squashed_picture_is_cropped_as_timm_does(tmp_path: Path) -> None:
    """These weights squash to floor(240 / .9) = 266 pixels and see the middle 240 of them."""
    name = "tf_efficientnetv2_b3.in21k_ft_in1k"
    model = timm.create_model(name)
    save_file(model.state_dict(), tmp_path / "w.safetensors")
    smooth = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(smooth).resize((400, 300)).save(tmp_path / "a.png")
    transform = create_transform(**resolve_data_config({}, model=model), normalize=False)
    golden = transform(Image.open(tmp_path / "a.png")).permute(1, 2, 0).numpy()
    backbone = backbones.load(BackboneRequest(name, weights=tmp_path / "w.safetensors"))
    decoded = decode_sample(sample_of(tmp_path / "a.png"), backbone.identity.preprocessing, "exact")
    assert isinstance(decoded, Decoded)
    assert golden.shape == decoded.pixels.shape == (240, 240, 3)
    assert np.abs(golden.astype(int) - decoded.pixels).max() == 0


def test_torchvision_is_torchvisions(resnet18: Path, tmp_path: Path) -> None:
    """Against its own model without `fc` and its weights' own transform, on three pictures."""
    backbone = backbones.load(BackboneRequest("torchvision:resnet18", weights=resnet18))
    model: Any = models.resnet18()
    model.load_state_dict(load_file(resnet18))
    model.fc = torch.nn.Identity()
    transform = models.ResNet18_Weights.DEFAULT.transforms()
    rng = np.random.default_rng(0)
    golden, pixels = [], []
    for n, (width, height) in enumerate(((300, 200), (120, 400), (256, 256))):
        coarse = Image.fromarray(rng.integers(0, 256, (5, 5, 3), dtype=np.uint8))
        coarse.resize((width, height), Image.Resampling.BICUBIC).save(tmp_path / f"{n}.png")
        image = Image.open(tmp_path / f"{n}.png").convert("RGB")
        with torch.inference_mode():
            golden.append(model.eval()(transform(image)[None]).numpy()[0])
        decoded = decode_sample(
            sample_of(tmp_path / f"{n}.png"), backbone.identity.preprocessing, "fast"
        )
        assert isinstance(decoded, Decoded)
        pixels.append(decoded.pixels)
    ours = encoders.compile_encoder(backbone, FP32).encoder.encode(np.stack(pixels))
    assert ours.shape == (3, 512)
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(golden, axis=1)
    assert ((ours * np.stack(golden)).sum(axis=1) / norms).min() >= 0.99999


def test_the_colour_grid_is_pixels_centred_on_grey() -> None:
    """0 becomes -1, 255 becomes 1, 51 becomes (51 - 127.5) / 127.5 = -0.6."""
    backbone = backbones.load(BackboneRequest("colour:4x4"))
    assert (backbone.module, backbone.identity.dim) == (None, 48)
    pixels = np.zeros((2, 4, 4, 3), dtype=np.uint8)
    pixels[1, 0, 0] = (255, 51, 0)
    pixels[1, 3, 3, 2] = 255
    vectors = encoders.compile_encoder(backbone, FP32).encoder.encode(pixels)
    expected = np.full((2, 48), -1.0)
    expected[1, :2] = (1, -0.6)
    expected[1, 47] = 1
    assert vectors.dtype == np.float32
    assert np.allclose(vectors, expected, atol=1e-7)


def test_the_colour_grid_averages_whole_cells(tmp_path: Path) -> None:
    """An 8 × 16 picture: each of the 4 × 4 cells is the mean of 2 × 4 pixels, nothing cropped."""
    values = np.random.default_rng(0).integers(0, 256, (16, 8, 3), dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    preprocessing = backbones.load(BackboneRequest("colour:4x4")).identity.preprocessing
    decoded = decode_sample(sample_of(tmp_path / "a.png"), preprocessing, "fast")
    assert isinstance(decoded, Decoded)
    means = values.reshape(4, 4, 4, 2, 3).mean(axis=(1, 3))
    assert np.abs(decoded.pixels - means).max() <= 1  # Pillow rounds twice, by row and by column


@pytest.mark.parametrize("option", [{"fit": "crop"}, {"image_size_px": 8}, {"weights": Path("x")}])
def test_the_colour_grid_takes_no_options(option: dict[str, Any], tmp_path: Path) -> None:
    if "weights" in option:
        option = {"weights": tmp_path / "x.pth"}
        option["weights"].write_bytes(b"x")
    assert refused(BackboneRequest("colour:4x4", **option)).usage


def test_the_small_cnn_is_the_one_described() -> None:
    """3·32·9+32 + 32·64·9+64 + 4096·512+512 + 512·10+10 = 2,122,186 parameters."""
    assert sum(part.numel() for part in SimpleCnn(10).parameters()) == 2_122_186
    backbone = backbones.load(BackboneRequest("simple_cnn"))
    assert (backbone.identity.dim, backbone.identity.preprocessing.size_px) == (512, 32)
    assert any("untrained" in note for note in backbone.notes)


def test_the_small_cnn_is_the_same_every_time() -> None:
    """Seeded, and without touching the caller's own random numbers."""
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first = backbones.load(BackboneRequest("simple_cnn"))
    assert torch.equal(torch.rand(3), expected)
    second = backbones.load(BackboneRequest("simple_cnn"))
    images = torch.rand(2, 3, 32, 32)
    assert first.identity == second.identity
    assert first.module is not None and second.module is not None
    assert torch.equal(first.module(images), second.module(images))


def test_the_small_cnn_takes_one_size_only() -> None:
    assert refused(BackboneRequest("simple_cnn", image_size_px=64)).usage


@pytest.fixture(scope="module")
def dino(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DINOv2 file as one would download it: positions for 37 × 37 patches of 518 pixels."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("dino") / "dino.safetensors"
    save_file(timm.create_model(DINO).state_dict(), file)
    return file


def test_dino_at_its_own_size_when_asked_for(dino: Path) -> None:
    backbone = backbones.load(BackboneRequest(DINO, weights=dino, image_size_px=518))
    assert (backbone.identity.preprocessing.size_px, backbone.notes) == (518, ())
    assert backbone.identity.dim == 384


def test_dino_runs_at_a_gentle_size_and_says_so(dino: Path) -> None:
    """224 pixels are 5 times faster; the file's positions are interpolated, as timm does."""
    backbone: Backbone = backbones.load(BackboneRequest(DINO, weights=dino))
    assert backbone.identity.preprocessing.size_px == 224
    assert "224" in backbone.notes[0] and "--image-size 518" in backbone.notes[0]
    model: Any = timm.create_model(DINO, img_size=224, num_classes=0)
    state = load_file(dino)
    filtered = timm.models.vision_transformer.checkpoint_filter_fn(state, model)
    model.load_state_dict(filtered)
    images = torch.rand(1, 3, 224, 224)
    assert backbone.module is not None
    with torch.inference_mode():
        assert torch.allclose(backbone.module(images), model.eval()(images), atol=1e-4)


def test_dino_with_weights_made_for_the_gentle_size(tmp_path: Path) -> None:
    file = tmp_path / "dino224.safetensors"
    save_file(timm.create_model(DINO, img_size=224).state_dict(), file)
    backbone = backbones.load(BackboneRequest(DINO, weights=file))
    assert backbone.identity.preprocessing.size_px == 224
    assert "--image-size 518" in backbone.notes[0]
