"""`Encoder` and the transformer: every image gets the vector that `embed` would store."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import artvec
from tests.conftest import picture


def test_vectors_are_those_of_a_collection(paintings: artvec.Collection) -> None:
    encoder = artvec.Encoder("tf_efficientnet_lite0")
    files = [row.file for row in paintings]
    assert encoder.encode(files) == pytest.approx(paintings.vectors, abs=1e-4)
    assert repr(encoder).startswith("Encoder('tf_efficientnet_lite0': 1280 dimensions")


def test_paths_pictures_and_arrays_in_any_mixture(tmp_path: Path) -> None:
    encoder = artvec.Encoder("colour:4x4")
    image = picture(1)
    file = tmp_path / "a.png"
    image.save(file)
    found = encoder.encode([image, str(file), file, np.asarray(image), picture(2), file])
    assert found.shape == (6, encoder.dim) == (6, 48) and found.dtype == np.float32
    assert np.array_equal(found[[0, 1, 2, 3]], found[[5, 5, 5, 5]])
    assert not np.array_equal(found[4], found[0])
    assert encoder.encode([]).shape == (0, 48)


def test_pictures_in_memory_are_read_like_files(tmp_path: Path) -> None:
    encoder = artvec.Encoder("colour:4x4")
    upright = picture(3)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter to the right
    turned = tmp_path / "turned.png"
    upright.transpose(Image.Transpose.ROTATE_90).save(turned, exif=exif)
    clear = upright.convert("RGBA")
    clear.putalpha(0)
    white = Image.new("RGB", upright.size, "white")
    of_memory = encoder.encode([Image.open(turned), upright, clear, white])
    assert np.array_equal(of_memory[0], of_memory[1])
    assert np.array_equal(of_memory[2], of_memory[3])
    assert np.array_equal(of_memory[0], encoder.encode([turned])[0])
    before = np.asarray(upright).copy()
    encoder.encode([upright])
    assert np.array_equal(np.asarray(upright), before)


def test_an_image_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    encoder = artvec.Encoder("colour:4x4")
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    with pytest.raises(artvec.ArtvecError, match=r"bad\.png"):
        encoder.encode([picture(1), bad])
    with pytest.raises(artvec.ArtvecError, match="nowhere"):
        encoder.encode([tmp_path / "nowhere.png"])
    with pytest.raises(artvec.ArtvecError, match="list"):
        encoder.encode("a.png")
    with pytest.raises(artvec.ArtvecError):
        artvec.Encoder("no_such_backbone")


def test_a_truncated_lazy_picture_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    picture(1).save(file)
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(artvec.ArtvecError, match="image 1"):
        artvec.Encoder("colour:4x4").encode([Image.open(file)])


def test_the_transformer_works_in_a_pipeline(paintings: artvec.Collection) -> None:
    rows = [row for row in paintings if row.split == "train"]
    files, labels = [str(row.file) for row in rows], [row.label for row in rows]
    model = make_pipeline(artvec.sklearn.ImageEncoder("colour:4x4"), LogisticRegression())
    assert model.fit(files, labels).score(files, labels) > 0.5
    assert np.array_equal(model.predict(np.array(files)), model.predict(files))
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict(files), model.predict(files))


def test_the_transformer_follows_scikit_learn(paintings: artvec.Collection) -> None:
    encoder = artvec.sklearn.ImageEncoder("colour:4x4", batch_size=4)
    copy = clone(encoder)
    assert copy.get_params() == encoder.get_params()
    assert copy.set_params(image_size=None) is copy
    files = [row.file for row in paintings][:5]
    assert encoder.fit_transform(files).shape == encoder.transform(files).shape == (5, 48)
    frame = encoder.set_output(transform="pandas").fit_transform(files)
    assert list(frame.columns)[:2] == ["colour:4x4_0", "colour:4x4_1"]
    assert encoder.fit(files).n_features_out_ == 48
