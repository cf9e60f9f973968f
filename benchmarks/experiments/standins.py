"""Make picture sets to stand in for photographs and paintings: emoji drawings of several vendors.

    python -m benchmarks.experiments.standins vendor-styles FOLDER

Needs npm and the extra `experiments`. Each vendor's licence is in `VERSIONS` of `emoji.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from artvec.runtime import cache_folder
from benchmarks.experiments.emoji import VERSIONS, Vendor, read_vendor, write_drawing
from benchmarks.experiments.subjects import THINGS, THINGS_VENDORS

SEED = 0
NATURE = ("Activities", "Animals & Nature", "Food & Drink", "Objects", "Travel & Places")
# A cat and its face, clocks, an open lock and a shut one: too near for two splits.
ALIKE = ("-face", "-oclock", "-thirty", "unlocked", "-post-office")
STYLE_NAMES = {"train": 103, "val": 15, "test": 52}  # × 10 vendors


def vendor_styles(folder: Path, cache: Path) -> None:
    """Write ten vendors as ten classes, the same subjects in all; a subject lies in one split.

    No subject is one of `things`, so that neither set has drawings of the other.
    """
    vendors = [read_vendor(name, cache) for name in VERSIONS]
    names = iter(common_subjects(vendors))
    for split, count in STYLE_NAMES.items():
        for name in [next(names) for _ in range(count)]:
            for vendor in vendors:
                write_drawing(vendor, name, folder / split / vendor.name / f"{name}.jpg")


def things(folder: Path, cache: Path) -> None:
    """Write ten categories of things, each thing drawn by four vendors."""
    for vendor in (read_vendor(name, cache) for name in THINGS_VENDORS):
        for category, names in THINGS.items():
            for name in names:
                write_drawing(vendor, name, folder / category / f"{vendor.name}-{name}.jpg")


def common_subjects(vendors: Sequence[Vendor]) -> list[str]:
    """Return names that all vendors draw, in seeded order, without those of `things`."""
    noto = next(vendor for vendor in vendors if vendor.name == "noto")
    names = {name for category in NATURE for name in noto.categories[category]}
    names = names.intersection(*(vendor.drawings for vendor in vendors))
    taken = {name for listed in THINGS.values() for name in listed}
    kept = sorted(name for name in names - taken if not name.endswith(ALIKE))
    return [kept[at] for at in np.random.default_rng(SEED).permutation(len(kept))]


SETS: dict[str, Callable[[Path, Path], None]] = {"vendor-styles": vendor_styles, "things": things}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", choices=SETS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, default=cache_folder() / "emoji")
    given = parser.parse_args()
    SETS[given.set](given.folder, given.cache)


if __name__ == "__main__":
    main()
