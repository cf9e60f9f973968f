"""Make pictures to measure with: structured JPEGs with grain, and tiny ones by the thousand."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from artvec.core.runtime import cores
from artvec.core.types import Float32Array, UInt8Array

TINY_PX = 16
GRAIN = 12
"""Standard deviation of the noise on each pixel: 2.9 bits a pixel of a large JPEG; 4 makes 1.3."""


def make_pictures(
    folder: Path, count: int, side_px: int, *, classes: int = 10, grain: float = GRAIN
) -> Path:
    """Write `count` square JPEGs in class folders; those that exist are kept, of any grain."""
    rng = np.random.default_rng(side_px)
    noise = rng.normal(0, grain, (side_px, side_px, 3)).astype(np.float32)
    files = _files(folder, count, classes, "jpg")
    coarse = (rng.integers(0, 256, (20, 20, 3), dtype=np.uint8) for _ in files)
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(partial(_paint, noise), range(count), files, coarse))
    return folder


def make_tiny(folder: Path, count: int, *, classes: int = 10) -> Path:
    """Write `count` small PNGs of noise, no two alike; those that exist are kept."""
    rng = np.random.default_rng(TINY_PX)
    for file in _files(folder, count, classes, "png"):
        pixels = rng.integers(0, 256, (TINY_PX, TINY_PX, 3), dtype=np.uint8)
        if not file.is_file():
            Image.fromarray(pixels).save(file, compress_level=0)
    return folder


def _files(folder: Path, count: int, classes: int, suffix: str) -> list[Path]:
    """Return where the pictures go; the class folders exist then."""
    files = [folder / f"class{n % classes}" / f"{n:06d}.{suffix}" for n in range(count)]
    for place in {file.parent for file in files}:
        place.mkdir(parents=True, exist_ok=True)
    return files


def _paint(noise: Float32Array, number: int, file: Path, coarse: UInt8Array) -> None:
    """Write a picture: coarse colours smoothed, with the noise moved down by its number."""
    if file.is_file():
        return
    size = (noise.shape[1], noise.shape[0])
    smooth = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    pixels = np.roll(noise, number, axis=0)
    pixels += np.asarray(smooth)
    np.clip(pixels, 0, 255, out=pixels)
    Image.fromarray(pixels.astype(np.uint8)).save(file, quality=90)


if __name__ == "__main__":
    make_pictures(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
