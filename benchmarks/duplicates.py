"""Precision and recall of `artvec duplicates` on altered copies, kind by kind.

The baseline is one cosine threshold, the best for F1 on these very pictures. Thresholds of artvec
were set on pictures of other seeds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from artvec.collection.reader import Collection, blocks, columns, open_collection
from artvec.commands.data.demo import paint_demo
from artvec.core.types import BoolArray, Float32Array
from artvec.near_duplicates import LOOKS, find_near_duplicates
from artvec.vector_search import unit_rows
from benchmarks.measure import Figure, artvec, run, wants_full, write
from benchmarks.variants import KINDS, make_variants

SEED, SCENES, ORIGINALS = 202, 20, 50
ENCODERS = ("tf_efficientnet_lite0", "colour:4x4")
WAYS = {"default": LOOKS, "--looks 0": 0}


@dataclass
class Counts:
    """Pairs of pictures: of one original and said to be, of one original, said to be."""

    right: int = 0
    true: int = 0
    said: int = 0

    @property
    def recall(self) -> float:
        """Share of true pairs that were said."""
        return self.right / self.true

    @property
    def precision(self) -> float:
        """Share of said pairs that are true."""
        return self.right / self.said if self.said else 1.0


@dataclass
class Measured:
    """What was counted, by way and kind, and each kind's cosines with what is true of them."""

    counts: dict[tuple[str, str], Counts] = field(default_factory=dict)
    cosines: dict[str, tuple[Float32Array, BoolArray]] = field(default_factory=dict)


def main(full: bool = False) -> None:
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "gallery"
        paint_demo(source, seed=SEED, scenes=SCENES)
        figures = [
            figure
            for encoder in ENCODERS
            for figure in _figures(encoder, measure(source, Path(place), encoder))
        ]
    write("duplicates", figures)


def measure(source: Path, place: Path, encoder: str) -> Measured:
    """Embed a folder with altered copies of some of its pictures, one kind after another."""
    files = sorted(file for file in source.rglob("*.*") if file.suffix in (".jpg", ".png"))
    chosen = np.random.default_rng(0).permutation(len(files))[:ORIGINALS]
    originals = [files[at] for at in sorted(chosen)]
    altered, index = source / "altered", place / f"{encoder.replace(':', '-')}"
    measured = Measured()
    for kind in KINDS:
        for old in altered.glob("*"):
            old.unlink()
        make_variants(originals, altered, kind)
        run(artvec("embed", str(source), "-m", encoder, "-i", str(index), "-q"))
        collection = open_collection(index)
        names = _originals(collection, originals, source)
        for way, looks in WAYS.items():
            measured.counts[way, kind] = _counted(collection, names, looks)
        measured.cosines[kind] = _cosines(collection, names)
        print(encoder, kind, measured.counts["default", kind], flush=True)
    for old in altered.glob("*"):
        old.unlink()
    return measured


def _originals(collection: Collection, originals: Sequence[Path], source: Path) -> list[str]:
    """Return for each row the path of the picture it was made of."""
    known = [file.relative_to(source).as_posix() for file in originals]
    paths = columns(collection, ["path"])["path"].to_pylist()
    return [
        known[int(Path(path).name[:4])] if path.startswith("altered/") else path for path in paths
    ]


def _counted(collection: Collection, names: list[str], looks: int) -> Counts:
    counts = Counts(true=ORIGINALS)
    for group in find_near_duplicates(collection, looks=looks).copies:
        pairs = [(a, b) for at, a in enumerate(group.rows) for b in group.rows[at + 1 :]]
        counts.said += len(pairs)
        counts.right += sum(names[a] == names[b] for a, b in pairs)
    return counts


def _cosines(collection: Collection, names: list[str]) -> tuple[Float32Array, BoolArray]:
    units = unit_rows(np.concatenate(list(blocks(collection))))
    a, b = np.triu_indices(len(units), 1)
    keys = np.unique(names, return_inverse=True)[1]
    return (units @ units.T)[a, b], keys[a] == keys[b]


def _best_threshold(measured: Measured) -> float:
    """Return the cosine with the best F1 over the pairs of all kinds."""
    cosines, true = (np.concatenate(part) for part in zip(*measured.cosines.values(), strict=True))
    order = np.argsort(-cosines)
    right = np.cumsum(true[order])
    f1 = 2 * right / (np.arange(1, len(order) + 1) + true.sum())
    return float(cosines[order[int(np.argmax(f1))]])


def _figures(encoder: str, measured: Measured) -> list[Figure]:
    threshold = _best_threshold(measured)
    figures, pooled, plain = [], {way: Counts() for way in WAYS}, Counts()
    for kind, (cosines, true) in measured.cosines.items():
        said = cosines >= threshold
        other = Counts(int((said & true).sum()), int(true.sum()), int(said.sum()))
        _add(plain, other)
        for way, total in pooled.items():
            counts = measured.counts[way, kind]
            _add(total, counts)
            figures += _two(f"{kind}, {way}", encoder, counts, other)
    for way, counts in pooled.items():
        figures += _two(f"all kinds, {way}", encoder, counts, plain)
    return figures


def _two(what: str, encoder: str, ours: Counts, other: Counts) -> list[Figure]:
    return [
        Figure(
            what,
            f"{encoder}, {unit}",
            value,
            unit,
            f"best cosine threshold {baseline:.3f}",
            value / baseline if baseline else float("inf"),
            1,
        )
        for unit, value, baseline in (
            ("recall", ours.recall, other.recall),
            ("precision", ours.precision, other.precision),
        )
    ]


def _add(total: Counts, counts: Counts) -> None:
    total.right += counts.right
    total.true += counts.true
    total.said += counts.said


if __name__ == "__main__":
    main(full=wants_full())
