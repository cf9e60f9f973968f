"""The parts of finding copies: grouping around the best, close pairs, laying pictures over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

from artvec.collection.manifest import Manifest
from artvec.collection.reader import Collection, open_collection
from artvec.collection.shards import Row
from artvec.collection.writer import CollectionWriter
from artvec.core.types import EncoderIdentity, Preprocessing
from artvec.near_duplicates.alignment import agreement, thumbnail
from artvec.near_duplicates.grouping import around_the_best
from artvec.near_duplicates.neighbours import close_pairs
from tests.near_duplicates.conftest import PICTURES

edges = st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40)


@given(edges=edges, order=st.permutations(range(12)), names=st.permutations(range(100, 112)))
def test_groups_hold_around_their_best_row(
    edges: set[tuple[int, int]], order: list[int], names: list[int]
) -> None:
    """Every row is in one group, whose best row matches all others; renumbering changes nothing."""
    alike = {row: {b for a, b in edges | {(b, a) for a, b in edges} if a == row} for row in order}
    groups = around_the_best(order, lambda row: alike[row])
    assert sorted(row for group in groups for row in group) == list(range(12))
    for group in groups:
        assert set(group[1:]) <= alike[group[0]]
        assert group == sorted(group, key=order.index)
    heads = [group[0] for group in groups]
    assert heads == sorted(heads, key=order.index)
    for at, head in enumerate(heads):  # whoever heads a group matched no better head
        assert not alike[head] & set(heads[:at])
    renamed = {names[row]: {names[other] for other in others} for row, others in alike.items()}
    again = around_the_best([names[row] for row in order], lambda row: renamed[row])
    assert again == [[names[row] for row in group] for group in groups]


def test_a_chain_is_cut() -> None:
    """0 - 1 - 2 - 3: 0 takes 1; 2 doesn't match 0, so it heads a group of its own with 3."""
    chain = {0: [1], 1: [0, 2], 2: [1, 3], 3: [2]}
    assert around_the_best([0, 1, 2, 3], chain.__getitem__) == [[0, 1], [2, 3]]


def collection_of(folder: Path, vectors: np.ndarray) -> Collection:
    preprocessing = Preprocessing(4, 4, "squash", "box", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    identity = EncoderIdentity("synthetic", "", preprocessing, "none", vectors.shape[1])
    manifest = Manifest(identity, "float32", str(folder / "none"))
    rows = [
        Row(f"{n}.jpg", None, None, 1, 1, 1, 1, n.to_bytes(32), bytes(8), bytes(48), {})
        for n in range(len(vectors))
    ]
    with CollectionWriter(folder, manifest, stored=None) as writer:
        writer.append(rows, vectors.astype(np.float32))
        writer.finish(lambda _, __, row: row, {})
    return open_collection(folder)


def agree(one: Image.Image, other: Image.Image) -> float:
    return agreement(thumbnail(one), thumbnail(other))


@pytest.mark.parametrize("scale", [1.0, 0.05])
def test_close_pairs_whatever_the_encoders_scale(tmp_path: Path, scale: float) -> None:
    """40 copies of one vector among 400 others: all their pairs, and no other, are close.

    More copies than neighbours are searched at first. With a common part 20 times as long as what
    differs all cosines are above .99, and the pairs are the same.
    """
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((440, 32))
    vectors[400:] = vectors[0] + 0.1 * rng.standard_normal((40, 32))
    common = np.zeros(32)
    common[0] = 0 if scale == 1 else 6 / scale
    collection = collection_of(tmp_path / "index", vectors + common)
    pairs = close_pairs(collection, np.ones(440, dtype=bool))
    copies = [0, *range(400, 440)]
    expected = {(a, b) for a in copies for b in copies if a < b}
    assert expected <= set(map(tuple, pairs.tolist()))
    assert set(map(tuple, pairs[: len(expected)].tolist())) == expected  # the closest come first


def test_rows_that_are_not_chosen_are_in_no_pair(tmp_path: Path) -> None:
    collection = collection_of(tmp_path / "index", np.ones((6, 4)))
    chosen = np.array([True, False, True, False, False, True])
    assert close_pairs(collection, chosen).tolist() == [[0, 2], [0, 5], [2, 5]]
    assert close_pairs(collection, chosen & (np.arange(6) < 2)).shape == (0, 2)


def test_pictures_agree_where_one_is_a_part_of_the_other() -> None:
    """Trimmed, mirrored, relit, shrunk: they agree. Another style of the scene doesn't."""
    files = sorted(PICTURES.rglob("landscape-*.jpg"))
    one, other = (small(Image.open(file)) for file in (files[0], files[1]))
    width, height = one.size
    part = one.crop((width // 10, 0, width, height - height // 8))
    for copy in (
        part,
        ImageOps.mirror(part),
        ImageEnhance.Brightness(part).enhance(0.7),
        part.resize((part.width // 2, part.height // 2)),
    ):
        assert agree(one, copy) > 0.9
        assert agree(copy, one) == pytest.approx(agree(one, copy), abs=0.05)
    assert agree(one, other) < 0.7


@pytest.mark.parametrize("size", [(1, 1), (128, 1), (3, 128), (128, 128)])
def test_flat_and_tiny_pictures_show_too_little(size: tuple[int, int]) -> None:
    assert agree(Image.new("L", size, 7), Image.new("L", (128, 96), 9)) == 0.0


def small(image: Image.Image) -> Image.Image:
    image.thumbnail((128, 128))
    return image.convert("L")
