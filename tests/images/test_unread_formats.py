"""A format that isn't read here is named, with what to do; one that needs an extra names it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from artvec.core.types import Preprocessing, Skipped
from artvec.images.decode import decode_sample
from artvec.images.find import sample_of

WANTED = Preprocessing(8, 8, "squash", "bicubic", (0.5,) * 3, (0.5,) * 3)
# What `import pillow_heif` finds where the extra is not installed.
WITHOUT_EXTRA = "import sys; sys.modules['pillow_heif'] = None; "
MAIN = "from artvec_cli.__main__ import main; sys.exit(main())"
ADVICE = "a HEIC picture; pip install 'artvec[heic]' reads it"


def _heic(file: Path) -> None:
    pillow_heif.register_heif_opener()
    Image.new("RGB", (64, 48), (200, 40, 30)).save(file, "HEIF")


def _artvec(place: Path, *arguments: str, extra: bool) -> subprocess.CompletedProcess[str]:
    code = ("import sys; " if extra else WITHOUT_EXTRA) + MAIN
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=120)


def _report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_a_heic_without_its_extra_names_it_until_it_is_there(tmp_path: Path) -> None:
    """By its own suffix and by another, in embed and search; installed later, it is read."""
    (tmp_path / "art").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "art/good.png")
    for name in ("a.heic", "b.jpg"):
        _heic(tmp_path / "art" / name)
    command = ("embed", "art", "-m", "colour:4x4", "--json", "-v")
    done = _artvec(tmp_path, *command, extra=False)
    failures = {f["path"]: (f["reason"], f["message"]) for f in _report(done)["failures"]}
    assert failures == dict.fromkeys(("a.heic", "b.jpg"), ("unsupported_mode", ADVICE))
    assert f"skipped b.jpg: unsupported_mode ({ADVICE})" in done.stderr
    again = _report(_artvec(tmp_path, *command, extra=False))
    assert (again["embedded"], again["failed"], again["stages"]["decode"]) == (0, 2, 0)
    search = _artvec(tmp_path, "search", "art/b.jpg", extra=False)
    error, hint = search.stderr.splitlines()
    assert search.returncode == 1
    assert error.startswith("error:")
    assert ADVICE in error
    assert hint.startswith("hint: pip install 'artvec[heic]'")
    with_extra = _report(_artvec(tmp_path, *command, extra=True))
    assert (with_extra["embedded"], with_extra["failed"]) == (2, 0)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"\xff\x0a", "a JPEG XL picture, a format not read here; save it as PNG or JPEG"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
        (b"8BPS\0\1", "a Photoshop picture"),
        (b"v/1\x01", "an OpenEXR picture"),
        (b"P6\n64 48\n255\n", "a PNM picture"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "a camera raw (CR3) picture"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", "a film (MP4), a format not read here"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\n<!DOCTYPE html><title>404", "an HTML page"),
        (b"<?xml version='1.0'?>\n<svg xmlns=''>", "an SVG drawing"),
        (b"Dear reader", "its content is no image format known here"),
    ],
)
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.heic"])
def test_what_is_not_read_is_named(tmp_path: Path, head: bytes, said: str, name: str) -> None:
    (tmp_path / name).write_bytes(head + bytes(99))
    skipped = decode_sample(sample_of(tmp_path / name), WANTED, "exact")
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "not_an_image"
    assert skipped.message.startswith(said)
