"""Every recipe at two sizes: recall, throughput beside FAISS Flat, size, memory, build time."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from artvec.collection.index.read import open_index
from artvec.collection.reader import blocks, open_collection
from artvec.faiss_index import exact_search, unit_rows
from artvec.faiss_index.approximate import approximate_search
from artvec.types import Float32Array, Int64Array
from benchmarks.measure import Figure, artvec, run, write
from benchmarks.vectors import realistic, write_collection

FEW, MANY = (60_000, 1280), (1_000_000, 128)
RECIPES = ("rabitq", "ivf", "ivfpq", "hnsw")
K, SINGLE, BATCH, ROUNDS = 10, 50, 1000, 3

Search = Callable[[Float32Array], Int64Array]


def main(full: bool = False) -> None:
    for name, (rows, dim) in {"indexes": FEW, **({"indexes_full": MANY} if full else {})}.items():
        with tempfile.TemporaryDirectory() as place:
            write(name, _case(Path(place) / "vectors", rows, dim))


def _case(folder: Path, rows: int, dim: int) -> list[Figure]:
    write_collection(folder, rows, dim)
    queries = np.concatenate(list(realistic(BATCH, dim, seed=3)))
    collection = open_collection(folder)
    flat = faiss.IndexFlatIP(dim)
    for block in blocks(collection):
        flat.add(unit_rows(block))
    compare = partial(_compare, f"{rows:,} × {dim:,}", partial(_flat, flat), queries)
    mapped = list(blocks(collection))
    figures = compare("exact scan", lambda some: exact_search(mapped, some, K).rows)
    for recipe in RECIPES:
        built = run(artvec("index", "-i", str(folder), "--recipe", recipe, "--json", "-q"))
        report = json.loads(built.output)
        opened = open_index(open_collection(folder))
        assert opened is not None
        name = f"{recipe}: {report['factory']}, {_told(report['parameters'])}"
        figures += compare(name, partial(_approximate, opened.approximate))
        figures += _costs(f"{rows:,} × {dim:,}", name, report, built.peak_mib, mapped)
    return [*figures, *_hnswlib(compare, flat, rows, dim)]


def _flat(index: Any, queries: Float32Array) -> Int64Array:
    found: Int64Array = index.search(unit_rows(queries), K)[1]
    return found


def _approximate(approximate: Any, queries: Float32Array) -> Int64Array:
    return approximate_search(approximate, queries, K).rows


def _compare(
    what: str, flat: Search, queries: Float32Array, name: str, search: Search
) -> list[Figure]:
    """Measure a search and FAISS Flat in turn, one query at a time and all at once."""
    true = flat(queries)
    found = search(queries)  # warms up, too
    recall = np.mean([len(np.intersect1d(a, b)) / K for a, b in zip(found, true, strict=True)])
    figures = [Figure(f"recall@10, {what}", name, float(recall), "", "FAISS Flat", recall, 1)]
    single = [queries[at : at + 1] for at in range(SINGLE)]
    for kind, batches in (("one by one", single), ("1,000 at once", [queries])):
        times: dict[str, list[float]] = {"flat": [], "ours": []}
        for _ in range(ROUNDS):
            for who, how in (("flat", flat), ("ours", search)):
                started = time.perf_counter()
                for batch in batches:
                    how(batch)
                times[who].append(time.perf_counter() - started)
        theirs, ours = (statistics.median(times[who]) for who in ("flat", "ours"))
        rate = sum(map(len, batches)) / ours
        label = f"search {kind}, {what}"
        figures.append(Figure(label, name, rate, "queries/s", "FAISS Flat", theirs / ours, ROUNDS))
        print(f"  {label} {name}: {rate:.0f}/s, ×{theirs / ours:.1f}", flush=True)
    return figures


def _costs(what: str, name: str, report: Any, peak_mib: float, mapped: list[Any]) -> list[Figure]:
    vectors_mb = sum(block.nbytes for block in mapped) / 1e6
    size_mb = report["bytes"] / 1e6
    baseline = f"vectors ({vectors_mb:.0f} MB)"
    peak_mb = peak_mib * 1.048576
    return [
        Figure(f"disk, {what}", name, size_mb, "MB", baseline, size_mb / vectors_mb, 1),
        Figure(f"peak of building, {what}", name, peak_mb, "MB", baseline, peak_mb / vectors_mb, 1),
        Figure(f"build, {what}", name, report["build_seconds"], "s", "", 1, 1),
    ]


def _hnswlib(
    compare: Callable[[str, Search], list[Figure]], flat: Any, rows: int, dim: int
) -> list[Figure]:
    try:
        import hnswlib
    except ImportError:
        print("  hnswlib is not installed: left out (pip install hnswlib)")
        return []
    index = hnswlib.Index(space="ip", dim=dim)
    index.init_index(rows, M=16, ef_construction=100, random_seed=0)
    started = time.perf_counter()
    index.add_items(faiss.rev_swig_ptr(flat.get_xb(), rows * dim).reshape(rows, dim))
    seconds = time.perf_counter() - started
    index.set_ef(64)
    name, what = "hnswlib: M 16, ef 64", f"{rows:,} × {dim:,}"
    size_mb = index.index_file_size() / 1e6
    vectors_mb = rows * dim * 4 / 1e6
    baseline = f"vectors ({vectors_mb:.0f} MB)"
    return [
        *compare(name, lambda queries: index.knn_query(unit_rows(queries), K)[0].astype(np.int64)),
        Figure(f"disk, {what}", name, size_mb, "MB", baseline, size_mb / vectors_mb, 1),
        Figure(f"build, {what}", name, seconds, "s", "", 1, 1),
    ]


def _told(parameters: dict[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in parameters.items())


if __name__ == "__main__":
    main()
