"""`embed` loses nothing: not the user's files, not rows, not splits, whatever comes between."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artvec.collection.lock import writing
from artvec.collection.reader import columns, open_collection
from artvec.commands.data.demo import paint_demo
from artvec.commands.embed import EmbedOptions, EmbedReport, embed_images
from artvec.commands.search import search_collection
from artvec.commands.status import collection_status
from artvec.core.errors import ArtvecError

Paint = Callable[[Path, int], Path]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def colours(source: Path, **options: Any) -> EmbedReport:
    return embed_images(source, EmbedOptions(model="colour:4x4", **options))


def splits(index: Path) -> list[tuple[bytes, str]]:
    table = columns(open_collection(index), ["content_hash", "split"])
    return list(zip(table["content_hash"].to_pylist(), table["split"].to_pylist(), strict=True))


def paint_many(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(count)
    for n in range(count):
        pixels = rng.integers(0, 255, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{n}.bmp")


class Killed(BaseException):
    """Ends a run as kill -9 would: nothing of artvec catches it."""


def killed_after(count: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done > count:
            raise Killed

    return progress


def test_overwrite_touches_nothing_but_its_own_files(tmp_path: Path, paint: Paint) -> None:
    index = tmp_path / "indexes/mine"
    picture = paint(index / "pictures/a.png", 1)
    colours(index / "pictures", index="mine")
    (index / "notes.txt").write_text("mine")
    (index / "pictures/.draft.partial").write_text("mine")
    report = colours(index / "pictures", index="mine", overwrite=True)
    assert report.embedded == 1
    assert picture.is_file()
    assert (index / "notes.txt").read_text() == "mine"
    assert (index / "pictures/.draft.partial").is_file()
    assert open_collection(index).source == (index / "pictures").resolve()
    assert collection_status(index).complete


def test_a_folder_called_like_a_backbone_is_not_a_run(tmp_path: Path, paint: Paint) -> None:
    (tmp_path / "colour:4x4").mkdir()
    paint(tmp_path / "art/a.png", 1)
    assert colours(tmp_path / "art").embedded == 1


def test_overwrite_is_refused_while_another_writes(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "art/a.png", 1)
    index = colours(tmp_path / "art").index
    with writing(index), pytest.raises(ArtvecError, match=r"is being written to by process \d+"):
        colours(tmp_path / "art", overwrite=True)
    assert open_collection(index).rows == 1


def test_an_interrupted_overwrite_leaves_the_old_and_can_change_its_mind(tmp_path: Path) -> None:
    paint_many(tmp_path / "art", 1500)
    before = colours(tmp_path / "art")
    again = EmbedOptions(overwrite=True)
    with pytest.raises(Killed):
        embed_images(
            tmp_path / "art", EmbedOptions(model="simple_cnn", overwrite=True), killed_after(1100)
        )
    assert open_collection(before.index).manifest.encoder.backbone == "colour:4x4"
    assert search_collection(before.index, ["0.bmp"]).queries
    with pytest.raises(Killed):
        embed_images(tmp_path / "art", again, killed_after(1100))
    report = embed_images(
        tmp_path / "art", again
    )  # without -m: the collection's own, taken up again
    assert (report.dim, report.embedded, report.reused) == (48, 476, 1024)


def test_a_picture_keeps_its_split_when_renamed_and_copied_at_once(
    tmp_path: Path, paint: Paint
) -> None:
    for n in range(40):
        paint(tmp_path / f"art/a/{n}.png", n)
    index = colours(tmp_path / "art").index
    before = dict(splits(index))
    (tmp_path / "art/b").mkdir()
    for n in range(0, 40, 3):
        moved = tmp_path / f"art/a/{n}.png"
        moved.rename(moved.with_name(f"renamed-{n}.png"))
        shutil.copy(moved.with_name(f"renamed-{n}.png"), tmp_path / f"art/b/copy-{n}.png")
    colours(tmp_path / "art")
    assert len(splits(index)) == 54
    assert all(split == before[content] for content, split in splits(index))


def test_a_picture_that_comes_back_finds_its_split(tmp_path: Path, paint: Paint) -> None:
    for n in range(10):
        paint(tmp_path / f"art/{n}.png", n)
    index = colours(tmp_path / "art").index
    before = dict(splits(index))
    sibling = colours(tmp_path / "art", index="./elsewhere/copy").index
    assert dict(splits(sibling)).keys() == before.keys()
    beside = colours(tmp_path / "art", index="./elsewhere/second").index
    assert dict(splits(beside)) == dict(splits(sibling)) == before
    again = colours(tmp_path / "art", index="./apart/alone").index
    shutil.rmtree(tmp_path / "indexes")
    assert dict(splits(colours(tmp_path / "art", index="./apart/alone", overwrite=True).index)) == (
        before
    )
    (tmp_path / "art/3.png").rename(tmp_path / "away.png")
    colours(tmp_path / "art", index="./apart/alone")
    (tmp_path / "away.png").rename(tmp_path / "art/new-name.png")
    colours(tmp_path / "art", index="./elsewhere/second")
    assert dict(splits(beside)) == before
    assert again.is_dir()


def test_readers_see_the_old_columns_until_a_run_with_new_ones_has_finished(tmp_path: Path) -> None:
    paint_many(tmp_path / "art", 3)
    index = colours(tmp_path / "art").index
    shutil.copytree(tmp_path / "art", tmp_path / "more")
    paint_many(tmp_path / "art/more", 1200)
    (tmp_path / "facts.csv").write_text("filename,artist\n0.bmp,Leyster\n")
    options = EmbedOptions(model="colour:4x4", metadata=tmp_path / "facts.csv")
    with pytest.raises(Killed):
        embed_images(tmp_path / "art", options, killed_after(1100))
    hits = search_collection(index, ["1.bmp"]).queries[0].hits
    assert (len(hits), hits[0].metadata) == (3, {})
    embed_images(tmp_path / "art", options)
    assert "artist" in search_collection(index, ["1.bmp"]).queries[0].hits[0].metadata


def test_metadata_can_be_dropped(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "art/a.png", 1)
    facts = tmp_path / "facts.csv"
    facts.write_text("filename,artist\na.png,Leyster\n")
    index = colours(tmp_path / "art", metadata=facts, group="artist").index
    facts.unlink()
    with pytest.raises(ArtvecError, match="is gone") as gone:
        colours(tmp_path / "art")
    assert "--metadata none" in gone.value.hint
    assert colours(tmp_path / "art", metadata=Path("none")).reused == 1
    assert open_collection(index).manifest.columns == {}


def test_a_folder_that_cannot_be_read_loses_no_rows(
    tmp_path: Path, paint: Paint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        paint(tmp_path / f"art/{'ab'[n % 2]}/{n}.png", n)
    colours(tmp_path / "art")
    scan = os.scandir

    def closed(place: Any = ".") -> Any:
        if str(place).endswith("/b"):
            raise PermissionError(13, "Permission denied")
        return scan(place)

    monkeypatch.setattr(os, "scandir", closed)
    report = colours(tmp_path / "art")
    assert (report.rows, report.reused, report.removed, report.failed) == (4, 2, 0, 1)
    assert any("2 rows were kept" in note for note in report.notes)


def test_a_link_whose_disk_is_gone_loses_no_row(tmp_path: Path, paint: Paint) -> None:
    disk = paint(tmp_path / "disk/a.png", 1)
    paint(tmp_path / "art/b.png", 2)
    (tmp_path / "art/a.png").symlink_to(disk)
    colours(tmp_path / "art")
    disk.rename(tmp_path / "disk/away.png")
    report = colours(tmp_path / "art")
    assert (report.rows, report.reused, report.removed, report.failed) == (2, 1, 0, 1)
    assert (report.failures[0].path, report.failures[0].reason) == ("a.png", "vanished")
    (tmp_path / "art/a.png").unlink()
    assert colours(tmp_path / "art").removed == 1


def test_strangers_among_the_shards_are_cleared_away(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "art/a.png", 1)
    index = colours(tmp_path / "art").index
    shard = next((index / "shards").iterdir())
    shutil.copy(shard, shard.with_name("copy.arrow"))
    shard.with_name("000009-aaaaaaaaaaaa.arrow").write_bytes(b"half a shard")
    paint(tmp_path / "art/b.png", 2)
    assert colours(tmp_path / "art").rows == 2
    manifest = open_collection(index).manifest
    assert {f.name for f in (index / "shards").iterdir()} == {s.name for s in manifest.shards}


def test_groups_that_already_straddle_are_told(tmp_path: Path, paint: Paint) -> None:
    for n in range(20):
        paint(tmp_path / f"art/{n}.png", n)
    colours(tmp_path / "art")
    rows = "".join(f"{n}.png,{'Hals' if n % 2 else 'Leyster'}\n" for n in range(20))
    (tmp_path / "facts.csv").write_text(f"filename,artist\n{rows}")
    report = colours(tmp_path / "art", metadata=tmp_path / "facts.csv", group="artist")
    assert any("2 groups lie on several sides" in note for note in report.notes)


def test_the_demo_is_not_painted_over_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "mine/train/cats").mkdir(parents=True)
    (tmp_path / "mine/README.md").write_text("# Mine")
    with pytest.raises(ArtvecError, match="not a gallery that artvec painted"):
        paint_demo(tmp_path / "mine", scenes=5)
    assert (tmp_path / "mine/README.md").read_text() == "# Mine"


def test_ctrl_c_and_kill_keep_whole_shards(tmp_path: Path) -> None:
    paint_many(tmp_path / "art", 4000)
    command = [sys.executable, "-m", "artvec_cli", "embed", "art", "-m", "colour:4x4"]
    for sent in (signal.SIGINT, signal.SIGKILL):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        shards = tmp_path / "indexes/art/shards"
        have = len(list(shards.glob("*.arrow"))) if shards.is_dir() else 0
        while process.poll() is None and (
            not shards.is_dir() or len(list(shards.glob("*.arrow"))) <= have
        ):
            time.sleep(0.005)
        process.send_signal(sent)
        _, errors = process.communicate()
        expected = 130 if sent == signal.SIGINT else -signal.SIGKILL
        assert process.returncode == expected, errors
        assert "stopped; whole shards are kept" in errors or sent == signal.SIGKILL
    finished = colours(tmp_path / "art")
    assert finished.reused >= 2048
    assert finished.embedded + finished.reused == 4000
    whole = colours(tmp_path / "art", index="whole")
    assert splits(finished.index) == splits(whole.index)
