"""Read every vector once, by artvec from a collection's shards or by numpy from a mapped npy file.

Usage: read_vectors.py artvec|npy PLACE ROWS_A_BLOCK; prints JSON: seconds until all blocks are
there, seconds of summing them, the sum, and the share of bytes that were not copied.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from artvec.collection.reader import blocks, open_collection


def main(who: str, place: str, rows: int) -> None:
    started = time.perf_counter()
    found = list(_artvec(place) if who == "artvec" else _npy(place, rows))
    opened = time.perf_counter()
    total = sum(float(block.sum()) for block in found)
    read = time.perf_counter()
    copied = pa.total_allocated_bytes() + sum(b.nbytes for b in found if b.flags.owndata)
    told = {"open": opened - started, "read": read - opened, "sum": total}
    print(json.dumps({**told, "views": 1 - copied / sum(block.nbytes for block in found)}))


def _artvec(place: str) -> Iterator[NDArray[np.floating]]:
    return blocks(open_collection(Path(place)))


def _npy(place: str, rows: int) -> Iterator[NDArray[np.floating]]:
    mapped = np.load(place, mmap_mode="r")
    return (mapped[first : first + rows] for first in range(0, len(mapped), rows))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
