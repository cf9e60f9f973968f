"""`artvec cluster` at 60,000 × 1,280 with known groups; at 20,000 beside plain PCA and hdbscan."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score

from artvec.collection.analysis import stored_groups
from artvec.collection.reader import blocks, columns, open_collection
from benchmarks.measure import Figure, artvec, run, script, write
from benchmarks.vectors import grouped_collection

DIM, GROUPS = 1280, 40
ROWS = int(os.environ.get("ROWS", "60000"))
BASELINE_ROWS = int(os.environ.get("BASELINE_ROWS", "20000"))
METHODS = ("hdbscan", "kmeans", "agglomerative")


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        figures = [
            *_beside_plain(Path(place) / "few", BASELINE_ROWS),
            *_whole(Path(place) / "many", ROWS),
        ]
    write("clusters", figures)


def _beside_plain(folder: Path, rows: int) -> list[Figure]:
    grouped_collection(folder, rows, DIM, GROUPS)
    vectors, labels = folder.parent / "vectors.npy", folder.parent / "labels.npy"
    np.save(vectors, np.concatenate(list(blocks(open_collection(folder)))))
    plain = run(script("plain_hdbscan.py", str(vectors), str(labels)))
    ours = run(_command(folder, "hdbscan", "none"))
    report = json.loads(ours.output)
    groups = stored_groups(open_collection(folder))
    assert groups is not None
    agreement = adjusted_rand_score(np.load(labels), groups.clusters)
    own = sum(report["stages"][name] for name in ("reduce", "neighbours", "group"))
    theirs = json.loads(plain.output)["seconds"]
    what, baseline = f"{rows:,} × {DIM:,}", f"PCA-50 + hdbscan ({theirs:.1f} s)"
    memory = f"PCA-50 + hdbscan ({plain.peak_mib:.0f} MiB)"
    return [
        Figure(f"reduce and group, {what}", "hdbscan", own, "s", baseline, theirs / own, 1),
        Figure(f"adjusted Rand index, {what}", "hdbscan", agreement, "", baseline, agreement, 1),
        Figure(
            f"peak memory, {what}",
            "hdbscan and all figures",
            ours.peak_mib,
            "MiB",
            memory,
            ours.peak_mib / plain.peak_mib,
            1,
        ),
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
            Figure(what, method, done.seconds, "s", "", 1, 1),
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
    sys.exit(main())
