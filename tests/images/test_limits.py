"""What `--max-pixels` lets in, and shapes that would become gigantic."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from artvec.core.types import Decoded, Preprocessing
from artvec.images.decode import decode_sample
from artvec.images.find import sample_of
from tests.support.hostile.pictures import PICTURE


def _embed(place: Path, *flags: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "artvec_cli", "embed", "art", "-m", "colour:4x4"]
    done = subprocess.run(
        [*command, "--json", *flags], cwd=place, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _reasons(report: dict[str, Any]) -> dict[str, str]:
    return {failure["path"]: failure["reason"] for failure in report["failures"]}


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """Return a folder `art` with one good picture."""
    (tmp_path / "art").mkdir()
    PICTURE.save(tmp_path / "art/good.png")
    return tmp_path / "art"


def test_a_raised_limit_lets_in_what_was_refused(art: Path) -> None:
    """A refusal is remembered with its limit: the same one isn't tried again, another is."""
    Image.new("RGB", (300, 200)).save(art / "large.png")
    first = _embed(art.parent, "--max-pixels", "50000")
    assert _reasons(first) == {"large.png": "too_large"}
    (message,) = (failure["message"] for failure in first["failures"])
    assert message == "300 × 200: 60,000 pixels; --max-pixels 60000 allows it"
    again = _embed(art.parent, "--max-pixels", "50000")
    assert (again["embedded"], again["reused"], again["failed"]) == (0, 1, 1)
    assert again["stages"]["decode"] == 0
    raised = _embed(art.parent, "--max-pixels", "60000")
    assert (raised["embedded"], raised["failed"]) == (1, 0)


def test_a_panorama_is_within_a_deep_backbones_means(tmp_path: Path) -> None:
    """30,000 × 200 to a short side of 256 is a strip of 38,400 × 256: the memory is granted."""
    strip = Image.new("RGB", (30_000, 200), "olive")
    for orientation, size in ((1, (30_000, 200)), (6, (200, 30_000))):
        exif = Image.Exif()
        exif[0x0112] = orientation
        strip.save(tmp_path / "a.png", exif=exif)
        wanted = Preprocessing(224, 256, "crop", "bicubic", (0.5,) * 3, (0.5,) * 3)
        seen = decode_sample(sample_of(tmp_path / "a.png"), wanted, "fast")
        assert isinstance(seen, Decoded)
        assert (seen.fingerprint.width, seen.fingerprint.height) == size
        assert (seen.pixels == [128, 128, 0]).all()


@pytest.mark.parametrize("size", [(1, 10_000), (10_000, 1), (3, 200_000)])
def test_only_what_is_seen_of_a_line_is_resized(tmp_path: Path, size: tuple[int, int]) -> None:
    """Whole, 1 × 10,000 would become 256 × 2,560,000; the middle is white, the ends are not."""
    line = Image.new("L", size)
    middle = (size[0] * 2 // 5, size[1] * 2 // 5, -(-size[0] * 3 // 5), -(-size[1] * 3 // 5))
    line.paste(255, middle)
    line.save(tmp_path / "a.png")
    wanted = Preprocessing(224, 256, "crop", "bicubic", (0.5,) * 3, (0.5,) * 3)
    seen = decode_sample(sample_of(tmp_path / "a.png"), wanted, "fast")
    assert isinstance(seen, Decoded)
    assert seen.pixels[100:124, 100:124].min() > 235


def test_a_gigantic_sparse_file_is_refused_unread(art: Path) -> None:
    with (art / "tera.jpg").open("wb") as handle:
        handle.write(b"\xff\xd8\xff")
        handle.truncate(1 << 42)
    assert _reasons(_embed(art.parent)) == {"tera.jpg": "too_large"}
