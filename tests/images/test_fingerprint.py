"""Checks perceptual hash and colour grid against ImageHash and numpy."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artvec.images.fingerprint import colour_grid, perceptual_hash

SIZES = [(32, 32), (64, 48), (127, 301), (500, 333), (17, 90), (800, 600)]


def _smooth(seed: int, size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """Return random fields of colour that run into one another, as in a painting."""
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).convert(mode)


def _bits(hashed: bytes) -> np.ndarray:
    return np.unpackbits(np.frombuffer(hashed, dtype=np.uint8)).reshape(8, 8).astype(bool)


def _ones_apart(first: bytes, second: bytes) -> int:
    return int((_bits(first) != _bits(second)).sum())


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK"])
@pytest.mark.parametrize("size", SIZES)
def test_hash_is_imagehashs_bit_by_bit(size: tuple[int, int], mode: str) -> None:
    for seed in range(4):
        image = _smooth(seed, size, mode)
        assert np.array_equal(_bits(perceptual_hash(image)), imagehash.phash(image).hash)


@settings(deadline=None)
@given(st.integers(0, 10**9), st.integers(8, 300), st.integers(8, 300))
def test_hash_is_imagehashs_for_any_size(seed: int, width: int, height: int) -> None:
    image = _smooth(seed, (width, height))
    assert perceptual_hash(image) == bytes.fromhex(str(imagehash.phash(image)))


def test_hash_knows_a_smaller_copy_and_no_other_picture() -> None:
    picture = _smooth(1, (400, 300))
    copy = picture.resize((200, 150), Image.Resampling.BICUBIC)
    assert _ones_apart(perceptual_hash(picture), perceptual_hash(copy)) <= 2
    assert _ones_apart(perceptual_hash(picture), perceptual_hash(_smooth(2, (400, 300)))) > 10


@pytest.mark.parametrize("value", [0, 1, 77, 128, 255])
def test_flat_pictures_hash_alike_at_every_size(value: int) -> None:
    """Of a flat picture only the mean is above the median: the first bit, and no noise."""
    for size in SIZES:
        expected = bytes([0x80 if value else 0]) + bytes(7)
        assert perceptual_hash(Image.new("RGB", size, (value,) * 3)) == expected


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 10**9))
def test_grid_is_the_mean_of_each_block(columns: int, rows: int, seed: int) -> None:
    """Sides divisible by 4 cut into 4×4 blocks without a rest."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 256, (rows * 4, columns * 4, 3), dtype=np.uint8)
    means = values.reshape(4, rows, 4, columns, 3).mean(axis=(1, 3))  # (4, 4, 3)
    grid = np.frombuffer(colour_grid(Image.fromarray(values)), dtype=np.uint8)
    assert np.abs(grid.reshape(4, 4, 3) - means).max() <= 1


def test_grid_runs_row_by_row_in_rgb() -> None:
    """Red above blue: 8 red cells, then 8 blue ones."""
    image = Image.new("RGB", (8, 8), (255, 0, 0))
    image.paste((0, 0, 255), (0, 4, 8, 8))
    assert colour_grid(image) == bytes([255, 0, 0] * 8 + [0, 0, 255] * 8)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (1, 400)])
def test_tiny_pictures_have_fingerprints_too(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, (10, 20, 30))
    assert colour_grid(image) == bytes([10, 20, 30] * 16)
    assert len(perceptual_hash(image)) == 8
