"""Make picture sets to stand in for photographs and paintings: drawn emoji, and digits.

    python -m benchmarks.experiments.standins vendor-styles FOLDER

Drawings need npm and the extra `experiments`; each vendor's licence is in `VERSIONS` of `emoji.py`.
Digits are scikit-learn's. What exists is kept; the same seed gives the same files.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from artvec.core.runtime import cache_folder
from benchmarks.experiments.emoji import VERSIONS, Vendor, draw, read_vendor, write_drawing
from benchmarks.experiments.subjects import THINGS, THINGS_VENDORS, TWO_SIDES

SEED = 0
SMALL_PX = 32
NATURE = ("Activities", "Animals & Nature", "Food & Drink", "Objects", "Travel & Places")
# A cat and its face, clocks, an open lock and a shut one: too near for two splits.
ALIKE = ("-face", "-oclock", "-thirty", "unlocked", "-post-office")
STYLE_NAMES = {"train": 103, "val": 15, "test": 52}  # × 10 vendors
SUBJECTS, SUBJECT_VENDORS = 150, ("train",) * 6 + ("val",) * 2 + ("test",) * 2
OUTLINED = ("emojione-monotone", "fluent-emoji-high-contrast")


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


def things_32(folder: Path, cache: Path) -> None:
    """Write the ten categories at 32 × 32 pixels, by all vendors that draw in colour."""
    for vendor, name, place in _by_subject(THINGS, cache):
        file = folder / place / f"{vendor.name}-{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        drawing = draw(vendor.drawings[name], f"{vendor.name} {name}")
        drawing.resize((SMALL_PX, SMALL_PX), Image.Resampling.LANCZOS).save(file)


def animals_food(folder: Path, cache: Path) -> None:
    """Write two classes, by all vendors that draw in colour."""
    for vendor, name, place in _by_subject(TWO_SIDES, cache):
        write_drawing(vendor, name, folder / place / f"{vendor.name}-{name}.jpg")


def subjects(folder: Path, cache: Path) -> None:
    """Write 150 subjects as 150 classes, ten drawings each: six to learn from."""
    vendors = [read_vendor(name, cache) for name in VERSIONS]
    rng = np.random.default_rng(SEED)
    for name in common_subjects(vendors)[:SUBJECTS]:
        for split, at in zip(SUBJECT_VENDORS, rng.permutation(len(vendors)), strict=True):
            write_drawing(vendors[at], name, folder / split / name / f"{vendors[at].name}.jpg")


def digits(folder: Path, cache: Path) -> None:
    """Write scikit-learn's 1,797 digits, 8 × 8 in 17 greys, at 32 × 32 pixels; splits are drawn."""
    read = load_digits()
    for number, (grey, label) in enumerate(zip(read.images, read.target, strict=True)):
        file = folder / str(label) / f"{number:04d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray((grey * 255 / 16).astype(np.uint8))
        small.resize((SMALL_PX, SMALL_PX), Image.Resampling.BICUBIC).convert("RGB").save(file)


def common_subjects(vendors: Sequence[Vendor]) -> list[str]:
    """Return names that all vendors draw, in seeded order, without those of `things`."""
    noto = next(vendor for vendor in vendors if vendor.name == "noto")
    names = {name for category in NATURE for name in noto.categories[category]}
    names = names.intersection(*(vendor.drawings for vendor in vendors))
    taken = {name for listed in THINGS.values() for name in listed}
    kept = sorted(name for name in names - taken if not name.endswith(ALIKE))
    return [kept[at] for at in np.random.default_rng(SEED).permutation(len(kept))]


def _by_subject(
    classes: Mapping[str, Sequence[str]], cache: Path
) -> Iterator[tuple[Vendor, str, str]]:
    """Yield vendor, name and `<split>/<class>`, 60/20/20; all drawings of a name in one split."""
    vendors = [read_vendor(name, cache) for name in VERSIONS if name not in OUTLINED]
    rng = np.random.default_rng(SEED)
    for label, names in classes.items():
        for rank, at in enumerate(rng.permutation(len(names))):
            split = ("train", "val", "test", "train", "train")[rank % 5]
            for vendor in vendors:
                if names[at] in vendor.drawings:
                    yield vendor, names[at], f"{split}/{label}"


SETS: dict[str, Callable[[Path, Path], None]] = {
    "vendor-styles": vendor_styles,
    "things": things,
    "things-32": things_32,
    "subjects": subjects,
    "animals-food": animals_food,
    "digits": digits,
}


def make(name: str, folder: Path) -> None:
    """Make a set with the packages of the per-user cache."""
    SETS[name](folder, emoji_cache())


def emoji_cache() -> Path:
    """Return where the vendors' packages are kept."""
    return cache_folder() / "emoji"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", choices=SETS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, default=emoji_cache())
    given = parser.parse_args()
    SETS[given.set](given.folder, given.cache)


if __name__ == "__main__":
    main()
