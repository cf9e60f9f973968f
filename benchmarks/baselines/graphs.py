"""Graphs of other packages over the same unit vectors: hnswlib, and usearch in half precision.

Both with the links (16) and the effort of building (100) that they are usually shown with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from artvec.core.types import Float32Array, Int64Array

_LINKS, _BUILDING = 16, 100


@dataclass(frozen=True)
class Graph:
    """A built graph.

    Attributes:
        name: Package and parameters.
        search: (Q, dim) unit queries, k and the effort of searching to (Q, k) rows.
        bytes: Of its file.
        seconds: That it took to build.
    """

    name: str
    search: Callable[[Float32Array, int, int], Int64Array]
    bytes: int
    seconds: float


def graphs(units: Float32Array) -> Iterator[Graph]:
    """Build one graph after the other over (N, dim) unit rows; packages not installed are told."""
    for package, build in {"hnswlib": _hnswlib, "usearch": _usearch}.items():
        if find_spec(package) is None:
            print(f"  {package} is not installed: left out (pip install {package})")
        else:
            yield build(units)


def _hnswlib(units: Float32Array) -> Graph:
    import hnswlib

    index = hnswlib.Index(space="ip", dim=units.shape[1])
    index.init_index(len(units), M=_LINKS, ef_construction=_BUILDING, random_seed=0)
    started = time.perf_counter()
    index.add_items(units)
    seconds = time.perf_counter() - started

    def search(queries: Float32Array, k: int, effort: int) -> Int64Array:
        index.set_ef(effort)
        rows: Int64Array = index.knn_query(queries, k)[0].astype(np.int64)
        return rows

    return Graph(f"hnswlib: M {_LINKS}", search, index.index_file_size(), seconds)


def _usearch(units: Float32Array) -> Graph:
    from usearch.index import Index

    index = Index(
        ndim=units.shape[1],
        metric="ip",
        dtype="f16",
        connectivity=_LINKS,
        expansion_add=_BUILDING,
    )
    started = time.perf_counter()
    index.add(np.arange(len(units)), units)
    seconds = time.perf_counter() - started

    def search(queries: Float32Array, k: int, effort: int) -> Int64Array:
        index.expansion_search = effort
        keys = index.search(queries, k).keys  # (k,) for a single query
        rows: Int64Array = keys.astype(np.int64).reshape(len(queries), k)
        return rows

    return Graph(f"usearch: f16, M {_LINKS}", search, index.serialized_length, seconds)
