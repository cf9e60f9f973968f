"""A second `artvec search` as a process, beside what importing torch and timm alone takes."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Figure, artvec, in_turn, run, seconds, write
from benchmarks.pictures import make_pictures

ROUNDS = 5


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        source = make_pictures(Path(place) / "pictures", 1000, 256)
        run(artvec("embed", str(source), "-i", f"{place}/index", "-q"))
        query = str(next(source.rglob("*.jpg")))
        runs = in_turn(
            {
                "artvec search": artvec("search", query, "-i", f"{place}/index"),
                "import torch, timm": [sys.executable, "-c", "import torch, timm"],
                "artvec --help": artvec("--help"),
                "python -c pass": [sys.executable, "-c", "pass"],
            },
            rounds=ROUNDS,
        )
    ours = seconds(runs["artvec search"])
    help_s, bare = seconds(runs["artvec --help"]), seconds(runs["python -c pass"])
    imports = seconds(runs["import torch, timm"])
    write(
        "search_start",
        [
            Figure(
                "cold search",
                "1,000 × 1,280",
                ours,
                "s",
                "import torch, timm",
                ours / imports,
                ROUNDS,
            ),
            Figure("artvec --help", "", help_s, "s", "python -c pass", help_s / bare, ROUNDS),
        ],
    )


if __name__ == "__main__":
    main()
