"""Wrong pairs and recall of duplicates among hard-edged and nearly blank pictures, kind by kind.

Fingerprints and looks are asked about every pair, whatever an encoder would call close. So wrong
pairs are the most that any encoder could lead to.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

from artvec.images.decode import load_picture
from artvec.images.fingerprint import colour_grid, perceptual_hash
from artvec.near_duplicates import Fingerprints
from artvec.near_duplicates.alignment import THUMBNAIL_PX, agreement, thumbnail
from artvec.near_duplicates.evidence import AGREEMENT
from benchmarks.measure import Figure, wants_full, write
from benchmarks.plain import PLAIN, paint_plain
from benchmarks.variants import KINDS, make_variants

SEED, PICTURES, ORIGINALS = 404, 16, 2
ALTERATIONS = {
    "recompressed or resized": range(6),
    "trimmed": (6, 7, 8, 17),
    "mirrored": (9, 16),
    "captioned": (11,),
    "other light": (10, 12, 13, 14, 15),
}
"""By their places among the kinds."""


@dataclass
class Outcome:
    """What was said of one kind of pictures.

    Attributes:
        pairs: Of different pictures.
        by_fingerprints: Of these, called copies.
        by_looks: Likewise.
        recall: Group of alterations → share found by either.
        without_looks: Share of all alterations that fingerprints find.
    """

    pairs: int
    by_fingerprints: int
    by_looks: int
    recall: dict[str, float]
    without_looks: float


def main(full: bool = False) -> None:
    figures = []
    for kind in PLAIN:
        with tempfile.TemporaryDirectory() as place:
            outcome = measure(Path(place), kind)
        figures += _figures(kind, outcome)
        shares = " | ".join(f"{share:.2f}" for share in outcome.recall.values())
        wrong = f"{outcome.by_fingerprints} | {outcome.by_looks}"
        print(f"| {kind} | {wrong} | {outcome.without_looks:.2f} | {shares} |", flush=True)
    write("duplicates_plain", figures)


def measure(place: Path, kind: str) -> Outcome:
    """Compare different pictures of one kind, and some of them with their altered copies."""
    files = paint_plain(place / "art", kind, PICTURES, seed=SEED)
    thumbnails = [thumbnail(load_picture(file, side_px=THUMBNAIL_PX)) for file in files]
    pairs = list(combinations(range(PICTURES), 2))
    prints = _prints(files)
    said = sum(bool(prints.same_picture(a)[b]) for a, b in pairs)
    looked = sum(agreement(thumbnails[a], thumbnails[b]) >= AGREEMENT for a, b in pairs)
    found: list[list[bool]] = []
    known = []
    for alteration in KINDS:
        folder = place / alteration.replace("/", "-")
        make_variants(files[:ORIGINALS], folder, alteration, seed=SEED)
        found.append([])
        for at, file in enumerate(sorted(folder.iterdir())):
            same = bool(_prints([files[at], file]).same_picture(0)[1])
            small = thumbnail(load_picture(file, side_px=THUMBNAIL_PX))
            known.append(same)
            found[-1].append(same or agreement(thumbnails[at], small) >= AGREEMENT)
    recall = {
        name: float(np.mean([found[place] for place in places]))
        for name, places in ALTERATIONS.items()
    }
    return Outcome(len(pairs), said, looked, recall, float(np.mean(known)))


def _prints(files: Sequence[Path]) -> Fingerprints:
    images = [Image.open(file).convert("RGB") for file in files]
    return Fingerprints(
        np.arange(4 * len(images), dtype=np.uint64).reshape(-1, 4),
        np.frombuffer(b"".join(map(perceptual_hash, images)), np.uint64),
        np.frombuffer(b"".join(map(colour_grid, images)), np.uint8).reshape(-1, 48),
    )


def _figures(kind: str, outcome: Outcome) -> list[Figure]:
    rows = [
        ("wrong pairs by fingerprints", float(outcome.by_fingerprints), "pairs"),
        ("wrong pairs by looks", float(outcome.by_looks), "pairs"),
        ("recall by fingerprints", outcome.without_looks, "recall"),
        *((f"recall, {name}", share, "recall") for name, share in outcome.recall.items()),
    ]
    ideal = f"none of {outcome.pairs}"
    return [
        Figure(kind, what, value, unit, "all" if unit == "recall" else ideal, value, 1)
        for what, value, unit in rows
    ]


if __name__ == "__main__":
    main(full=wants_full())
