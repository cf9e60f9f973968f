"""What `artvec embed --dry-run` estimates, beside what the run then costs: time, disk, memory."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.measure import Figure, artvec, run, wants_full, write
from benchmarks.pictures import make_pictures

CASES = (("1500 JPEG of 256 px", 1500, 256), ("60 JPEG of 3464 px", 60, 3464))
MIXED = "300 PNG and TIFF of 100 to 2000 px"


def main(full: bool = False) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run(_embed(make_pictures(folder / "warm", 16, 256), folder / "index"))  # compile once
        figures = []
        for what, count, side_px in CASES:
            figures += _compare(make_pictures(folder / what, count, side_px), what)
        figures += _compare(make_mixed(folder / "mixed"), MIXED)
    write("dry_run", figures)


def make_mixed(folder: Path, count: int = 300) -> Path:
    """Write PNG and TIFF files whose sides are spread evenly over their logarithm, seeded."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        width, height = np.exp(rng.uniform(np.log(100), np.log(2000), 2)).astype(int)
        coarse = Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=float)
        pixels = np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)
        suffix = ("png", "tif")[number % 2]
        Image.fromarray(pixels).save(folder / f"{number:04d}.{suffix}")
    return folder


def _compare(source: Path, what: str) -> list[Figure]:
    index = source.with_name(f"{source.name} index")
    rehearsal = run([*_embed(source, index), "--dry-run", "--json"])
    estimate = json.loads(rehearsal.output)["estimate"]
    real = run(_embed(source, index))
    disk_bytes = sum(file.stat().st_size for file in index.rglob("*") if file.is_file())
    figures = []
    for name, unit, estimated, measured in (
        ("seconds", "s", estimate["seconds"], real.seconds),
        ("disk", "MB", estimate["disk_bytes"] / 1e6, disk_bytes / 1e6),
        ("memory", "MiB", estimate["memory_bytes"] / 2**20, real.peak_mib),
    ):
        baseline = f"{measured:.4g} {unit} in the run"
        figures.append(
            Figure(what, f"lite0, {name}", estimated, unit, baseline, estimated / measured, 1)
        )
    took = f"{real.seconds:.4g} s for the run"
    share = rehearsal.seconds / real.seconds
    figures.append(Figure(what, "the dry run itself", rehearsal.seconds, "s", took, share, 1))
    return figures


def _embed(source: Path, index: Path) -> list[str]:
    return artvec("embed", str(source), "-i", str(index), "-q")


if __name__ == "__main__":
    main(full=wants_full())
