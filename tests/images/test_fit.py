"""Checks resize and crop against timm's evaluation transform, to the bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from timm.data import create_transform

from artvec.core.choices import Fit, Interpolation
from artvec.core.types import Preprocessing
from artvec.images import fit
from artvec.images.fit import Frame, area_lost, fit_pixels, geometry

MEAN = (0.485, 0.456, 0.406)
TIMM_MODES = {"crop": "center", "pad": "border", "squash": "squash"}


def _preprocessing(
    fit: Fit, size: int, resize: int | None = None, interpolation: Interpolation = "bicubic"
) -> Preprocessing:
    return Preprocessing(size, resize or size, fit, interpolation, MEAN, (1.0, 1.0, 1.0))


def _timm_pixels(image: Image.Image, wanted: Preprocessing, crop_pct: float) -> np.ndarray:
    transform = create_transform(
        (3, wanted.size_px, wanted.size_px),
        interpolation=wanted.interpolation,
        mean=wanted.mean,
        crop_pct=crop_pct,
        crop_mode=TIMM_MODES[wanted.fit],
        normalize=False,
    )
    return transform(image).numpy().transpose(1, 2, 0)  # (3, S, S) → (S, S, 3)


def _noise(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(width * 1000 + height)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def _ours(image: Image.Image, wanted: Preprocessing) -> np.ndarray:
    return fit_pixels(image, wanted, Frame(image.width, image.height))


sides = st.integers(1, 600)
sizes = st.integers(1, 96)
filters = st.sampled_from(["bilinear", "bicubic"])


@settings(deadline=None)
@given(sides, sides, sizes, filters, st.sampled_from([0.875, 0.9, 0.95, 1.0]))
def test_crop_is_timms(
    width: int, height: int, size: int, interpolation: Interpolation, crop_pct: float
) -> None:
    wanted = _preprocessing("crop", size, math.floor(size / crop_pct), interpolation)
    # A line of one pixel becomes a picture of size × 600 size; keep that small enough to test.
    assume(max(width, height) * size <= 20_000 * min(width, height))
    image = _noise(width, height)
    assert np.array_equal(_ours(image, wanted), _timm_pixels(image, wanted, crop_pct))


@settings(deadline=None, max_examples=300)
@given(sides, sides, sizes, filters)
def test_pad_is_timms(width: int, height: int, size: int, interpolation: Interpolation) -> None:
    # timm itself fails where the short side would be rounded to nothing.
    assume(min(width, height) * size >= max(width, height))
    wanted = _preprocessing("pad", size, None, interpolation)
    image = _noise(width, height)
    assert np.array_equal(_ours(image, wanted), _timm_pixels(image, wanted, 1.0))


@pytest.mark.parametrize("width", [58, 61, 62, 63])
def test_pad_adds_the_odd_pixel_where_timm_does(width: int) -> None:
    """Nothing is resized here, only the borders count; of an odd number the right has more."""
    wanted = _preprocessing("pad", 64)
    image = _noise(width, 64)
    assert np.array_equal(_ours(image, wanted), _timm_pixels(image, wanted, 1.0))


@pytest.mark.parametrize(("width", "height", "size"), [(896, 294, 96), (984, 205, 300)])
def test_pad_rounds_halves_as_timm_does(width: int, height: int, size: int) -> None:
    """Short sides of 31.5 and 62.5, which timm divides by a ratio: 31.499… and 62.500…1."""
    wanted = _preprocessing("pad", size)
    image = _noise(width, height)
    assert np.array_equal(_ours(image, wanted), _timm_pixels(image, wanted, 1.0))


@settings(deadline=None)
@given(sides, sides, sizes, filters)
def test_squash_is_timms(width: int, height: int, size: int, interpolation: Interpolation) -> None:
    wanted = _preprocessing("squash", size, None, interpolation)
    image = _noise(width, height)
    assert np.array_equal(_ours(image, wanted), _timm_pixels(image, wanted, 1.0))


@pytest.mark.parametrize("fit", ["crop", "pad", "squash"])
@pytest.mark.parametrize(("width", "height"), [(1, 600), (600, 1), (1, 1), (64, 64), (3, 2)])
def test_every_shape_gives_a_full_square(fit: Fit, width: int, height: int) -> None:
    pixels = _ours(_noise(width, height), _preprocessing(fit, 64, 73 if fit == "crop" else None))
    assert (pixels.shape, pixels.dtype) == ((64, 64, 3), np.uint8)


def test_pad_shows_the_whole_picture_between_borders_of_the_mean() -> None:
    """A 20×10 red picture in a square of 20: five rows above, five below."""
    image = Image.new("RGB", (20, 10), (255, 0, 0))
    pixels = _ours(image, _preprocessing("pad", 20))
    border = [124, 116, 104]  # 255 × (0.485, 0.456, 0.406), rounded
    assert (pixels[:5] == border).all()
    assert (pixels[5:15] == [255, 0, 0]).all()
    assert (pixels[15:] == border).all()


def test_geometry_of_a_landscape_by_hand() -> None:
    """600×400 to a short side of 256: 384×256; a centred 224 starts at (80, 16)."""
    layout = geometry(600, 400, _preprocessing("crop", 224, 256))
    assert (layout.resized, layout.left, layout.top) == ((384, 256), 80, 16)


@pytest.mark.parametrize(
    ("width", "height", "fit", "resize", "lost"),
    [
        (100, 100, "crop", 100, 0.0),  # a square is seen whole
        (200, 100, "crop", 100, 0.5),  # half of a 2:1 landscape lies beside the crop
        (100, 400, "crop", 100, 0.75),  # three quarters of a 1:4 scroll lie above and below
        (100, 100, "crop", 125, 0.36),  # 1 - (100 / 125)²
        (200, 100, "crop", 125, 0.68),  # 1 - (100 / 250) × (100 / 125)
        (200, 100, "pad", 100, 0.0),
        (200, 100, "squash", 100, 0.0),
    ],
)
def test_area_lost_by_hand(width: int, height: int, fit: Fit, resize: int, lost: float) -> None:
    assert area_lost(width, height, _preprocessing(fit, 100, resize)) == pytest.approx(lost)


@given(sides, sides, sizes, st.floats(1.0, 1.3), st.sampled_from(["crop", "pad", "squash"]))
def test_area_lost_is_a_share(width: int, height: int, size: int, more: float, fit: Fit) -> None:
    resize = int(size * more) if fit == "crop" else size
    lost = area_lost(width, height, _preprocessing(fit, size, resize))
    assert 0.0 <= lost < 1.0
    assert fit == "crop" or lost == 0.0


@settings(deadline=None)
@given(sides, sides, st.integers(4, 64), st.floats(1.0, 1.3))
def test_what_is_seen_of_an_extreme_shape_is_the_middle_of_the_whole(
    width: int, height: int, size: int, more: float
) -> None:
    """Resizing the visible part alone gives the crop of the whole, to rounding.

    Bilinear, as values between their neighbours don't depend on which side is resized first.
    """
    assume(max(width, height) * size <= 20_000 * min(width, height))
    wanted = _preprocessing("crop", size, int(size * more), "bilinear")
    image = _noise(width, height)
    whole = _ours(image, wanted).astype(int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "_MOST_RESIZED_PX", 0)
        part = _ours(image, wanted)
    assert np.abs(part - whole).max() <= 2
