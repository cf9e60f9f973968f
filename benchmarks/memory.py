"""Peak memory of `artvec embed` at 2,000 and 20,000 pictures: it must not grow with them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import Figure, artvec, run, write
from benchmarks.pictures import make_pictures

FEW, MANY = 2_000, 20_000


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "pictures"
        run(_embed(make_pictures(source, 16, 256), f"{place}/warm"))  # compile once
        few = run(_embed(make_pictures(source, FEW, 256), f"{place}/few"))
        many = run(_embed(make_pictures(source, MANY, 256), f"{place}/many"))
    ratio = many.peak_mib / few.peak_mib
    what = f"peak memory, {MANY} pictures"
    baseline = f"{FEW} pictures ({few.peak_mib:.0f} MiB)"
    write("memory", [Figure(what, "lite0", many.peak_mib, "MiB", baseline, ratio, 1)])


def _embed(source: Path, index: str) -> list[str]:
    return artvec("embed", str(source), "-i", index, "-q")


if __name__ == "__main__":
    main()
