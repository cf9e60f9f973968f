"""`artvec embed` end to end beside a plain timm loop (malloc tuned and not) and its own ceiling."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from benchmarks.measure import Figure, artvec, in_turn, run, script, seconds, write
from benchmarks.pictures import make_pictures

CASES = ((2000, 256, 3), (200, 3464, 3))  # pictures, side in px (12 MP), rounds


def main() -> None:
    figures = []
    for count, side_px, rounds in CASES:
        with tempfile.TemporaryDirectory() as place:
            figures += _case(Path(place), count, side_px, rounds)
    write("embed", figures)


def _case(place: Path, count: int, side_px: int, rounds: int) -> list[Figure]:
    source = make_pictures(place / "pictures", count, side_px)
    embed = artvec("embed", str(source), "-i", f"{place}/index", "--overwrite", "-q")
    run(artvec("embed", str(source), "-i", f"{place}/warm", "-q"))  # compile once, warm the disk
    runs = in_turn(
        {
            "artvec": embed,
            "plain": script("plain_loop.py", str(source), f"{place}/plain.npy"),
            "plain, malloc tuned": script(
                "plain_loop.py", str(source), f"{place}/plain.npy", "tuned"
            ),
        },
        rounds=rounds,
    )
    ours = seconds(runs["artvec"])
    what = f"embed {count} JPEG of {side_px} px"
    rate = count / ours
    figures = [
        Figure(
            what, "lite0, whole process", rate, "pictures/s", name, seconds(other) / ours, rounds
        )
        for name, other in runs.items()
        if name != "artvec"
    ]
    forward, decode = _parts(source, count)
    ceiling = 1 / (1 / forward + 1 / decode)
    figures.append(
        Figure(what, "lite0", rate, "pictures/s", "forward only", rate / forward, rounds)
    )
    name = "ceiling 1/(1/forward + 1/decode)"
    return [*figures, Figure(what, "lite0", rate, "pictures/s", name, rate / ceiling, rounds)]


def _parts(source: Path, count: int) -> tuple[float, float]:
    command = script("forward_only.py", str(source), str(count))
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    forward, decode = map(float, out.split())
    return forward, decode


if __name__ == "__main__":
    main()
