"""The head on stored embeddings beside a loop that runs the frozen backbone in every epoch.

Twenty epochs of the demo gallery's 300 training pictures. `with embed` adds the one pass in which
`artvec embed` makes the embeddings of all 500 pictures, as a whole process.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from artvec.commands.data.demo import paint_demo
from benchmarks.measure import Figure, artvec, run, script, wants_full, write

EPOCHS = 20
SAME_ACCURACY = "≥ 0.98"
"""The test split has a hundred pictures: one more or less is no difference."""


def main(full: bool = False) -> None:
    with tempfile.TemporaryDirectory() as place:
        write("frozen", _figures(Path(place)))


def _figures(place: Path) -> list[Figure]:
    gallery = paint_demo(place / "gallery").folder
    index = f"{place}/index"
    embed = artvec("embed", str(gallery), "-i", index, "--overwrite", "-q")
    run(embed)  # compile once, warm the disk
    embedded = run(embed).seconds
    words = ["--recipe", "frozen", "--epochs", str(EPOCHS), "--name", f"{place}/run", "--json"]
    trained = run(artvec("train", index, *words))
    report = json.loads(trained.output)
    ours, accuracy = report["phases"][0]["seconds"], report["test"]["accuracy"]
    figures = []
    for name, words in (("plain", []), ("plain, malloc tuned", ["tuned"])):
        plain = run(script("frozen_loop.py", str(gallery), str(EPOCHS), *words))
        loop = json.loads(plain.output.splitlines()[-1])
        print(f"  {name}: {loop['seconds']:.1f} s against {ours:.2f} s", flush=True)
        for what, took, bar in (
            ("training", ours, "≥ 30"),
            ("training with embed", embedded + ours, ""),
        ):
            what, ratio = f"{what}, {EPOCHS} epochs", loop["seconds"] / took
            peak = trained.peak_mib
            figures.append(Figure(what, "frozen", took, "s", name, ratio, 1, bar, None, peak))
        baseline, ratio = f"{name}, {loop['accuracy']:.3f}", accuracy / loop["accuracy"]
        figures.append(
            Figure("test accuracy", "frozen", accuracy, "", baseline, ratio, 1, SAME_ACCURACY)
        )
    return figures


if __name__ == "__main__":
    main(full=wants_full())
