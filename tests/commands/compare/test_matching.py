"""Rows are matched by content, whatever they are called and wherever they stand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artvec.commands.compare import CompareOptions, Comparison, compare_collections
from artvec.core.errors import ArtvecError
from tests.support.galleries import colours, paint

Run = Callable[..., Any]
UNTIMED = CompareOptions(encoder=None)


def all_equal(comparison: Comparison) -> bool:
    """Say whether every difference and both its ends are exactly 0."""
    ends = [(p.difference.value, p.difference.low, p.difference.high) for p in comparison.pairs]
    return bool(ends) and all(end == (0.0, 0.0, 0.0) for end in ends)


def scrambled(source: Path, target: Path, seed: int) -> dict[str, str]:
    """Copy a gallery under random names, so that the rows stand in another order."""
    files = sorted(source.rglob("*.png"))
    numbers = np.random.default_rng(seed).permutation(len(files))
    names = {}
    for file, number in zip(files, numbers, strict=True):
        place = target / file.relative_to(source).parent / f"z{number:03}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
        names[place.relative_to(target).as_posix()] = file.relative_to(source).as_posix()
    return names


def about_matching(report: Comparison) -> list[str]:
    """Return the notes but for the one that three classes always bring."""
    return [note for note in report.notes if "top5_accuracy says nothing" not in note]


def test_names_and_order_do_not_matter(here: Path) -> None:
    """The same pictures by the same encoder: every query is paired with itself."""
    scrambled(here / "art", here / "other", seed=3)
    colours(here / "art", here / "indexes/art")
    colours(here / "other", here / "indexes/other")
    found = compare_collections(["art", "other"], UNTIMED)
    assert found.protocol.images == 78
    assert (found.protocol.gallery, found.protocol.queries, found.protocol.val) == (36, 30, 12)
    assert all_equal(found)
    assert {pair.p_value for pair in found.pairs} == {None, 1.0}
    assert about_matching(found) == []


def test_only_what_all_have_is_compared(here: Path) -> None:
    names = scrambled(here / "art", here / "other", seed=4)
    gone = sorted(names)[:5]
    for name in gone:
        (here / "other" / name).unlink()
    paint(here / "other/test/a/new.png", 0, 500)
    paint(here / "other/test/b/new.png", 1, 501)
    colours(here / "art", here / "indexes/art")
    colours(here / "other", here / "indexes/other")
    found = compare_collections(["art", "other"], UNTIMED)
    assert found.protocol.images == 78 - 5
    assert {row.name: row.left_out for row in found.rows} == {"art": 5, "other": 2}
    assert all_equal(found)


def test_copies_are_matched_one_to_one(here: Path) -> None:
    """Two copies here and three there: two are compared."""
    copied = here / "art/train/a/copy.png"
    shutil.copy(here / "art/train/a/001.png", copied)
    scrambled(here / "art", here / "other", seed=5)
    shutil.copy(copied, here / "other/train/a/third.png")
    colours(here / "art", here / "indexes/art")
    colours(here / "other", here / "indexes/other")
    found = compare_collections(["art", "other"], UNTIMED)
    assert found.protocol.images == 79
    assert {row.name: row.left_out for row in found.rows} == {"art": 0, "other": 1}
    assert all_equal(found)


def test_the_first_ones_labels_and_splits_count(here: Path) -> None:
    """Both orders tell the disagreement, and each has the figures of the one named first."""
    facts = here / "facts.csv"
    rows = [f"{p.relative_to(here / 'art')},{p.parent.name}," for p in here.glob("art/*/*/*.png")]
    kept = [row for row in rows if not row.startswith(("test/a/049", "test/a/050"))]
    told = ["filename,label,split", *kept, "test/a/049.png,b,test", "test/a/050.png,a,train"]
    facts.write_text("\n".join(told))
    colours(here / "art", here / "indexes/art")
    colours(here / "art", here / "indexes/told", metadata=facts)
    ours, theirs = (
        compare_collections(["art", "told"], UNTIMED),
        compare_collections(["told", "art"], UNTIMED),
    )
    assert (ours.protocol.queries, theirs.protocol.queries) == (30, 29)
    assert all_equal(ours) and all_equal(theirs)
    split, label = about_matching(ours)
    assert "1 images have another split in told than in art (test/a/050.png: train, not test)" in (
        split
    )
    assert "1 images have another label in told than in art (test/a/049.png: b, not a)" in label
    sets = f"artvec embed {here / 'art'} -i indexes/{{}} --metadata {facts}"
    assert f"to give art those of told: {sets.format('art')})" in label
    assert f"to bring art up to date: {sets.format('art')})" in theirs.notes[1]


def test_labels_of_folders_are_changed_by_a_csv_only(here: Path) -> None:
    shutil.copytree(here / "art", here / "other")
    (here / "other/test/a/049.png").rename(here / "other/test/b/049.png")
    colours(here / "art", here / "indexes/art")
    colours(here / "other", here / "indexes/other")
    (note,) = about_matching(compare_collections(["art", "other"], UNTIMED))
    assert "the labels of art, which is named first, count for all" in note
    assert "to set those of other, a CSV with the columns filename and label" in note
    assert f"artvec embed {here / 'other'} -i indexes/other --metadata CSV" in note


def test_nothing_in_common(here: Path) -> None:
    paint(here / "other/test/a/new.png", 0, 500)
    colours(here / "art", here / "indexes/art")
    colours(here / "other", here / "indexes/other")
    with pytest.raises(ArtvecError, match="no image that all have: art, other") as caught:
        compare_collections(["art", "other"], UNTIMED)
    assert caught.value.usage and "--models" in caught.value.hint


def test_no_query_in_common(here: Path) -> None:
    scrambled(here / "art/train", here / "other/train", seed=6)
    colours(here / "art", here / "indexes/art")
    colours(here / "other", here / "indexes/other")
    with pytest.raises(ArtvecError, match=r"36 images that all collections have, none .*'test'"):
        compare_collections(["art", "other"], UNTIMED)


def test_without_labels_only_what_needs_none(here: Path, artvec: Run) -> None:
    for n in range(12):
        paint(here / f"plain/{n}.png", n % 3, n)
    colours(here / "plain", here / "indexes/plain")
    colours(here / "plain", here / "indexes/again")
    done = artvec("compare", "plain", "again", "--json")
    assert done.code == 0, done.err
    assert done.json["paired"] == [] and done.json["rankings"]["words"] == []
    for row in done.json["rows"]:
        assert row["metrics"] == {} and set(row["geometry"]) >= {"anisotropy"}
        assert "mean_rank" not in row
    assert "no labels" in done.json["notes"][0] and "--metadata" in done.json["notes"][0]
    assert artvec("compare", "plain", "again", "--no-speed").code == 0
