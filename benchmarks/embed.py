"""`artvec embed` end to end beside a plain timm loop (malloc tuned and not) and its own ceiling."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from benchmarks.measure import Figure, artvec, in_turn, run, script, seconds, write
from benchmarks.pictures import make_pictures

PARTS = "its parts alone"
CASES = ((2000, 256, 3), (200, 3464, 2))  # pictures, side in px (12 MP), rounds


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
            PARTS: script("forward_only.py", str(source), str(count)),
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
        if name not in ("artvec", PARTS)
    ]
    parts = [tuple(map(float, run.output.split())) for run in runs[PARTS]]
    forward, decode = (statistics.median(part) for part in zip(*parts, strict=True))
    ceiling = 1 / (1 / forward + 1 / decode)
    figures.append(
        Figure(what, "lite0", rate, "pictures/s", "forward only", rate / forward, rounds)
    )
    name = "ceiling 1/(1/forward + 1/decode)"
    return [*figures, Figure(what, "lite0", rate, "pictures/s", name, rate / ceiling, rounds)]


if __name__ == "__main__":
    main()
