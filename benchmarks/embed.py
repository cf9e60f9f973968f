"""`artvec embed` end to end beside a plain timm loop (malloc tuned and not) and its own ceiling.

Its vectors are held beside the plain loop's, or, where large JPEGs are decoded at a reduced scale,
beside those of a full decode.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from artvec.collection.reader import blocks, columns, open_collection
from artvec.core.types import Float32Array
from artvec.vector_search import unit_rows
from benchmarks.measure import (
    Figure,
    Run,
    artvec,
    in_turn,
    peak_mib,
    run,
    script,
    seconds,
    wants_full,
    write,
)
from benchmarks.pictures import GRAIN, make_pictures

PARTS = "its parts alone"


@dataclass(frozen=True)
class Case:
    """So many pictures of one size.

    Attributes:
        count: Pictures.
        side_px: Of the square.
        bars: Of the ratio to each plain loop.
        ceiling_bar: Of the ratio to the ceiling.
        cosine_bar: Of the lowest cosine.
        exact: The cosine is that to a full decode, not to the plain loop.
        grain: Of the pictures; the less, the smaller their files.
    """

    count: int
    side_px: int
    bars: dict[str, str]
    ceiling_bar: str
    cosine_bar: str
    exact: bool
    grain: float = GRAIN

    @property
    def pictures(self) -> str:
        """What is embedded, to be shown."""
        grain = "" if self.grain == GRAIN else f" with grain {self.grain:g}"
        return f"{self.count} JPEG of {self.side_px} px{grain}"


SMALL = Case(
    2000,
    256,
    {"plain": "≥ 5", "plain, malloc tuned": "≥ 2.2"},
    ceiling_bar="≥ 0.9",
    cosine_bar="≥ 0.99999",
    exact=False,
)
LARGE = Case(
    200,
    3464,  # 12 MP
    {"plain": "≥ 5", "plain, malloc tuned": "≥ 3.3"},
    ceiling_bar="",
    cosine_bar="≥ 0.999",
    exact=True,
)
LITTLE_GRAIN = replace(LARGE, grain=4)


def main(full: bool = False) -> None:
    write("embed", _measured([SMALL, LARGE]))
    if full:
        write("embed_full", _measured([LITTLE_GRAIN]))


def _measured(cases: Sequence[Case]) -> list[Figure]:
    figures = []
    for case in cases:
        with tempfile.TemporaryDirectory() as place:
            figures += _figures(case, Path(place))
    return figures


def _figures(case: Case, place: Path) -> list[Figure]:
    source = make_pictures(place / "pictures", case.count, case.side_px, grain=case.grain)
    index, plain = place / "index", place / "plain.npy"
    embed = artvec("embed", str(source), "-i", str(index), "--overwrite", "-q")
    _compile(place)
    runs = in_turn(
        {
            "artvec": embed,
            "plain": script("plain_loop.py", str(source), str(plain)),
            "plain, malloc tuned": script("plain_loop.py", str(source), str(plain), "tuned"),
            PARTS: script("forward_only.py", str(source), str(case.count)),
        }
    )
    what = f"embed {case.pictures}"
    figures = _speed(case, what, runs)
    expected, name = np.load(plain), "plain loop's vectors"
    if case.exact:
        exact = place / "exact"
        run(artvec("embed", str(source), "-i", str(exact), "--decode", "exact", "-q"))
        expected, name = by_path(exact), "--decode exact"
    lowest = float(cosines(by_path(index), expected).min())
    bar = case.cosine_bar
    cosine = Figure(f"lowest cosine, {what}", "lite0", lowest, "", name, lowest, 1, bar)
    return [*figures, cosine]


def _compile(place: Path) -> None:
    """Compile the encoder once; the next process then imports no torch."""
    source = make_pictures(place / "few", 16, 256)
    embed = artvec("embed", str(source), "-i", f"{place}/warm", "--overwrite", "-q")
    run(embed)
    imported = run([sys.executable, "-X", "importtime", *embed[1:]]).output
    assert not re.search(r"\| +torch$", imported, re.MULTILINE), "artvec embed imported torch"


def _speed(case: Case, what: str, runs: dict[str, list[Run]]) -> list[Figure]:
    ours, peak = seconds(runs["artvec"]), peak_mib(runs["artvec"])
    rounds = len(runs["artvec"])
    rate = case.count / ours
    parts = [tuple(map(float, run.output.split())) for run in runs[PARTS]]
    forward, decode = (statistics.median(part) for part in zip(*parts, strict=True))
    ceiling = 1 / (1 / forward + 1 / decode)
    figures = [
        Figure(
            what,
            "lite0, whole process",
            rate,
            "pictures/s",
            name,
            seconds(runs[name]) / ours,
            rounds,
            bar,
            rate / ceiling,
            peak,
        )
        for name, bar in case.bars.items()
    ]
    for name, limit, bar in (
        ("forward only", forward, ""),
        ("ceiling 1/(1/forward + 1/decode)", ceiling, case.ceiling_bar),
    ):
        figures.append(Figure(what, "lite0", rate, "pictures/s", name, rate / limit, rounds, bar))
    return figures


def by_path(index: Path) -> Float32Array:
    """Return (N, D) vectors of a collection sorted by path, which is ImageFolder's order."""
    collection = open_collection(index)
    order = np.argsort(columns(collection, ["path"])["path"].to_pylist())
    vectors: Float32Array = np.concatenate(list(blocks(collection)))[order]
    return vectors


def cosines(ours: Float32Array, theirs: Float32Array) -> Float32Array:
    """Return the (N,) cosine of each row of one with the same row of the other."""
    found: Float32Array = np.einsum("nd,nd->n", unit_rows(ours), unit_rows(theirs))
    return found


if __name__ == "__main__":
    main(full=wants_full())
