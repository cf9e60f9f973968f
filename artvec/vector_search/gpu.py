"""Exact search on GPUs: each one scores all rows for its part of the queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from artvec.core.types import Float32Array, Int64Array
from artvec.vector_search.vectors import unit_rows

MOST_NEIGHBOURS = 2048
"""The most that FAISS finds on a GPU."""

_ROWS = 65_536
"""Given to a GPU at once: a shard's 1,024 would leave it waiting for the bus."""


def gpu_resources() -> tuple[Any, ...]:
    """Return FAISS's resources of each GPU, which reserve memory there for one search."""
    import faiss

    count = getattr(faiss, "get_num_gpus", lambda: 0)()
    return tuple(faiss.StandardGpuResources() for _ in range(count))


def nearest_on_gpus(
    gpus: Sequence[Any], block: np.ndarray[Any, Any], units: Float32Array, k: int
) -> tuple[Int64Array, Float32Array]:
    """Return the (Q, k) nearest rows of a block and their cosines."""
    import faiss

    rows, metric = unit_rows(block), faiss.METRIC_INNER_PRODUCT

    def on(gpu: int, part: Float32Array) -> tuple[Float32Array, Int64Array]:
        found: tuple[Float32Array, Int64Array] = faiss.knn_gpu(
            gpus[gpu], part, rows, k, metric=metric, device=gpu
        )
        return found

    parts = np.array_split(units, len(gpus))
    with ThreadPoolExecutor(len(parts)) as pool:
        found = list(pool.map(on, range(len(parts)), parts))
    scores, numbers = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return numbers, scores


def joined_blocks(blocks: Iterable[np.ndarray[Any, Any]]) -> Iterator[np.ndarray[Any, Any]]:
    """Join small blocks until they are worth a transfer to a GPU."""
    waiting: list[np.ndarray[Any, Any]] = []
    for block in blocks:
        waiting.append(block)
        if sum(map(len, waiting)) >= _ROWS:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)
