"""Steps of an evaluation in 30 classes, beside the plain scikit-learn way.

Both run in turn (A B A B) in processes of their own. Time is that of the step with its imports,
without reading vectors; memory is the process's peak, vectors included. Both must come to the same
figure; the probe, which each fits in its own way, to an objective no worse.
"""

from __future__ import annotations

import json
import math
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.measure import Figure, Run, in_turn, peak_mib, script, wants_full, write
from benchmarks.vectors import INTRINSIC


@dataclass(frozen=True)
class Step:
    """A step of an evaluation.

    Attributes:
        what: It does.
        bar: Of its speed.
        agree: By how much the figures of both may differ.
    """

    what: str
    bar: str = ""
    agree: float = 1e-5


STEPS = {
    "cosine": Step("silhouettes, cosine", "≥ 5"),
    "euclidean": Step("silhouettes, Euclidean", "≥ 2"),
    "knn": Step("kNN-20 of a sixth", "≥ 2.2", agree=1e-3),  # neighbours tie
    "retrieval": Step("MAP@R of a sixth", agree=1e-3),
    "probe": Step("linear probe, one strength", "≥ 3", agree=math.inf),
}
ROWS, FULL_ROWS, DIM, CLASSES = 20_000, 60_000, 1280, 30
GROUPS_PER_CLASS, PLAIN = 10, "scikit-learn"


def main(full: bool = False) -> None:
    write("evaluation", _figures(ROWS, [name for name, step in STEPS.items() if step.bar]))
    if full:
        write("evaluation_full", _figures(FULL_ROWS, list(STEPS)))


def _figures(rows: int, steps: list[str]) -> list[Figure]:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "vectors.npz"
        vectors, labels = labelled(rows, DIM, CLASSES)
        np.savez(file, vectors=vectors, labels=labels)
        size = f"{rows:,} × {DIM:,}"
        return [figure for step in steps for figure in _compare(step, file, size)]


def labelled(rows: int, dim: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows, dim) float32 vectors as `vectors.realistic` makes them, and their classes.

    A class is ten overlapping groups in 24 dimensions, so that neither neighbours nor a linear
    probe tell all of it.
    """
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((INTRINSIC, dim), dtype=np.float32) / np.sqrt(INTRINSIC)
    groups = rng.integers(classes * GROUPS_PER_CLASS, size=rows)
    centres = rng.standard_normal((classes * GROUPS_PER_CLASS, INTRINSIC), dtype=np.float32)
    inner = centres[groups] + 0.7 * rng.standard_normal((rows, INTRINSIC), dtype=np.float32)
    vectors = inner.astype(np.float32) @ basis
    vectors += 0.15 * rng.standard_normal((rows, dim), dtype=np.float32)
    return np.maximum(vectors, 0), groups // GROUPS_PER_CLASS


def _compare(name: str, file: Path, size: str) -> list[Figure]:
    step = STEPS[name]
    commands = {
        who: script("evaluation_step.py", name, who, str(file)) for who in ("artvec", "plain")
    }
    runs = in_turn(commands)
    ours, theirs = (_medians(runs[who]) for who in commands)
    print(f"  {name}: figures {ours['figure']:.8f} and {theirs['figure']:.8f}", flush=True)
    assert abs(ours["figure"] - theirs["figure"]) <= step.agree
    what, rounds = f"{step.what}, {size}", len(runs["artvec"])
    speed = theirs["seconds"] / ours["seconds"]
    peak = peak_mib(runs["artvec"])
    figures = [
        Figure(what, "time", ours["seconds"], "s", PLAIN, speed, rounds, step.bar, None, peak),
        Figure(what, "memory", peak, "MiB", PLAIN, peak / peak_mib(runs["plain"]), rounds),
    ]
    if name == "probe":
        objective = ours["figure"]
        ratio = objective / theirs["figure"]
        figures.append(Figure(what, "objective", objective, "", PLAIN, ratio, rounds, "≤ 1"))
    return figures


def _medians(runs: list[Run]) -> dict[str, float]:
    told = [json.loads(run.output.splitlines()[-1]) for run in runs]
    return {key: statistics.median(one[key] for one in told) for key in ("seconds", "figure")}


if __name__ == "__main__":
    main(full=wants_full())
