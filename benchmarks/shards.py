"""Reading all vectors of a collection beside a memory-mapped npy file of the same rows.

Each in a process of its own, files in the page cache, blocks of the same size. Reading is the sum
of every block, the first time that the process touches it; opening, with artvec's checks, is told
apart.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

import numpy as np

from artvec.collection.reader import blocks, open_collection
from artvec.collection.shards import ROWS_PER_SHARD
from benchmarks.measure import Figure, in_turn, script, wants_full, write
from benchmarks.vectors import write_collection

ROWS, DIM, ROUNDS = 60_000, 1280, 5
BESIDE = "np.load(mmap_mode='r')"


def main(full: bool = False) -> None:
    with tempfile.TemporaryDirectory() as place:
        write("shards", _figures(Path(place)))


def _figures(place: Path) -> list[Figure]:
    folder, file, block = place / "collection", place / "vectors.npy", str(ROWS_PER_SHARD)
    write_collection(folder, ROWS, DIM)
    np.save(file, np.concatenate(list(blocks(open_collection(folder)))))  # warms the cache, too
    runs = in_turn(
        {
            "artvec": script("read_vectors.py", "artvec", str(folder), block),
            "npy": script("read_vectors.py", "npy", str(file), block),
        },
        rounds=ROUNDS,
    )
    told = {who: [json.loads(run.output) for run in some] for who, some in runs.items()}
    assert len({one["sum"] for some in told.values() for one in some}) == 1
    (open_s, read_s), (npy_open_s, npy_read_s) = map(_medians, told.values())
    rate = ROWS * DIM * 4 / 1e9 / read_s
    views = min(one["views"] for one in told["artvec"])
    what, whole = f"{ROWS:,} × {DIM:,}", (npy_open_s + npy_read_s) / (open_s + read_s)
    return [
        Figure("read vectors", what, rate, "GB/s", BESIDE, npy_read_s / read_s, ROUNDS, "≥ 0.9"),
        Figure("read without a copy", what, views, "of bytes", "all", views, 1, "≥ 1"),
        Figure("open and read", what, 1e3 * (open_s + read_s), "ms", BESIDE, whole, ROUNDS),
    ]


def _medians(told: list[dict[str, float]]) -> tuple[float, ...]:
    return tuple(statistics.median(one[stage] for one in told) for stage in ("open", "read"))


if __name__ == "__main__":
    main(full=wants_full())
