"""Wrong pairs and recall of `artvec duplicates` on hard-edged and nearly blank pictures.

There is no baseline: what matters is how many different pictures are called copies.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from artvec.collection.reader import columns, open_collection
from artvec.copies import LOOKS, search_copies
from benchmarks.measure import Figure, artvec, run, wants_full, write
from benchmarks.plain import PLAIN, paint_plain
from benchmarks.variants import KINDS, make_variants

SEED, PICTURES, ORIGINALS = 505, 60, 6
ENCODERS = ("tf_efficientnet_lite0", "colour:4x4")
WAYS = {"default": LOOKS, "--looks 0": 0}


@dataclass(frozen=True)
class Outcome:
    """What was said of one kind of pictures.

    Attributes:
        false_pairs: Pairs of different pictures in one group, originals and copies.
        found: Kind of alteration → copies that are in the group of their original.
    """

    false_pairs: int
    found: dict[str, int]


def main(full: bool = False) -> None:
    figures = []
    for encoder in ENCODERS:
        for kind in PLAIN:
            with tempfile.TemporaryDirectory() as place:
                for way, outcome in measure(Path(place), kind, encoder, SEED).items():
                    figures += _figures(f"{kind}, {way}", encoder, outcome)
                    print(encoder, kind, way, outcome, flush=True)
    write("duplicates_plain", figures)


def measure(place: Path, kind: str, encoder: str, seed: int) -> dict[str, Outcome]:
    """Embed different pictures of one kind with all altered copies of some of them."""
    files = paint_plain(place / "art", kind, PICTURES, seed=seed)
    for number, alteration in enumerate(KINDS):
        make_variants(files[:ORIGINALS], place / "art" / str(number), alteration, seed=seed)
    run(artvec("embed", str(place / "art"), "-m", encoder, "-i", str(place / "index"), "-q"))
    collection = open_collection(place / "index")
    paths = columns(collection, ["path"])["path"].to_pylist()
    return {
        way: _outcome([[paths[row] for row in one.rows] for one in found.copies])
        for way, looks in WAYS.items()
        for found in [search_copies(collection, looks=looks)]
    }


def _outcome(groups: Sequence[Sequence[str]]) -> Outcome:
    false_pairs, found = 0, dict.fromkeys(KINDS, 0)
    for group in groups:
        by_original = defaultdict(list)
        for path in group:
            by_original[Path(path).stem[-3:]].append(path)
        rest = len(group)
        for paths in by_original.values():
            rest -= len(paths)
            false_pairs += rest * len(paths)
            if any("/" not in path for path in paths):
                for path in paths:
                    if "/" in path:
                        found[list(KINDS)[int(path.split("/")[0])]] += 1
    return Outcome(false_pairs, found)


def _figures(what: str, encoder: str, outcome: Outcome) -> list[Figure]:
    total = sum(outcome.found.values())
    recall, false = total / (ORIGINALS * len(KINDS)), float(outcome.false_pairs)
    return [
        Figure(what, f"{encoder}, recall", recall, "recall", "all altered copies", recall, 1),
        Figure(what, f"{encoder}, wrong pairs", false, "pairs", "none", false, 1),
    ]


if __name__ == "__main__":
    main(full=wants_full())
