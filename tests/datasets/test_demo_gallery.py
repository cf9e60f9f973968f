"""Checks the painted demo gallery through its one public function."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest
from PIL import Image

from artvec.datasets.demo_gallery import STYLES, Gallery, paint_gallery

SCENES = 5


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """Paint one small gallery for all tests, with two processes."""
    folder = tmp_path_factory.mktemp("gallery")
    return paint_gallery(folder, seed=3, scenes=SCENES, workers=2)


def _pictures_by_name(folder: Path) -> dict[str, bytes]:
    files = folder.rglob("*.jpg")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_reports_what_it_painted(gallery: Gallery) -> None:
    """The result names the folder, the counts, the styles and the seed."""
    assert gallery == Gallery(gallery.folder, SCENES * len(STYLES), SCENES, STYLES, 3)
    assert len(list(gallery.folder.rglob("*.jpg"))) == gallery.pictures


def test_every_style_has_the_same_scenes(gallery: Gallery) -> None:
    """Each split holds every style, with the same scene names in each."""
    for split, count in (("train", 3), ("val", 1), ("test", 1)):
        styles = sorted(path.name for path in (gallery.folder / split).iterdir())
        assert styles == sorted(STYLES)
        names = [
            {path.name for path in (gallery.folder / split / style).iterdir()} for style in styles
        ]
        assert all(len(each) == count and each == names[0] for each in names)


def test_no_scene_is_in_two_splits(gallery: Gallery) -> None:
    """A scene's number leads to one split only."""
    splits = defaultdict(set)
    for path in gallery.folder.rglob("*.jpg"):
        splits[path.stem].add(path.parent.parent.name)
    assert len(splits) == SCENES
    assert all(len(found) == 1 for found in splits.values())


def test_pictures_open_in_the_promised_form(gallery: Gallery) -> None:
    """Every file is an RGB JPEG within the size and shape limits."""
    files = list(gallery.folder.rglob("*.jpg"))
    assert len(files) == gallery.pictures
    for path in files:
        with Image.open(path) as image:
            image.load()
            assert (image.format, image.mode) == ("JPEG", "RGB")
            short, long = sorted(image.size)
        assert 220 <= short <= 324
        assert long / short < 1.36


def test_no_two_pictures_are_alike(gallery: Gallery) -> None:
    """Every style paints every scene differently."""
    contents = [path.read_bytes() for path in gallery.folder.rglob("*.jpg")]
    assert len(set(contents)) == len(contents) == gallery.pictures


def test_note_is_honest(gallery: Gallery) -> None:
    """The note says that a program painted the pictures, and how to repeat it."""
    note = (gallery.folder / "README.md").read_text(encoding="utf-8")
    assert "A program painted them" in note
    assert "Seed: 3" in note
    assert "CC0" in note
    assert all(style in note for style in STYLES)


def test_same_seed_gives_same_files_in_one_process(gallery: Gallery, tmp_path: Path) -> None:
    """Bytes depend neither on how many processes paint nor on how many scenes follow."""
    seen: list[tuple[int, int]] = []
    painted = paint_gallery(
        tmp_path, seed=3, scenes=2, workers=1, progress=lambda *done: seen.append(done)
    )
    expected, found = _pictures_by_name(gallery.folder), _pictures_by_name(tmp_path)
    assert len(found) == painted.pictures
    assert found == {name: expected[name] for name in found}
    assert seen == [(done, painted.pictures) for done in range(1, painted.pictures + 1)]


def test_other_seed_replaces_pictures_of_the_same_name(gallery: Gallery, tmp_path: Path) -> None:
    """Painting over a gallery overwrites; another seed changes every picture it paints."""
    folder = shutil.copytree(gallery.folder, tmp_path / "copy")
    paint_gallery(folder, seed=4, scenes=1, workers=1)
    before, after = _pictures_by_name(gallery.folder), _pictures_by_name(folder)
    assert before.keys() == after.keys()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name for name in before if name.endswith("-000.jpg")}
    assert len(changed) == len(STYLES)


def test_leaves_no_unfinished_files(gallery: Gallery) -> None:
    """Beside the pictures there is only the note."""
    others = [
        path for path in gallery.folder.rglob("*") if path.is_file() and path.suffix != ".jpg"
    ]
    assert [path.name for path in others] == ["README.md"]


def test_unwritable_folder_is_an_os_error(tmp_path: Path) -> None:
    """A file where the folder should be raises OSError and nothing else."""
    blocked = tmp_path / "taken"
    blocked.write_text("not a folder")
    with pytest.raises(OSError):
        paint_gallery(blocked, scenes=1, workers=1)


def test_ctrl_c_is_answered_once(tmp_path: Path) -> None:
    """A terminal sends it to the painting processes, too, which may still be starting."""
    command = [sys.executable, "-m", "artvec_cli", "data", "demo", "gallery"]
    painting = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until = time.monotonic() + 30
    while not (tmp_path / "gallery").is_dir() and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.3)
    os.killpg(painting.pid, signal.SIGINT)
    _, told = painting.communicate(timeout=60)
    assert (painting.returncode, told) == (130, "stopped\n")
