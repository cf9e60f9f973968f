"""`artvec duplicates` from end to end: real pictures, real altered copies, whole processes."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pytest
from PIL import Image

from artvec.collection.manifest import Manifest
from artvec.collection.writer import CollectionWriter
from artvec.core.types import EncoderIdentity, Preprocessing
from tests.support.altered import alter

Run = Callable[..., Any]


@pytest.fixture
def copied(gallery: Path, artvec: Run) -> dict[str, set[str]]:
    """Embed the gallery and altered copies of two pictures; return original → copies."""
    files = sorted(gallery.rglob("*.jpg"))
    chosen = [files[5], files[25]]
    made = {
        file.relative_to(gallery).as_posix(): alter(file, gallery / f"copies{at}")
        for at, file in enumerate(chosen)
    }
    assert artvec("embed", "art", "-m", "colour:4x4", "-q").code == 0
    return made


def test_copies_are_found_and_nothing_else(copied: dict[str, set[str]], artvec: Run) -> None:
    """50 different pictures, and 8 copies each of two: two groups, the largest file first."""
    answer = artvec("duplicates", "--json").json
    assert answer["n_images"] == 50 + 2 * 8
    assert sorted(map(set, paths_of(answer)), key=min) == sorted(
        ({original} | copies for original, copies in copied.items()), key=min
    )
    for group in answer["groups"]:
        assert group["kind"] == "near"
        sizes = [Image.open(file).size for file in group["files"]]
        pixels = [width * height for width, height in sizes]
        assert pixels == sorted(pixels, reverse=True)
        assert all(Path(file).is_absolute() for file in group["files"])
    assert answer["n_copies"] == 16
    first = [group["files"][0] for group in answer["groups"]]
    everything = [file for group in answer["groups"] for file in group["files"]]
    assert answer["copy_bytes"] == sum(Path(f).stat().st_size for f in set(everything) - set(first))


def test_hash_bits_are_those_of_imagehash(copied: dict[str, set[str]], artvec: Run) -> None:
    """ImageHash's bits, bit by bit; mirroring turns the second bit of every two in its rows."""
    groups = artvec("duplicates", "--json").json["groups"]
    assert len(groups) == len(copied)
    for group in groups:
        texts = [str(imagehash.phash(Image.open(file).convert("RGB"))) for file in group["files"]]
        different = [int(text, 16) ^ int(texts[0], 16) for text in texts]
        assert group["hash_bits"] == [
            min(bits.bit_count(), (bits ^ 0x5555_5555_5555_5555).bit_count()) for bits in different
        ]


def test_without_the_pictures_crops_and_some_captions_are_lost(
    copied: dict[str, set[str]], gallery: Path, artvec: Run
) -> None:
    """Everything else is known from what is stored."""
    for file in gallery.rglob("*.*"):
        file.unlink()
    done = artvec("duplicates", "--json")
    assert done.code == 0
    assert "note: " in done.err and "can't be looked at" in done.err
    found = {path for group in paths_of(done.json) for path in group}
    lost = {path for copies in copied.values() for path in copies} - found
    assert {"copies0/cropped.png", "copies1/cropped.png"} <= lost
    assert all("cropped" in path or "captioned" in path for path in lost)
    assert done.json["looked"] == 0


def test_no_looks_open_no_picture(copied: dict[str, set[str]], artvec: Run) -> None:
    done = artvec("duplicates", "--looks", "0", "--json")
    assert done.json["looked"] == 0
    assert "not looked at (--looks " in done.err
    assert len(paths_of(done.json)) == len(copied)
    assert not any("cropped" in path for group in paths_of(done.json) for path in group)
    refused = artvec("duplicates", "--looks", "-1")
    assert refused.code == 2
    assert refused.err == "error: --looks -1 is below 0\nhint: give --looks 0 or more\n"


def test_a_file_that_was_replaced_is_not_looked_at(
    copied: dict[str, set[str]], gallery: Path, artvec: Run
) -> None:
    for number in (0, 1):
        shutil.copy(gallery / f"copies{number}/grey.png", gallery / f"copies{number}/cropped.png")
    found = artvec("duplicates", "--json")
    assert len(paths_of(found.json)) == len(copied)
    assert "cropped" not in str(paths_of(found.json))
    assert "pictures are gone or changed" in found.err


def test_equal_files_are_exact_and_across_splits_told(gallery: Path, artvec: Run) -> None:
    picture = next(gallery.glob("train/*/*.jpg"))
    shutil.copy(picture, gallery / "test" / "copy.jpg")
    shutil.copy(picture, gallery / "train" / "another.jpg")
    artvec("embed", "art", "-m", "colour:4x4", "-q")
    done = artvec("duplicates", "--json")
    (group,) = done.json["groups"]
    assert group["kind"] == "exact"
    assert group["paths"] == sorted(group["paths"])
    assert group["splits"] == ["test", "train"]
    assert group["similarity"] == [1.0, 1.0, 1.0]
    assert done.json["n_leaks"] == 1
    said = artvec("duplicates").out
    taken = f"{2 * picture.stat().st_size / 1e6:.1f} MB"
    assert f"1 group (1 exact, 0 near) among 52 pictures; 2 superfluous copies, {taken}" in said
    assert "1 group across splits; nothing was deleted" in said


def test_nothing_is_changed(copied: dict[str, set[str]], tmp_path: Path, artvec: Run) -> None:
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    assert artvec("duplicates").code == 0
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before


def test_table_and_page_are_safe(tmp_path: Path, artvec: Run, paint: Callable[..., Path]) -> None:
    """File names that would be formulas or scripts are only names."""
    names = ["=1+1.png", "<script>alert(1)<script>.png"]
    for name in names:
        paint(tmp_path / "art" / name, 1)
    paint(tmp_path / "art" / "other.png", 2)
    artvec("embed", "art", "-m", "colour:4x4", "-q")
    done = artvec("duplicates", "--csv", "copies.csv", "--html", "copies.html", "--json")
    assert done.json["csv"] == str(tmp_path / "copies.csv")
    with (tmp_path / "copies.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["path"] for row in rows] == [names[1], f"'{names[0]}"]
    assert {(row["group"], row["kind"], row["similarity"], row["hash_bits"]) for row in rows} == {
        ("1", "exact", "1.000000", "0")
    }
    assert {(row["width"], row["height"]) for row in rows} == {("96", "80")}
    page = (tmp_path / "copies.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.count("data:image/jpeg;base64,") == 2
    failed = artvec("duplicates", "--csv", "nowhere/copies.csv")
    assert failed.code == 2
    assert failed.err == "error: there is no folder nowhere\nhint: make it: mkdir -p nowhere\n"


def test_flat_pictures_of_other_colours_are_other_pictures(tmp_path: Path, artvec: Run) -> None:
    """All flat pictures have one hash; 64 colours twice each are 64 pairs, not one group."""
    (tmp_path / "art").mkdir()
    levels = (0, 80, 160, 240)
    colours = [(r, g, b) for r in levels for g in levels for b in levels]
    for number, colour in enumerate(colours):
        Image.new("RGB", (40, 40), colour).save(tmp_path / "art" / f"{number}.png")
        Image.new("RGB", (50, 50), colour).save(tmp_path / "art" / f"{number}-large.png")
    artvec("embed", "art", "-m", "colour:4x4", "-q")
    groups = paths_of(artvec("duplicates", "--json").json)
    assert sorted(groups) == sorted([f"{n}-large.png", f"{n}.png"] for n in range(64))


def test_one_picture_and_no_duplicates(gallery: Path, tmp_path: Path, artvec: Run) -> None:
    artvec("embed", "art", "-m", "colour:4x4", "-q")
    done = artvec("duplicates", "--json")
    assert (done.code, done.json["groups"], done.json["n_images"]) == (0, [], 50)
    assert artvec("duplicates").out == "no duplicates among 50 pictures\n"
    (tmp_path / "one").mkdir()
    shutil.copy(next(gallery.rglob("*.jpg")), tmp_path / "one")
    artvec("embed", "one", "-m", "colour:4x4", "-q")
    one = artvec("duplicates", "-i", "one")
    assert (one.code, one.out) == (0, "no duplicates among 1 picture\n")


def test_an_empty_collection(tmp_path: Path, artvec: Run) -> None:
    preprocessing = Preprocessing(4, 4, "squash", "box", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    identity = EncoderIdentity("synthetic", "", preprocessing, "none", 8)
    manifest = Manifest(identity, "float32", str(tmp_path))
    with CollectionWriter(tmp_path / "indexes/none", manifest, stored=None) as writer:
        writer.finish(lambda _, __, row: row, {})
    done = artvec("duplicates", "--html", "page.html")
    assert (done.code, done.out) == (0, "no duplicates among 0 pictures\n")
    assert (tmp_path / "page.html").is_file()


def test_a_zero_vector_is_nobodys_copy(tmp_path: Path, artvec: Run) -> None:
    """Black pictures and patterns have nothing in common but a direction of length 0."""
    (tmp_path / "art").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "art" / "black.png")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "art" / "noise.png")
    artvec("embed", "art", "-m", "colour:4x4", "-q")
    assert artvec("duplicates", "--json").json["groups"] == []


def paths_of(answer: dict[str, Any]) -> list[list[str]]:
    return [group["paths"] for group in answer["groups"]]
