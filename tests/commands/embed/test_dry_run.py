"""`embed --dry-run` writes nothing, and says what the run then does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artvec.commands.embed import EmbedOptions, dry_run, embed_images
from artvec.core.errors import ArtvecError

Paint = Callable[[Path, int], Path]
Run = Callable[..., Any]
COLOURS = EmbedOptions(model="colour:4x4")
COUNTS = ("index", "found", "embedded", "reused", "removed", "failed", "dim")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the cache, too, where a test can see whether it is left alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARTVEC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


def tree(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Return every file and folder with its mode, modification time and content."""
    return {
        str(file): (
            file.lstat().st_mode,
            file.lstat().st_mtime_ns,
            hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "",
        )
        for file in [folder, *folder.rglob("*")]
    }


def counts(report: object) -> list[object]:
    return [getattr(report, name) for name in COUNTS]


def test_nothing_is_written_and_the_counts_are_the_runs_own(tmp_path: Path, paint: Paint) -> None:
    art = tmp_path / "art"
    for n in range(12):
        paint(art / f"{'ab'[n % 2]}/{n}.png", n)
    (art / "broken.jpg").write_bytes(b"\xff\xd8 no more")
    (art / "gone.png").symlink_to("nowhere")
    before = tree(tmp_path)
    foretold = dry_run(art, COLOURS)
    assert tree(tmp_path) == before
    assert counts(foretold) == [tmp_path / "indexes/art", 14, 12, 0, 0, 2, 48]
    report = embed_images(art, COLOURS)
    assert counts(report) == counts(foretold)
    assert sorted(report.failures, key=lambda f: f.path) == sorted(
        foretold.failures, key=lambda f: f.path
    )

    paint(art / "new.png", 50)
    paint(art / "a/0.png", 51)  # changed
    (art / "a/2.png").rename(art / "b/renamed.png")
    os.utime(art / "a/4.png", ns=(1, 1))  # touched: the same content
    (art / "b/copy.png").write_bytes((art / "a/6.png").read_bytes())
    (art / "b/1.png").unlink()
    before = tree(tmp_path)
    foretold = dry_run(art)
    assert tree(tmp_path) == before
    # new, changed and the copy are embedded; a/2.png moved, so only b/1.png is gone
    assert counts(foretold) == [tmp_path / "indexes/art", 15, 3, 10, 1, 2, 48]
    assert counts(embed_images(art)) == counts(foretold)
    assert dry_run(art).embedded == 0


def test_disk_is_estimated_from_real_rows(
    tmp_path: Path, paint: Paint, artvec_process: Run
) -> None:
    for n in range(200):
        paint(tmp_path / f"art/{n}.png", n)
    facts = tmp_path / "facts.csv"
    words = "".join(f"{n}.png,{'word ' * 40}\n" for n in range(200))
    facts.write_text(f"filename,notes\n{words}")
    options = EmbedOptions(model="colour:4x4", metadata=facts)
    estimate = dry_run(tmp_path / "art", options).estimate
    index = embed_images(tmp_path / "art", options).index
    bytes_on_disk = sum(file.stat().st_size for file in index.rglob("*") if file.is_file())
    assert estimate.disk_bytes == pytest.approx(bytes_on_disk, rel=0.25)
    assert estimate.sampled == 48
    assert estimate.seconds > 0
    told = artvec_process(
        "embed", "art", "-m", "colour:4x4", "-i", "new", "--dry-run", "--json"
    ).json
    assert 20e6 < told["estimate"]["memory_bytes"] < 1e9  # of a process that does nothing else


def test_an_encoder_that_is_not_kept_is_compiled_but_not_kept(
    tmp_path: Path, paint: Paint, artvec: Run
) -> None:
    paint(tmp_path / "art/a.png", 1)
    before = tree(tmp_path)
    done = artvec("embed", "art", "-m", "simple_cnn", "--dry-run", "--json")
    assert tree(tmp_path) == before
    assert done.json.keys() >= {*COUNTS, "failures", "dry_run", "estimate"}
    assert done.json["dry_run"] is True
    estimate = done.json["estimate"]
    assert 0 < estimate["encoder_seconds"] < estimate["seconds"]
    assert estimate["disk_bytes"] > 0 and estimate["memory_bytes"] > 0
    assert "done once on a machine" in done.err


def test_weights_that_would_be_downloaded_are_not(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "art/a.png", 1)
    before = tree(tmp_path)
    foretold = dry_run(tmp_path / "art", EmbedOptions(model="resnet18", image_size_px=64))
    assert tree(tmp_path) == before
    assert foretold.dim == 512
    assert "would be downloaded" in foretold.notes[0]


def test_what_the_run_would_refuse_is_refused(tmp_path: Path, paint: Paint, artvec: Run) -> None:
    paint(tmp_path / "art/a.png", 1)
    embed_images(tmp_path / "art", COLOURS)
    before = tree(tmp_path)
    with pytest.raises(ArtvecError, match="was made with colour:4x4"):
        dry_run(tmp_path / "art", EmbedOptions(model="simple_cnn"))
    with pytest.raises(ArtvecError, match="no images"):
        (tmp_path / "empty").mkdir()
        dry_run(tmp_path / "empty", COLOURS)
    (tmp_path / "empty").rmdir()
    foretold = dry_run(tmp_path / "art", EmbedOptions(model="simple_cnn", overwrite=True))
    assert (foretold.embedded, foretold.reused, foretold.dim) == (1, 0, 512)
    assert {name: found[2] for name, found in tree(tmp_path).items()} == {
        name: found[2] for name, found in before.items()
    }
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/a.png").write_text("no picture")
    done = artvec("embed", "bad", "-m", "colour:4x4", "--dry-run")
    assert done.code == 1
    assert "skipped a.png: not_an_image" in done.err
    assert not (tmp_path / "indexes/bad").exists()


def test_a_begun_overwrite_is_left_alone(tmp_path: Path, paint: Paint) -> None:
    """What an interrupted run left is neither taken up nor discarded by a rehearsal."""
    paint(tmp_path / "art/a.png", 1)
    embed_images(tmp_path / "art", COLOURS)
    left = tmp_path / "indexes/art/.overwrite/shards"
    left.mkdir(parents=True)
    (left / "000000-0123456789ab.arrow").write_text("half")
    before = tree(tmp_path)
    assert dry_run(tmp_path / "art", EmbedOptions(overwrite=True)).embedded == 1
    assert tree(tmp_path) == before


def test_a_damaged_kept_encoder_is_left_alone(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "art/a.png", 1)
    embed_images(tmp_path / "art", EmbedOptions(model="simple_cnn"))
    (blob,) = (tmp_path / "cache/encoders").iterdir()
    blob.write_bytes(blob.read_bytes()[:-100])
    before = tree(tmp_path)
    assert dry_run(tmp_path / "art").reused == 1
    assert tree(tmp_path) == before


def test_the_page_on_a_terminal(tmp_path: Path, paint: Paint, artvec: Run) -> None:
    for n in range(3):
        paint(tmp_path / f"art/{n}.png", n)
    done = artvec("embed", "art", "-m", "colour:4x4", "--dry-run")
    assert done.code == 0
    first, second, third = done.out.splitlines()
    assert first == "art: 3 found; nothing was written"
    assert second == "would embed 3, reuse 0, remove 0, skip 0"
    assert "on disk" in third and "of memory (from 3 pictures decoded)" in third
