"""Steps of an evaluation at 60,000 × 1,280 in 30 classes, beside the plain scikit-learn way.

Both run in turn (A B A B) in processes of their own. Time is that of the step with its imports,
without reading vectors; memory is the process's peak, vectors included.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.measure import Figure, Run, in_turn, peak_mib, script, write
from benchmarks.vectors import INTRINSIC

STEPS = {
    "cosine": "silhouettes, cosine",
    "euclidean": "silhouettes, Euclidean",
    "knn": "kNN-20 of a sixth",
    "retrieval": "MAP@R of a sixth",
    "probe": "linear probe, one strength",
}
GROUPS_PER_CLASS, AGREE = 10, 1e-3


def main(arguments: Sequence[str] = ()) -> None:
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "vectors.npz"
        vectors, labels = labelled(options.rows, options.dim, options.classes)
        np.savez(file, vectors=vectors, labels=labels)
        figures = [
            figure
            for step in options.steps
            for figure in _compare(step, file, f"{options.rows:,} × {options.dim:,}", options)
        ]
    write("evaluation", figures)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--dim", type=int, default=1280)
    parser.add_argument("--classes", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    return parser.parse_args(arguments)


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


def _compare(step: str, file: Path, size: str, options: argparse.Namespace) -> list[Figure]:
    name = "evaluation_step.py"
    runs = in_turn(
        {who: script(name, step, who, str(file)) for who in ("artvec", "plain")},
        rounds=options.rounds,
    )
    ours, theirs = (_medians(runs[who]) for who in ("artvec", "plain"))
    print(f"  {step}: figures {ours['figure']:.8f} and {theirs['figure']:.8f}", flush=True)
    assert abs(ours["figure"] - theirs["figure"]) < AGREE
    what, baseline = f"{STEPS[step]}, {size}", "scikit-learn"
    speed = theirs["seconds"] / ours["seconds"]
    memory = peak_mib(runs["artvec"]) / peak_mib(runs["plain"])
    return [
        Figure(what, "time", ours["seconds"], "s", baseline, speed, options.rounds),
        Figure(what, "memory", peak_mib(runs["artvec"]), "MiB", baseline, memory, options.rounds),
    ]


def _medians(runs: list[Run]) -> dict[str, float]:
    told = [json.loads(run.output.splitlines()[-1]) for run in runs]
    return {key: statistics.median(one[key] for one in told) for key in ("seconds", "figure")}


if __name__ == "__main__":
    main(sys.argv[1:])
