"""`artvec cluster` at 20,000 × 1,280 beside plain PCA and hdbscan; in full at 60,000, every method.

The vectors come in known groups.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score

from artvec.collection.analysis import stored_groups
from artvec.collection.reader import blocks, columns, open_collection
from benchmarks.measure import (
    Figure,
    artvec,
    in_turn,
    peak_mib,
    run,
    script,
    wants_full,
    write,
)
from benchmarks.vectors import grouped_collection

DIM, GROUPS = 1280, 40
ROWS, FULL_ROWS = 20_000, 60_000
METHODS = ("hdbscan", "kmeans", "agglomerative")
OWN_STAGES = ("reduce", "neighbours", "group")


def main(full: bool = False) -> None:
    with tempfile.TemporaryDirectory() as place:
        write("clusters", _beside_plain(Path(place) / "few", ROWS))
    if full:
        with tempfile.TemporaryDirectory() as place:
            write("clusters_full", _whole(Path(place) / "many", FULL_ROWS))


def _beside_plain(folder: Path, rows: int) -> list[Figure]:
    grouped_collection(folder, rows, DIM, GROUPS)
    vectors, labels = folder.parent / "vectors.npy", folder.parent / "labels.npy"
    np.save(vectors, np.concatenate(list(blocks(open_collection(folder)))))
    runs = in_turn(
        {
            "artvec": _command(folder, "hdbscan", "none"),
            "plain": script("plain_hdbscan.py", str(vectors), str(labels)),
        }
    )
    told = {who: [json.loads(run.output) for run in some] for who, some in runs.items()}
    groups = stored_groups(open_collection(folder))
    assert groups is not None
    agreement = adjusted_rand_score(np.load(labels), groups.clusters)
    stages = [report["stages"] for report in told["artvec"]]
    own = statistics.median(sum(some[name] for name in OWN_STAGES) for some in stages)
    theirs = statistics.median(one["seconds"] for one in told["plain"])
    peak, plain_peak = peak_mib(runs["artvec"]), peak_mib(runs["plain"])
    what, rounds = f"{rows:,} × {DIM:,}", len(stages)
    plain = f"PCA-50 + hdbscan ({theirs:.1f} s)"
    memory = f"PCA-50 + hdbscan ({plain_peak:.0f} MiB)"
    faster, ratio = f"reduce and group, {what}", theirs / own
    same, all_figures = f"adjusted Rand index, {what}", "hdbscan and all figures"
    return [
        Figure(faster, "hdbscan", own, "s", plain, ratio, rounds, "≥ 2", None, peak),
        Figure(same, "hdbscan", agreement, "", plain, agreement, 1, "≥ 0.99"),
        Figure(f"peak memory, {what}", all_figures, peak, "MiB", memory, peak / plain_peak, rounds),
    ]


def _whole(folder: Path, rows: int) -> list[Figure]:
    grouped_collection(folder, rows, DIM, GROUPS)
    opened = open_collection(folder)
    true = columns(opened, ["label"]).column("label").to_pylist()
    vectors_mib = rows * DIM * 4 / 2**20
    figures = []
    for method, map_method in [*((method, "none") for method in METHODS), *_maps()]:
        done = run(_command(folder, method, map_method))
        report = json.loads(done.output)
        groups = stored_groups(open_collection(folder))
        assert groups is not None
        what = f"cluster, {rows:,} × {DIM:,}, map {map_method}"
        told = ", ".join(f"{name} {seconds:.1f}" for name, seconds in report["stages"].items())
        print(f"  {method}, {map_method}: {done.seconds:.1f} s ({told})", flush=True)
        share = done.peak_mib / vectors_mib
        size = f"vectors ({vectors_mib:.0f} MiB)"
        truth = adjusted_rand_score(true, groups.clusters)
        figures += [
            Figure(what, method, done.seconds, "s", "", 1, 1, "", None, done.peak_mib),
            Figure(f"peak memory, {what}", method, done.peak_mib, "MiB", size, share, 1),
            Figure(f"adjusted Rand index, {what}", method, truth, "", "the true groups", truth, 1),
        ]
    return figures


def _maps() -> list[tuple[str, str]]:
    return [("kmeans", "umap"), ("kmeans", "tsne")]


def _command(folder: Path, method: str, map_method: str) -> list[str]:
    words = ["-i", str(folder), "--method", method, "--map", map_method]
    if map_method != "none":
        words.append("--new-map")
    return artvec("cluster", *words, "--json", "-q")


if __name__ == "__main__":
    main(full=wants_full())
