"""Checks that memory stays near that of an ordinary run, whatever comes, in whole processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.support.hostile.crafted import (
    chunk,
    deflated_zeros,
    png,
    png_header,
    saved,
    tiff,
    tiff_tags,
    write_sparse,
)

# A process inherits its parent's peak across exec, so a small one stands between.
LAUNCHER = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""
GB = 1_000_000_000
LARGE = (13_376, 13_376)  # 178.9 million pixels, the most that are allowed


def _png(size: tuple[int, int], depth: int, colour: int, before: bytes = b"") -> bytes:
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    line = 1 + size[0] * channels * depth // 8
    pixels = deflated_zeros(line * size[1])
    return png(png_header(*size, depth, colour), pixels, before=before)


def _palette(size: tuple[int, int]) -> bytes:
    return _png(size, 8, 3, chunk(b"PLTE", bytes(range(6))) + chunk(b"tRNS", b"\x80\xff"))


def _tiff(size: tuple[int, int], photometric: int, bits: list[int], *more: int) -> bytes:
    """One deflated strip."""
    tags = tiff_tags(*size, photometric, bits, compression=8)
    data = deflated_zeros(size[0] * size[1] * sum(bits) // 8)
    tags[279] = (4, [len(data)])
    if more:
        tags[338] = (3, more)
    return tiff(tags, data)


def _packed_strip(codec: int, size: tuple[int, int]) -> bytes:
    """One strip by a codec that unpacks it whole."""
    if codec == 5:
        data = imagecodecs.lzw_encode(bytes(3 * size[0] * size[1]))
    else:
        data = saved(Image.new("RGB", size, "olive"), "JPEG", keep_rgb=True)
        data = data[:2] + data[data.index(b"\xff\xdb") :]
    tags = tiff_tags(*size, 2, [8, 8, 8], compression=codec)
    return tiff({**tags, 279: (4, [len(data)])}, data)


def _turned_tiff(size: tuple[int, int]) -> bytes:
    tags = tiff_tags(*size, 1, [8], compression=8)
    data = deflated_zeros(size[0] * size[1])
    return tiff({**tags, 274: (3, [6]), 279: (4, [len(data)])}, data)


def _cmyk_jpeg(size: tuple[int, int]) -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    as_cmyk = profile[:16] + b"CMYK" + profile[20:]
    return saved(Image.new("CMYK", size, (9, 99, 0, 9)), "JPEG", icc_profile=as_cmyk)


def _jpeg(size: tuple[int, int]) -> bytes:
    return saved(Image.new("RGB", size, "olive"), "JPEG", progressive=True, subsampling=0)


def _webp(size: tuple[int, int]) -> bytes:
    return saved(Image.new("RGBA", size, "olive"), "WEBP", lossless=True, method=0, quality=0)


def _write(make: Callable[[], bytes]) -> Callable[[Path], None]:
    return lambda file: file.write_bytes(make()) and None


def _sparse_tiff(photometric: int, bits: list[int], sample_format: int) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        head = tiff({**tiff_tags(*LARGE, photometric, bits), 339: (3, [sample_format])})
        write_sparse(file, head, len(head) + LARGE[0] * LARGE[1] * sum(bits) // 8)

    return write


WORST = {
    "rgba16.png": _write(lambda: _png(LARGE, 16, 6)),
    "grey16.png": _write(lambda: _png(LARGE, 16, 0)),
    "palette.png": _write(lambda: _palette(LARGE)),
    "float.tif": _sparse_tiff(1, [32], 3),
    "lab.tif": _sparse_tiff(8, [8, 8, 8], 1),
    "strip.tif": _write(lambda: _tiff((8_000, 8_000), 2, [16, 16, 16, 16], 2)),
    "lzw.tif": _write(lambda: _packed_strip(5, (8_500, 8_500))),
    "jpeg.tif": _write(lambda: _packed_strip(7, (5_500, 5_500))),
    "turned.tif": _write(lambda: _turned_tiff((9_000, 9_000))),
    "cmyk.jpg": _write(lambda: _cmyk_jpeg((13_000, 13_000))),
    "progressive.jpg": _write(lambda: _jpeg((9_000, 9_000))),
    "alpha.webp": _write(lambda: _webp((16_383, 2_800))),
    "wide.png": _write(lambda: _png((30_000, 200), 8, 2)),
    "tall.png": _write(lambda: _png((1, 10_000_000), 8, 2)),
    "line.png": _write(lambda: _png((10_000_000, 1), 16, 6)),
}


def _embed(folder: Path, place: Path, *flags: str) -> tuple[float, dict]:
    """Run `artvec embed` on a folder; return its peak of resident memory in bytes, and its JSON."""
    command = [sys.executable, "-m", "artvec_cli", "embed", str(folder), "-m", "colour:4x4"]
    command += ["-i", str(place / f"{folder.name}.index"), "--json", *flags]
    launched = [sys.executable, "-S", "-c", LAUNCHER, str(place / "peak"), *command]
    done = subprocess.run(launched, capture_output=True, text=True, cwd=place)
    assert done.returncode == 0, done.stderr
    return int((place / "peak").read_text()) * 1024, json.loads(done.stdout)


def _ordinary(place: Path) -> Path:
    folder = place / "ordinary"
    folder.mkdir()
    for seed in range(24):
        noise = np.random.default_rng(seed).integers(0, 256, (600, 800, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{seed}.jpg")
    return folder


def test_pictures_that_do_not_fit_together_wait_their_turn(tmp_path: Path) -> None:
    """One of 45 million pixels takes 180 MB; two would be more than 46 million pixels allow."""
    folder = tmp_path / "large"
    folder.mkdir()
    for n in range(4):
        (folder / f"{n}.png").write_bytes(_png((9_000 - n, 5_000), 8, 6))
    before, _ = _embed(_ordinary(tmp_path), tmp_path)
    peak, report = _embed(folder, tmp_path, "--max-pixels", "46000000")
    assert report["embedded"] == 4
    assert peak - before < 300_000_000


@pytest.mark.long
@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_memory_stays_within_a_gigabyte_of_an_ordinary_run(tmp_path: Path, mode: str) -> None:
    """The largest legal picture of every expensive kind, two of each; `pytest -s` shows peaks."""
    before, _ = _embed(_ordinary(tmp_path), tmp_path)
    peaks = {}
    for name, write in WORST.items():
        folder = tmp_path / name
        folder.mkdir()
        write(folder / f"0-{name}")
        with (folder / f"0-{name}").open("rb") as first, (folder / f"1-{name}").open("wb") as copy:
            while block := first.read(1 << 24):
                copy.write(block)
            copy.write(b"\0")  # other bytes, or the second would be known by the first
        peak, report = _embed(folder, tmp_path, "--decode", mode)
        assert (report["embedded"], report["failures"]) == (2, []), name
        peaks[name] = round((peak - before) / 1e6)
        for file in folder.iterdir():
            file.unlink()
    sys.stdout.write(f"{mode}, MB above an ordinary run: {peaks}\n")
    assert max(peaks.values()) * 1e6 < GB, peaks
