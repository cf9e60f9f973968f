"""Watched collections: whose pictures count, and what their figures are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artvec.collection.reader import Collection, open_collection
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.train.out_of_domain import after, watched
from artvec.commands.train.train_report import WATCHED
from artvec.core.errors import ArtvecError
from artvec.core.types import AUTO, BackboneRequest, EncoderIdentity, Float32Array, Sample
from artvec.encoding.extraction import Clock, Embedded, ExtractOptions, extract
from artvec.encoding.setup import ready_encoder

COLOURS = {"blue": (40, 60, 160), "brown": (120, 80, 40), "green": (50, 120, 60)}


def _paint(source: Path, count: int = 5) -> None:
    for label, colour in COLOURS.items():
        for at in range(count):
            noise = np.random.default_rng([len(label), at]).normal(0, 60, (4, 4, 3))
            grid = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            file = source / label / f"{at}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(grid).resize((32, 32), Image.Resampling.NEAREST).save(file)


@pytest.fixture
def things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    _paint(tmp_path / "things")
    return tmp_path / "things"


def _embedded(source: Path) -> Collection:
    return open_collection(embed_images(source, EmbedOptions(model="colour:4x4")).index)


def _start(collection: Collection) -> EncoderIdentity:
    return collection.manifest.encoder


def _by_colours(samples: Sequence[Sample]) -> Float32Array:
    """Embed pictures with the encoder that the collections were made with."""
    encoder = ready_encoder(BackboneRequest("colour:4x4"), AUTO).encoder
    parts = []
    for part in extract(samples, encoder, ExtractOptions(), Clock()):
        assert isinstance(part, Embedded)
        parts.append(part.vectors)
    return np.concatenate(parts)


def _never(samples: Sequence[Sample]) -> Float32Array:
    raise AssertionError("the stored vectors were there")


def test_every_picture_asks_all_others(things: Path) -> None:
    """By hand with numpy: cosines to the others, the share of the five nearest with the label."""
    collection = _embedded(things)
    given = watched(collection, _start(collection), frozenset(), _never)
    found = after(given, given.vectors)
    vectors = _by_colours(given.samples).astype(np.float64)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = units @ units.T
    np.fill_diagonal(cosines, -np.inf)
    nearest = np.argsort(-cosines, axis=1)[:, :5]
    own = np.array([Path(sample.path).parent.name for sample in given.samples])
    shares = (own[nearest] == own[:, None]).mean(axis=1)
    assert found.per_query["precision_at_5"] == pytest.approx(shares)
    assert set(WATCHED) <= set(found.figures)
    assert (
        found.figures["precision_at_5"].low < shares.mean() < found.figures["precision_at_5"].high
    )


def test_stored_vectors_are_those_of_the_files(things: Path) -> None:
    """Of the starting backbone they serve; of another one, the pictures are embedded anew."""
    collection = _embedded(things)
    own = watched(collection, _start(collection), frozenset(), _never)
    unlike = replace(_start(collection), backbone="other")
    other = watched(collection, unlike, frozenset(), _by_colours)
    assert np.array_equal(other.vectors, own.vectors)


def test_weights_that_know_nothing_are_seen_to(things: Path) -> None:
    collection = _embedded(things)
    given = watched(collection, _start(collection), frozenset(), _never)
    noise = np.random.default_rng(0).normal(size=(len(given.samples), 8)).astype(np.float32)
    assert after(given, noise).figures["precision_at_5"].value < 0.5
    assert after(given, given.vectors).figures["precision_at_5"].value > 0.5


def test_pictures_of_the_run_are_left_out_and_counted(things: Path) -> None:
    collection = _embedded(things)
    seen = {
        hashlib.sha256((things / name).read_bytes()).digest()
        for name in ("blue/0.png", "green/3.png")
    }
    given = watched(collection, _start(collection), seen, _never)
    assert len(given.samples) == len(given.labels) == 13
    assert not {"blue/0.png", "green/3.png"} & {sample.path for sample in given.samples}
    assert given.notes == ("things: left out 2 pictures that are also pictures of this run",)
    everything = {hashlib.sha256(file.read_bytes()).digest() for file in things.rglob("*.png")}
    with pytest.raises(ArtvecError) as caught:
        watched(collection, _start(collection), everything, _never)
    assert caught.value.usage
    assert "0 labels where two are needed; things: left out 15" in caught.value.message


def test_files_that_are_gone_or_changed_are_left_out_on_both_sides(things: Path) -> None:
    collection = _embedded(things)
    (things / "blue/1.png").unlink()
    (things / "brown/2.png").write_bytes((things / "green/0.png").read_bytes())
    given = watched(collection, _start(collection), frozenset(), _never)
    assert len(given.samples) == 13
    assert np.array_equal(given.vectors, _by_colours(given.samples))
    assert given.notes == (
        "things: left out 2 pictures whose file is gone or has changed since embedding",
    )


def test_a_new_time_alone_changes_nothing(things: Path) -> None:
    collection = _embedded(things)
    for file in things.rglob("*.png"):
        file.touch()
    assert watched(collection, _start(collection), frozenset(), _never).notes == ()


def test_rows_without_a_label_and_groups(things: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts.csv"
    (things / "blue/4.png").rename(things / "stray.png")  # in no folder: no label
    rows = [f"{label}/{at}.png,{label[0]}{at // 2}" for label in COLOURS for at in range(4)]
    facts.write_text("\n".join(["filename,artist", *rows]) + "\n")
    options = EmbedOptions(model="colour:4x4", metadata=facts, group="artist")
    collection = open_collection(embed_images(things, options).index)
    given = watched(collection, _start(collection), frozenset(), _never)
    assert len(given.samples) == 14
    assert given.groups is not None
    names = {
        sample.path: int(code) for sample, code in zip(given.samples, given.groups, strict=True)
    }
    assert names["blue/0.png"] == names["blue/1.png"] != names["blue/2.png"] == names["blue/3.png"]
    assert len({*names.values()}) > 3


def test_one_label_is_too_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _paint(tmp_path / "all")
    collection = _embedded((tmp_path / "all/blue").rename(tmp_path / "one"))
    with pytest.raises(ArtvecError) as caught:
        watched(collection, _start(collection), frozenset(), _never)
    assert "where two are needed" in caught.value.message
    assert caught.value.usage
