"""Every recipe at two sizes: recall, throughput beside FAISS Flat, size, memory, build time."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from artvec.collection.index.reading import open_index
from artvec.collection.reader import blocks, open_collection
from artvec.core.types import Float32Array, Int64Array
from artvec.vector_search import exact_search, unit_rows
from artvec.vector_search.approximate import approximate_search
from benchmarks.baselines.graphs import Graph, graphs
from benchmarks.measure import Figure, artvec, run, write
from benchmarks.vectors import realistic, write_collection

RECIPES = ("rabitq", "ivf", "ivfpq", "hnsw")
K, SINGLE, BATCH, ROUNDS = 10, 50, 1000, 5
EFFORTS = (16, 32, 64)
"""Of searching the graphs of other packages."""
ONE_BY_ONE = "search one by one"

Search = Callable[[Float32Array], Int64Array]


@dataclass(frozen=True)
class Case:
    """So many vectors, and what must be reached on them.

    Attributes:
        rows: How many.
        dim: Their width.
        recall: Recall@10 that an index must have.
        bar: Of the fastest such index, one query at a time, beside FAISS Flat.
        peer_bar: Of the fastest that is as good as hnswlib, beside it.
    """

    rows: int
    dim: int
    recall: float
    bar: str
    peer_bar: str

    @property
    def size(self) -> str:
        """Rows and width, to be shown."""
        return f"{self.rows:,} × {self.dim:,}"


FEW = Case(60_000, 1280, recall=0.99, bar="≥ 50", peer_bar="≥ 1.1")
MANY = Case(1_000_000, 128, recall=0.98, bar="≥ 150", peer_bar="")


def main(full: bool = False) -> None:
    for name, case in {"indexes": FEW, **({"indexes_full": MANY} if full else {})}.items():
        with tempfile.TemporaryDirectory() as place:
            write(name, _measured(Path(place) / "vectors", case))


def _measured(folder: Path, case: Case) -> list[Figure]:
    write_collection(folder, case.rows, case.dim)
    queries = np.concatenate(list(realistic(BATCH, case.dim, seed=3)))
    collection = open_collection(folder)
    flat = faiss.IndexFlatIP(case.dim)
    for block in blocks(collection):
        flat.add(unit_rows(block))
    compare = partial(_compare, case.size, partial(_flat, flat), queries)
    mapped = list(blocks(collection))
    exact = compare("exact scan", lambda some: exact_search(mapped, some, K).rows)
    ours: list[Figure] = []
    for recipe in RECIPES:
        built = run(artvec("index", "-i", str(folder), "--recipe", recipe, "--json", "-q"))
        report = json.loads(built.output)
        opened = open_index(open_collection(folder))
        assert opened is not None
        name = f"{recipe}: {report['factory']}, {_told(report['parameters'])}"
        ours += compare(name, partial(_approximate, opened.approximate))
        ours += _costs(case.size, name, report, built.peak_mib, mapped)
    theirs = _peers(compare, flat, case)
    return [*exact, *ours, *theirs, *_judged(case, ours, theirs)]


def _judged(case: Case, ours: list[Figure], theirs: list[Figure]) -> Iterator[Figure]:
    """Yield the fastest index that is good enough, and the fastest as good as each peer is."""
    enough = [found for found in _found(ours) if found.recall >= case.recall]
    if enough:
        best = max(enough, key=lambda found: found.speed)
        what = f"{ONE_BY_ONE}, recall@10 ≥ {case.recall}, {case.size}"
        yield Figure(
            what,
            _told_with_recall(best),
            best.speed,
            "",
            "FAISS Flat",
            best.speed,
            ROUNDS,
            case.bar,
        )
    for package, bar in (("hnswlib", case.peer_bar), ("usearch", "")):
        named = [found for found in _found(theirs) if found.name.startswith(package)]
        if named:
            yield _beside(case, _found(ours), named, bar)


def _beside(case: Case, ours: list[Found], peers: list[Found], bar: str) -> Figure:
    """Compare a package's fastest setting that is good enough with ours of no less recall."""
    enough = [found for found in peers if found.recall >= case.recall]
    peer = max(enough, key=lambda found: found.speed) if enough else max(peers, key=_recall)
    as_good = [found for found in ours if found.recall >= peer.recall]
    what, baseline = f"{ONE_BY_ONE}, no less recall, {case.size}", _told_with_recall(peer)
    if not as_good:
        return Figure(what, "none has as much", 0, "", baseline, 0, ROUNDS, bar)
    best = max(as_good, key=lambda found: found.speed)
    ratio = best.speed / peer.speed
    return Figure(what, _told_with_recall(best), ratio, "", baseline, ratio, ROUNDS, bar)


def _recall(found: Found) -> float:
    return found.recall


def _told_with_recall(found: Found) -> str:
    return f"{found.name}, recall {found.recall:.4f}"


@dataclass(frozen=True)
class Found:
    """What an index reaches: recall@10, and its speed one by one beside FAISS Flat."""

    name: str
    recall: float
    speed: float


def _found(figures: list[Figure]) -> list[Found]:
    recalls = {f.parameters: f.figure for f in figures if f.what.startswith("recall")}
    speeds = {f.parameters: f.ratio for f in figures if f.what.startswith(ONE_BY_ONE)}
    return [Found(name, recalls[name], speed) for name, speed in speeds.items()]


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
    for kind, batches in ((ONE_BY_ONE, single), ("search 1,000 at once", [queries])):
        times: dict[str, list[float]] = {"flat": [], "ours": []}
        for _ in range(ROUNDS):
            for who, how in (("flat", flat), ("ours", search)):
                started = time.perf_counter()
                for batch in batches:
                    how(batch)
                times[who].append(time.perf_counter() - started)
        theirs, ours = (statistics.median(times[who]) for who in ("flat", "ours"))
        rate = sum(map(len, batches)) / ours
        label = f"{kind}, {what}"
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


def _peers(compare: Callable[[str, Search], list[Figure]], flat: Any, case: Case) -> list[Figure]:
    """Measure the graphs of other packages at several efforts; one is in memory at a time."""
    units = faiss.rev_swig_ptr(flat.get_xb(), case.rows * case.dim).reshape(-1, case.dim)
    vectors_mb = units.nbytes / 1e6
    figures = []
    for graph in graphs(units):
        for effort in EFFORTS:
            search = partial(_graph, graph, effort)
            figures += compare(f"{graph.name}, ef {effort}", search)
        size_mb, vectors = graph.bytes / 1e6, f"vectors ({vectors_mb:.0f} MB)"
        share = size_mb / vectors_mb
        figures += [
            Figure(f"disk, {case.size}", graph.name, size_mb, "MB", vectors, share, 1),
            Figure(f"build, {case.size}", graph.name, graph.seconds, "s", "", 1, 1),
        ]
        del graph, search
    return figures


def _graph(graph: Graph, effort: int, queries: Float32Array) -> Int64Array:
    return graph.search(unit_rows(queries), K, effort)


def _told(parameters: dict[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in parameters.items())


if __name__ == "__main__":
    main()
