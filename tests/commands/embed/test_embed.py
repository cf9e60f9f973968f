"""`embed`: counts, re-runs, labels and splits, refusals; no vector under the wrong picture."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from artvec.collection.reader import blocks, columns, open_collection
from artvec.commands.embed import EmbedOptions, EmbedReport, dry_run, embed_images
from artvec.commands.status import collection_status
from artvec.commands.verify.repair import repair_collection
from artvec.core.errors import ArtvecError

Paint = Callable[[Path, int], Path]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def colours(source: Path, **options: Any) -> EmbedReport:
    """Embed with the colour grid, whose vectors can be computed by hand."""
    return embed_images(source, EmbedOptions(model="colour:4x4", **options))


def contents(index: Path) -> dict[str, np.ndarray[Any, Any]]:
    collection = open_collection(index)
    paths = columns(collection, ["path"]).column("path").to_pylist()
    assert len(paths) == len(set(paths))
    return dict(zip(paths, np.concatenate(list(blocks(collection))), strict=True))


def by_hand(file: Path) -> np.ndarray[Any, Any]:
    grid = Image.open(file).convert("RGB").resize((4, 4), Image.Resampling.BOX)
    return (np.asarray(grid, dtype=np.float32).reshape(-1) - 127.5) / 127.5


def column(index: Path, name: str) -> dict[str, Any]:
    table = columns(open_collection(index), ["path", name])
    return dict(zip(table["path"].to_pylist(), table[name].to_pylist(), strict=True))


def test_every_vector_stands_under_its_own_picture(tmp_path: Path, paint: Paint) -> None:
    # Two folders share a base name: ids are relative paths, never names.
    files = [
        paint(tmp_path / "art" / f"{folder}/{n}.png", 7 * n + ord(folder))
        for folder in "ab"
        for n in range(20)
    ]
    report = colours(tmp_path / "art")
    assert (report.found, report.embedded, report.failed) == (40, 40, 0)
    vectors = contents(report.index)
    for file in files:
        path = file.relative_to(tmp_path / "art").as_posix()
        np.testing.assert_array_equal(vectors[path], by_hand(file))


def test_a_thousand_pictures_change_and_just_the_new_ones_are_embedded(tmp_path: Path) -> None:
    source = tmp_path / "art"
    (source / "x").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for n in range(1010):
        Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(tmp_path / f"{n}.png")
    for n in range(1000):
        (tmp_path / f"{n}.png").rename(source / f"x/{n}.png")
    assert colours(source).embedded == 1000
    for n in range(1000, 1010):
        (tmp_path / f"{n}.png").rename(source / f"x/{n}.png")
    for n in range(5):
        (source / f"x/{n}.png").unlink()
    (source / "y").mkdir()
    for n in range(100, 107):
        (source / f"x/{n}.png").rename(source / f"y/renamed-{n}.png")

    report = colours(source)

    assert (report.embedded, report.removed, report.reused) == (10, 5, 995)
    assert report.found == report.embedded + report.reused + report.failed == 1005
    vectors = contents(report.index)
    expected = {f.relative_to(source).as_posix(): by_hand(f) for f in source.rglob("*.png")}
    assert vectors.keys() == expected.keys()
    for path, vector in expected.items():
        np.testing.assert_array_equal(vectors[path], vector)
    assert column(report.index, "label")["y/renamed-100.png"] == "y"


def test_an_unchanged_source_writes_nothing(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "art/a.png", 1)
    index = colours(tmp_path / "art").index
    before = {file: file.stat().st_mtime_ns for file in index.rglob("*") if file.name != ".lock"}
    report = colours(tmp_path / "art")
    assert (report.embedded, report.reused, report.images_per_second) == (0, 1, None)
    assert before == {f: f.stat().st_mtime_ns for f in index.rglob("*") if f.name != ".lock"}


def test_changed_touched_copied_and_swapped_files(tmp_path: Path, paint: Paint) -> None:
    source = tmp_path / "art"
    for name, seed in (("changed", 1), ("touched", 2), ("left", 3), ("right", 4)):
        paint(source / f"{name}.png", seed)
    colours(source)
    paint(source / "changed.png", 99)
    os.utime(source / "touched.png", ns=(1, 1))
    shutil.copy(source / "left.png", source / "copy.png")
    (source / "left.png").rename(source / "tmp.png")
    (source / "right.png").rename(source / "left.png")
    (source / "tmp.png").rename(source / "right.png")

    report = colours(source)

    # The changed picture and the copy need a forward pass; swapped and touched ones do not.
    assert (report.embedded, report.reused, report.removed) == (2, 3, 0)
    for path, vector in contents(report.index).items():
        np.testing.assert_array_equal(vector, by_hand(source / path))


def test_bad_files_are_listed_and_change_no_vector(tmp_path: Path, paint: Paint) -> None:
    for n in range(40):
        paint(tmp_path / f"good/{n}.png", n)
        paint(tmp_path / f"mixed/{n}.png", n)
    (tmp_path / "mixed/0a.jpg").write_bytes(b"")
    (tmp_path / "mixed/11a.png").write_text("no picture")
    whole = (tmp_path / "mixed/5.png").read_bytes()
    (tmp_path / "mixed/20a.png").write_bytes(whole[: len(whole) // 2])

    options = EmbedOptions(model="simple_cnn")
    good, mixed = (
        embed_images(tmp_path / "good", options),
        embed_images(tmp_path / "mixed", options),
    )

    assert {f.path: f.reason for f in mixed.failures} == {
        "0a.jpg": "empty",
        "11a.png": "not_an_image",
        "20a.png": "truncated",
    }
    theirs = contents(good.index)
    ours = contents(mixed.index)
    assert theirs.keys() == ours.keys()
    assert all(np.array_equal(ours[path], theirs[path]) for path in ours)


def test_known_failures_are_retried_only_when_the_file_changed(
    tmp_path: Path, paint: Paint
) -> None:
    paint(tmp_path / "art/a.png", 1)
    (tmp_path / "art/b.png").write_text("no picture")
    first = colours(tmp_path / "art")
    again = colours(tmp_path / "art")
    assert first.failures == again.failures
    assert again.stages["decode"] == 0.0
    paint(tmp_path / "art/b.png", 2)
    mended = colours(tmp_path / "art")
    assert (mended.embedded, mended.failed) == (1, 0)


def test_shards_hold_1024_rows_and_the_last_one_is_filled_up(tmp_path: Path) -> None:
    source = tmp_path / "art"
    source.mkdir()
    rng = np.random.default_rng(1)

    def add(numbers: range) -> None:
        for n in numbers:
            pixels = rng.integers(0, 255, (4, 4, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(source / f"{n}.bmp")

    def shard_rows() -> list[int]:
        return [shard.rows for shard in open_collection(tmp_path / "indexes/art").manifest.shards]

    add(range(1500))
    colours(source)
    assert shard_rows() == [1024, 476]
    add(range(1500, 1510))
    colours(source)
    assert shard_rows() == [1024, 486]
    on_disk = {file.name for file in (tmp_path / "indexes/art/shards").iterdir()}
    assert on_disk == {s.name for s in open_collection(tmp_path / "indexes/art").manifest.shards}


def test_metadata_labels_splits_and_columns_follow_without_a_forward_pass(
    tmp_path: Path, paint: Paint
) -> None:
    source = tmp_path / "art"
    for name in ("train/old/a", "test/old/b", "c"):
        paint(source / f"{name}.png", len(name))
    index = colours(source).index
    assert column(index, "label") == {
        "train/old/a.png": "old",
        "test/old/b.png": "old",
        "c.png": None,
    }
    assert column(index, "split")["train/old/a.png"] == "train"

    facts = tmp_path / "facts.csv"
    facts.write_text("filename,category,year,split\na.png,baroque,1650,val\nc.png,rococo,,query\n")
    report = colours(source, metadata=facts)
    assert (report.embedded, report.reused) == (0, 3)
    assert column(index, "label")["train/old/a.png"] == "baroque"
    assert column(index, "split") == {
        "train/old/a.png": "val",
        "test/old/b.png": "test",
        "c.png": "query",
    }
    assert column(index, "year") == {"train/old/a.png": 1650, "test/old/b.png": None, "c.png": None}

    # The file is remembered; when it is gone, guessing would drop its columns.
    assert colours(source).reused == 3
    assert column(index, "year")["train/old/a.png"] == 1650
    facts.unlink()
    with pytest.raises(ArtvecError, match=r"metadata file .* is gone"):
        colours(source)


def test_one_split_for_all_collections_of_a_source(tmp_path: Path, paint: Paint) -> None:
    for n in range(30):
        paint(tmp_path / f"art/{'ab'[n % 2]}/{n}.png", n)
    first = column(colours(tmp_path / "art").index, "split")
    other = embed_images(tmp_path / "art", EmbedOptions(model="simple_cnn", index="art-cnn"))
    assert column(other.index, "split") == first
    per_label = [[first[p] for p in first if p.startswith(label)] for label in "ab"]
    for splits in per_label:  # 15 each: 9 / 3 / 3
        assert [splits.count(name) for name in ("train", "val", "test")] == [9, 3, 3]


def test_the_same_picture_on_two_sides_of_a_given_split_is_told(
    tmp_path: Path, paint: Paint
) -> None:
    paint(tmp_path / "art/train/a/1.png", 1)
    paint(tmp_path / "art/test/a/1.png", 1)
    assert any("also lie on another side" in note for note in colours(tmp_path / "art").notes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (EmbedOptions(model="simple_cnn"), "was made with colour:4x4"),
        (EmbedOptions(model="colour:5x5", index="new"), "no backbone 'colour:5x5'"),
        (EmbedOptions(index="new", metadata=Path("nope.csv")), "no metadata file"),
        (EmbedOptions(index="new", model="colour:4x4", group="artist"), "no metadata column"),
        (EmbedOptions(dtype="float16"), "was made with float32 vectors"),
        (EmbedOptions(index="./art"), "is no collection and not empty"),
    ],
)
def test_refusals_say_what_to_type(
    tmp_path: Path, paint: Paint, options: EmbedOptions, message: str
) -> None:
    paint(tmp_path / "art/a.png", 1)
    colours(tmp_path / "art")
    with pytest.raises(ArtvecError, match=message) as refused:
        embed_images(Path("art"), options)
    assert refused.value.usage
    assert refused.value.hint


@pytest.mark.parametrize("action", [embed_images, dry_run])
@pytest.mark.parametrize("model", ["resnet50", "torchvision:resnet18", "resnet50.a1_in1k"])
def test_another_encoder_is_refused_before_its_weights_are_looked_for(
    tmp_path: Path, paint: Paint, monkeypatch: pytest.MonkeyPatch, action: Any, model: str
) -> None:
    paint(tmp_path / "art/a.png", 1)
    colours(tmp_path / "art")
    monkeypatch.setattr(
        "artvec.encoding.backbones.sources.load", None
    )  # whoever looks for weights, fails
    monkeypatch.setattr("artvec.encoding.backbones.sources.stand_in", None)
    for weights in (None, Path("not_here.pth")):
        with pytest.raises(ArtvecError, match="was made with colour:4x4 ") as refused:
            action(Path("art"), EmbedOptions(model=model, weights=weights))
        assert refused.value.usage
        assert refused.value.message.endswith(f", not with {model}")
        assert f"-m {model}" in refused.value.hint
    with pytest.raises(ArtvecError, match="no backbone 'resnet5O'"):
        action(Path("art"), EmbedOptions(model="resnet5O"))


def test_images_by_content_are_said_and_taken_for_good_when_asked(
    tmp_path: Path, paint: Paint
) -> None:
    for name in ("a.png", "plain", "scan.dat"):
        paint(tmp_path / "art/x.png", len(name)).rename(tmp_path / "art" / name)
    (tmp_path / "art/notes.txt").write_text("none")
    report = colours(tmp_path / "art")
    assert (report.found, report.embedded) == (1, 1)
    assert report.images_by_content == ("plain", "scan.dat")
    assert report.passed_over == {"": 1, ".dat": 1, ".txt": 1}
    assert any("plain, scan.dat; --any-suffix" in note for note in report.notes)
    assert any(
        "2 more are images by content" in note for note in collection_status(report.index).notes
    )
    taken = colours(tmp_path / "art", any_suffix=True)
    assert (taken.embedded, taken.reused, taken.passed_over) == (2, 1, {".txt": 1})
    again = embed_images(tmp_path / "art")
    assert (again.rows, again.reused, again.removed) == (3, 3, 0)
    assert collection_status(report.index).complete
    (report.index / "collection.json").unlink()
    repair_collection(report.index, tmp_path / "art")
    assert set(column(report.index, "width")) == {"a.png", "plain", "scan.dat"}
    back = embed_images(tmp_path / "art", EmbedOptions(any_suffix=False))
    assert (back.rows, back.removed) == (1, 2)


def test_a_source_whose_names_hide_its_images_says_so(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "art/x.png", 0).rename(tmp_path / "art/plain")
    with pytest.raises(ArtvecError, match="though 1 begin") as refused:
        colours(tmp_path / "art")
    assert "--any-suffix" in refused.value.hint


def test_an_empty_source_never_empties_a_collection(tmp_path: Path, paint: Paint) -> None:
    picture = paint(tmp_path / "art/a.png", 1)
    index = colours(tmp_path / "art").index
    picture.unlink()
    with pytest.raises(ArtvecError, match=r"no images under .*its collection was left as it is"):
        colours(tmp_path / "art")
    assert open_collection(index).rows == 1


def test_overwrite_replaces_the_encoder_and_keeps_the_split(tmp_path: Path, paint: Paint) -> None:
    for n in range(20):
        paint(tmp_path / f"art/{n}.png", n)
    before = colours(tmp_path / "art")
    split = column(before.index, "split")
    after = embed_images(tmp_path / "art", EmbedOptions(model="simple_cnn", overwrite=True))
    assert (after.index, after.dim, after.embedded) == (before.index, 512, 20)
    assert column(after.index, "split") == split
    assert [folder.name for folder in (tmp_path / "indexes").iterdir()] == ["art"]


def test_overwrite_keeps_what_is_not_said(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "art/a.png", 1)
    facts = tmp_path / "facts.csv"
    facts.write_text("filename,year\na.png,1650\n")
    colours(tmp_path / "art", metadata=facts)
    report = embed_images(tmp_path / "art", EmbedOptions(overwrite=True))
    assert (report.dim, column(report.index, "year")) == (48, {"a.png": 1650})
    assert embed_images(tmp_path / "art").reused == 1


def test_float16_is_kept_and_within_rounding(tmp_path: Path, paint: Paint) -> None:
    picture = paint(tmp_path / "art/a.png", 1)
    index = colours(tmp_path / "art", dtype="float16").index
    vector = contents(index)["a.png"]
    assert vector.dtype == np.float16
    np.testing.assert_allclose(vector, by_hand(picture), atol=1e-3)


def test_a_killed_run_is_taken_up_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "art"
    source.mkdir()
    rng = np.random.default_rng(2)
    for n in range(2500):
        Image.fromarray(rng.integers(0, 255, (4, 4, 3), dtype=np.uint8)).save(source / f"{n}.bmp")
    whole = colours(source, index="whole")

    class Killed(BaseException):
        pass

    def die_late(done: int, total: int) -> None:
        if done > 2300:
            raise Killed

    with pytest.raises(Killed):
        embed_images(source, EmbedOptions(model="colour:4x4", index="cut"), die_late)
    with pytest.raises(ArtvecError, match="not complete"):
        open_collection(tmp_path / "indexes/cut")
    # A whole shard that no manifest names yet is adopted: as if killed between the two writes.
    report = colours(source, index="cut")
    assert (report.embedded, report.reused) == (2500 - 2048, 2048)
    assert _tables(report.index).equals(_tables(whole.index))


def _tables(index: Path) -> pa.Table:
    return pa.concat_tables(open_collection(index).tables)
