"""Stored pictures are those that `artvec embed` sees, and variation is decided by (seed, row)."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artvec.core.errors import ArtvecError
from artvec.core.types import BackboneRequest, Decoded, Preprocessing, UInt8Array
from artvec.encoding import backbones
from artvec.images.decode import decode_sample
from artvec.images.find import sample_of
from artvec.training.augment import SETS
from artvec.training.inputs import StoredPictures, StoredVectors
from artvec.training.pictures import PictureStore, default_store_px, store_pictures

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
SEEN = Preprocessing(32, 36, "crop", "bicubic", *IMAGENET)
DEMO = sorted(Path(__file__).parents[2].glob("indexes/demo/pictures/**/*.jpg"))


def noise(seed: int, width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def embedded(file: Path, preprocessing: Preprocessing) -> UInt8Array:
    """Return the pixels that `artvec embed` feeds an encoder."""
    decoded = decode_sample(sample_of(file), preprocessing, "fast")
    assert isinstance(decoded, Decoded)
    return decoded.pixels


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    """Eight noisy pictures, 48 × 40 pixels."""
    files = [tmp_path / f"{seed}.png" for seed in range(8)]
    for seed, file in enumerate(files):
        noise(seed, 48, 40).save(file)
    return store_pictures(files, tmp_path, SEEN)


def inputs(store: PictureStore, augment: str) -> StoredPictures:
    return StoredPictures(store, np.zeros((len(store), 1), np.int64), SEEN, augment)


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 120),
    height=st.integers(1, 48),
    turned=st.booleans(),
    fit=st.sampled_from(["crop", "pad", "squash"]),
    interpolation=st.sampled_from(["bilinear", "bicubic", "lanczos"]),
)
def test_pixels_kept_unscaled_are_those_that_are_embedded(
    width: int, height: int, turned: bool, fit: str, interpolation: str
) -> None:
    preprocessing = replace(SEEN, fit=fit, interpolation=interpolation)
    assert default_store_px(preprocessing) == 48
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.png"
        noise(width, *((height, width) if turned else (width, height))).save(file)
        store = store_pictures([file], Path(folder), preprocessing)
        np.testing.assert_array_equal(store.pixels(0), np.asarray(Image.open(file)))
        seen = StoredPictures(store, np.zeros((1, 1), np.int64), preprocessing, "light")
        np.testing.assert_array_equal(seen.plain(np.array([0]))[0], embedded(file, preprocessing))


def test_large_and_turned_pictures_are_those_that_are_embedded(tmp_path: Path) -> None:
    noise(0, 40, 130_000).save(tmp_path / "line.png")  # converted band by band
    exif = Image.Exif()
    exif[0x0112] = 6
    noise(1, 200, 46).save(tmp_path / "turned.jpg", exif=exif)
    for file in tmp_path.glob("*.*"):
        store = store_pictures([file], tmp_path, SEEN)
        np.testing.assert_array_equal(store.square(0, SEEN), embedded(file, SEEN))


def test_larger_pictures_are_made_smaller_and_hardly_change_their_vectors(tmp_path: Path) -> None:
    """Above 1.5 times the input they are resized twice; real weights say what that costs."""
    backbone = backbones.load(BackboneRequest("tf_efficientnet_lite0"))
    preprocessing = backbone.identity.preprocessing
    files = []
    for at in range(8):
        mosaic = Image.new("RGB", (1131, 850))
        for place in range(9):
            with Image.open(DEMO[(9 * at + place) % len(DEMO)]) as tile:
                mosaic.paste(tile, (380 * (place % 3), 290 * (place // 3)))
        files.append(tmp_path / f"{at}.png")
        mosaic.save(files[-1])
    store = store_pictures(files, tmp_path, preprocessing)
    assert store.sizes.tolist() == [[int(336 * 1131 / 850), 336]] * 8
    assert store.full_sizes.tolist() == [[1131, 850]] * 8
    seen = StoredPictures(store, np.zeros((8, 1), np.int64), preprocessing, "none")
    twice = seen.batch(np.arange(8), 0, augment=False)
    pixels = np.stack([embedded(file, preprocessing) for file in files])
    mean, std = (torch.tensor(part) for part in (preprocessing.mean, preprocessing.std))
    once = ((torch.from_numpy(pixels) / 255 - mean) / std).permute(0, 3, 1, 2)
    assert backbone.module is not None
    with torch.inference_mode():
        cosines = torch.cosine_similarity(backbone.module(once), backbone.module(twice))
    assert cosines.min() > 0.99
    assert cosines.median() > 0.995


def test_a_batch_is_normalised_as_torchvision_does(store: PictureStore) -> None:
    from torchvision.transforms import functional

    rows = np.array([5, 0, 5])
    batch = inputs(store, "light").batch(rows, 3, augment=False)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    for image, row in zip(batch, rows, strict=True):
        unit = functional.to_tensor(store.square(int(row), SEEN).copy())
        expected = functional.normalize(unit, *IMAGENET)
        torch.testing.assert_close(image, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", SETS)
def test_a_rows_variation_depends_on_seed_and_row_alone(store: PictureStore, name: str) -> None:
    varied = inputs(store, name)
    rows = np.arange(8)
    state = torch.get_rng_state()
    numpy_state = np.random.get_state()[1]
    batch = varied.batch(rows, 1, augment=True)
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)
    torch.manual_seed(99)
    again = torch.cat([varied.batch(rows[[row]], 1, augment=True) for row in reversed(rows)])
    assert torch.equal(again.flip(0), batch)
    assert batch.shape == (8, 3, 32, 32)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    pixels = varied.augmented(rows, 1)
    assert (pixels.shape, pixels.dtype) == ((8, 32, 32, 3), np.uint8)
    same = [torch.equal(batch, varied.batch(rows, seed, augment=True)) for seed in (2, 3)]
    assert same == [name == "none"] * 2


def test_chance_of_a_thread_leaves_that_of_another_alone(store: PictureStore) -> None:
    """A loop draws dropout while the next batch is made."""
    varied, rows = inputs(store, "randaugment"), np.arange(8)
    expected = varied.batch(rows, 1, augment=True)
    torch.manual_seed(0)
    alone = [torch.rand(3) for _ in range(2000)]
    made: list[torch.Tensor] = []
    thread = threading.Thread(target=lambda: made.append(varied.batch(rows, 1, augment=True)))
    torch.manual_seed(0)
    thread.start()
    beside = [torch.rand(3) for _ in range(2000)]
    thread.join()
    assert torch.equal(torch.stack(beside), torch.stack(alone))
    assert torch.equal(made[0], expected)


def test_flip_shows_the_square_or_its_mirror_image(store: PictureStore) -> None:
    flipped = inputs(store, "flip")
    squares = flipped.plain(np.arange(8))
    mirrored = 0
    for seed in range(5):
        for square, found in zip(squares, flipped.augmented(np.arange(8), seed), strict=True):
            mirror = square[:, ::-1]
            mirrored += bool((found == mirror).all())
            assert (found == square).all() or (found == mirror).all()
    assert 10 <= mirrored <= 30  # of 40; a fair coin leaves this range once in a thousand times


@settings(max_examples=30, deadline=None)
@given(width=st.integers(40, 200), height=st.integers(40, 200), seed=st.integers(0, 999))
def test_art_keeps_colours_directions_and_about_the_scale(
    width: int, height: int, seed: int
) -> None:
    """Red counts columns and green rows, so slopes tell how large a picture is shown."""
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([across, down, np.full_like(down, 7)], axis=2).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.png"
        Image.fromarray(pixels).save(file)
        store = store_pictures([file], Path(folder), SEEN, store_px=200)
    found = inputs(store, "art").augmented(np.array([0]), seed)[0].astype(float)
    assert (found[..., 2] == 7).all()
    sideways = np.abs(found[:, -3, 0] - found[:, 2, 0]).mean() / 27
    downwards = np.abs(found[-3, :, 1] - found[2, :, 1]).mean() / 27
    seen = min(width, height) / SEEN.resize_px  # pixels of the picture per pixel in evaluation
    for slope in (sideways, downwards):
        assert seen / 1.4 - 0.1 < slope < seen * 36 / 32 + 0.1
    assert sideways == pytest.approx(downwards, abs=0.1)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3)])
def test_pictures_of_any_shape_can_be_varied(
    name: str, size: tuple[int, int], tmp_path: Path
) -> None:
    noise(0, *size).save(tmp_path / "a.png")
    store = store_pictures([tmp_path / "a.png"], tmp_path, SEEN)
    assert inputs(store, name).augmented(np.array([0]), 0).shape == (1, 32, 32, 3)


def test_the_store_leaves_nothing_behind_and_says_what_is_broken(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.png" for name in "abcdef"]
    noise(0, 20, 20).save(files[0])
    told: list[tuple[int, int]] = []
    store_pictures(files[:1], tmp_path, SEEN, progress=lambda *done: told.append(done))
    assert told == [(1, 1)]
    assert sorted(tmp_path.iterdir()) == files[:1]
    files[1].write_bytes(files[0].read_bytes()[:300])
    partly = store_pictures(files, tmp_path, SEEN)
    assert sorted(partly.unreadable) == [1, 2, 3, 4, 5]
    assert partly.pixels(0).shape == (20, 20, 3)
    with pytest.raises(ArtvecError, match=r"can't be kept in .*nowhere"):
        store_pictures(files[:1], tmp_path / "nowhere", SEEN)
    assert len(store_pictures([], tmp_path, SEEN)) == 0


def test_an_unknown_set_is_refused(store: PictureStore) -> None:
    with pytest.raises(ArtvecError, match="no augmentation 'arts'") as caught:
        inputs(store, "arts")
    assert caught.value.meant == ("arts", "art")


def test_stored_views_are_drawn_and_the_first_one_stands_for_the_picture() -> None:
    views = np.arange(60, dtype=np.float32).reshape(4, 5, 3)  # (V, N, D)
    rows, labels = np.array([4, 0, 2]), np.zeros((5, 1), np.int64)
    stored = StoredVectors(views, labels)
    assert torch.equal(stored.batch(rows, 9, augment=False), torch.from_numpy(views[0, rows]))
    drawn = torch.stack([stored.batch(rows, seed, augment=True) for seed in range(50)])
    assert drawn.dtype == torch.float32
    for at, row in enumerate(rows):
        shown = {tuple(vector) for vector in drawn[:, at].tolist()}
        assert shown == {tuple(vector) for vector in views[:, row].tolist()}
    assert torch.equal(stored.batch(rows[::-1], 7, augment=True).flip(0), drawn[7])
    plain = StoredVectors(views[1], labels)
    assert torch.equal(plain.batch(rows, 3, augment=True), torch.from_numpy(views[1, rows]))
