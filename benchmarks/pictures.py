"""Make JPEGs to measure with: structured pictures with grain, seeded."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image


def make_pictures(folder: Path, count: int, side_px: int, *, classes: int = 10) -> Path:
    """Write `count` square JPEGs in class folders; those that exist are kept."""
    rng = np.random.default_rng(side_px)
    grain = rng.normal(0, 12, (side_px, side_px, 3)).astype(np.float32)
    for number in range(count):
        file = folder / f"class{number % classes}" / f"{number:06d}.jpg"
        coarse = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
        if file.is_file():
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        smooth = Image.fromarray(coarse).resize((side_px, side_px), Image.Resampling.BICUBIC)
        pixels = np.asarray(smooth, dtype=np.float32) + np.roll(grain, number, axis=0)
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file, quality=90)
    return folder


if __name__ == "__main__":
    make_pictures(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
