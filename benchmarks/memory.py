"""Peak memory of `artvec embed` at ten times the pictures: it must not grow with them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Figure, artvec, run, wants_full, write
from benchmarks.pictures import make_pictures, make_tiny

FEW, MANY = 2_000, 20_000
FULL_FEW, FULL_MANY = 20_000, 200_000
SIDE_PX = 256


def main(full: bool = False) -> None:
    write("memory", [_figure("tf_efficientnet_lite0", _jpegs, FEW, MANY)])
    if full:
        write("memory_full", [_figure("colour:4x4", make_tiny, FULL_FEW, FULL_MANY)])


def _figure(model: str, make: Callable[[Path, int], Path], few: int, many: int) -> Figure:
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "pictures"
        run(_embed(make(source, 16), model, f"{place}/warm"))  # compile once
        fewer = run(_embed(make(source, few), model, f"{place}/few"))
        more = run(_embed(make(source, many), model, f"{place}/many"))
    ratio = more.peak_mib / fewer.peak_mib
    name = model.removeprefix("tf_efficientnet_")
    baseline = f"{few} pictures ({fewer.peak_mib:.0f} MiB)"
    return Figure(
        f"peak memory, {many} pictures", name, more.peak_mib, "MiB", baseline, ratio, 1, "≤ 1.1"
    )


def _jpegs(folder: Path, count: int) -> Path:
    return make_pictures(folder, count, SIDE_PX)


def _embed(source: Path, model: str, index: str) -> list[str]:
    return artvec("embed", str(source), "-m", model, "-i", index, "-q")


if __name__ == "__main__":
    main(full=wants_full())
