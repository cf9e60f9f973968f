"""Checks that every picture has one split, for good, and that the shares come out."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artvec.annotations.splits import SplitBook

FIVE = {"train": 3, "val": 1, "test": 1}


@dataclass(frozen=True)
class _Image:
    content: int
    label: str | None = None
    group: str | None = None


def _hash(content: int) -> bytes:
    return hashlib.sha256(str(content).encode()).digest()


def _split(book: SplitBook, image: _Image, given: str | None = None) -> str:
    return book.split_of(
        _hash(image.content),
        given=given,
        label=image.label,
        group=image.group,
    )


def _draw(images: list[_Image], seed: int = 0) -> list[str]:
    book = SplitBook(seed=seed)
    return [_split(book, image) for image in images]


images = st.builds(
    _Image,
    st.integers(0, 40),
    st.sampled_from([None, "baroque", "rococo"]),
    st.sampled_from([None, None, "Hals", "Steen", "Leyster"]),
)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("label", [None, "baroque"])
def test_every_five_of_a_class_are_three_one_one(seed: int, label: str | None) -> None:
    splits = _draw([_Image(number, label) for number in range(100)], seed)
    for start in range(0, 100, 5):
        assert Counter(splits[start : start + 5]) == FIVE


def test_classes_are_counted_apart() -> None:
    """However two classes are interleaved, each has its own three, one and one."""
    drawn = [_Image(number, "ab"[number % 7 < 3]) for number in range(70)]
    by_label = defaultdict(list)
    for image, split in zip(drawn, _draw(drawn), strict=True):
        by_label[image.label].append(split)
    assert {label: len(splits) for label, splits in by_label.items()} == {"a": 40, "b": 30}
    for splits in by_label.values():
        assert Counter(splits) == {name: len(splits) // 5 * share for name, share in FIVE.items()}


def test_the_first_of_a_class_is_for_training() -> None:
    """So that a class with a single image can be learned from."""
    assert _draw([_Image(number, f"class {number}") for number in range(20)]) == ["train"] * 20


@given(st.lists(images, max_size=60), st.integers(0, 99))
def test_draws_are_deterministic(drawn: list[_Image], seed: int) -> None:
    assert _draw(drawn, seed) == _draw(drawn, seed)


def test_another_seed_draws_otherwise() -> None:
    drawn = [_Image(number) for number in range(50)]
    assert len({tuple(_draw(drawn, seed)) for seed in range(5)}) == 5


@given(st.lists(images, max_size=60))
def test_the_same_content_has_the_same_split(drawn: list[_Image]) -> None:
    """Whatever its name, label or group: a picture twice in a source is no leak."""
    by_content = defaultdict(set)
    for image, split in zip(drawn, _draw(drawn), strict=True):
        by_content[image.content].add(split)
    assert all(len(splits) == 1 for splits in by_content.values())


@given(st.lists(images, max_size=60), st.integers(0, 60), st.integers(0, 9))
def test_drawing_goes_on_where_it_stopped(drawn: list[_Image], cut: int, seed: int) -> None:
    """A run that was stopped and resumed ends with the splits of one that was not."""
    whole = _draw(drawn, seed)
    resumed = SplitBook(seed=seed)
    for image, split in zip(drawn[:cut], whole[:cut], strict=True):
        resumed.recall(_hash(image.content), split, label=image.label, group=image.group)
    assert [_split(resumed, image) for image in drawn[cut:]] == whole[cut:]


def test_what_is_given_wins() -> None:
    """Values that are never drawn, too; and it does not disturb the shares of the others."""
    book = SplitBook()
    assert _split(book, _Image(1, "a"), given="gallery") == "gallery"
    assert _split(book, _Image(2, "a"), given="test") == "test"
    assert Counter(_split(book, _Image(number, "a")) for number in range(10, 15)) == FIVE


def test_a_given_split_is_remembered() -> None:
    book = SplitBook()
    _split(book, _Image(1), given="test")
    assert _split(book, _Image(1)) == "test"


def test_a_split_from_elsewhere_is_kept_unless_another_is_given() -> None:
    book = SplitBook()
    book.remember(_hash(1), "val")
    book.remember(_hash(2), "train")
    assert _split(book, _Image(1)) == "val"
    assert _split(book, _Image(2), given="test") == "test"


def test_the_first_memory_counts() -> None:
    """A run comes before another collection, as the contract orders them."""
    book = SplitBook()
    book.remember(_hash(1), "val")
    book.remember(_hash(1), "train")
    book.recall(_hash(1), "test", label=None, group=None)
    assert _split(book, _Image(1)) == "val"


@given(st.lists(st.integers(0, 12), max_size=80))
def test_groups_stay_whole(artists: list[int]) -> None:
    drawn = [
        _Image(number, f"style {artist % 3}", f"artist {artist}")
        for number, artist in enumerate(artists)
    ]
    by_group = defaultdict(set)
    for image, split in zip(drawn, _draw(drawn), strict=True):
        by_group[image.group].add(split)
    assert all(len(splits) == 1 for splits in by_group.values())


def test_groups_stay_whole_across_classes() -> None:
    """An artist who worked in two styles is on one side."""
    drawn = [_Image(number, "ab"[number % 2], f"artist {number // 2}") for number in range(40)]
    splits = _draw(drawn)
    assert splits[::2] == splits[1::2]


@pytest.mark.parametrize("split", ["train", "val", "test"])
@pytest.mark.parametrize("source", ["elsewhere", "given", "earlier"])
def test_a_group_follows_an_image_whose_split_is_known(source: str, split: str) -> None:
    """Else an artist of the training images of a run turns up among the test images."""
    book = SplitBook()
    first = _Image(1, "a", "Hals")
    if source == "elsewhere":
        book.remember(_hash(1), split)
    elif source == "earlier":
        book.recall(_hash(1), split, label="a", group="Hals")
    _split(book, first, given=split if source == "given" else None)
    assert _split(book, _Image(2, "a", "Hals")) == split


def test_shares_are_roughly_right_with_groups() -> None:
    """200 artists with 1 to 9 works each: 60, 20 and 20 % to within 5 points."""
    drawn = [
        _Image(10 * artist + work, "a", f"artist {artist}")
        for artist in range(200)
        for work in range(1 + artist * 7 % 9)
    ]
    shares = Counter(_draw(drawn))
    for name, share in {"train": 0.6, "val": 0.2, "test": 0.2}.items():
        assert shares[name] / len(drawn) == pytest.approx(share, abs=0.05)
