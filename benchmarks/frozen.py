"""The head on stored embeddings beside a loop that runs the frozen backbone in every epoch.

Twenty epochs of the demo gallery's 300 training pictures. `with embed` adds the one pass in which
`artvec embed` makes the embeddings of all 500 pictures, as a whole process.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from artvec.gallery import paint_demo
from benchmarks.measure import Figure, artvec, run, script, write

EPOCHS = 20


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        write("frozen", _figures(Path(place)))


def _figures(place: Path) -> list[Figure]:
    gallery = paint_demo(place / "gallery").folder
    index = f"{place}/index"
    embed = artvec("embed", str(gallery), "-i", index, "--overwrite", "-q")
    run(embed)  # compile once, warm the disk
    embedded = run(embed).seconds
    words = ["--recipe", "frozen", "--epochs", str(EPOCHS), "--name", f"{place}/run", "--json"]
    report = json.loads(run(artvec("train", index, *words)).output)
    ours, accuracy = report["phases"][0]["seconds"], report["test"]["accuracy"]
    figures = []
    for name, words in (("plain", []), ("plain, malloc tuned", ["tuned"])):
        loop = json.loads(
            run(script("frozen_loop.py", str(gallery), str(EPOCHS), *words)).output.splitlines()[-1]
        )
        print(f"  {name}: {loop['seconds']:.1f} s against {ours:.2f} s", flush=True)
        for what, seconds in (("training", ours), ("training with embed", embedded + ours)):
            ratio = loop["seconds"] / seconds
            figures.append(
                Figure(f"{what}, {EPOCHS} epochs", "frozen", seconds, "s", name, ratio, 1)
            )
        baseline = f"{name}, {loop['accuracy']:.3f}"
        ratio = accuracy / loop["accuracy"]
        figures.append(Figure("test accuracy", "frozen", accuracy, "", baseline, ratio, 1))
    return figures


if __name__ == "__main__":
    main()
