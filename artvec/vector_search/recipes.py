"""Index recipes: one table from a name to a FAISS factory string, and the rule of `auto`.

An index only proposes rows; their scores are computed from the stored vectors. So no recipe keeps
vectors in full, and none has a FAISS `Refine` stage.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from artvec.core.errors import ArtvecError

FLAT_UP_TO_BYTES = 1_000_000_000
"""`auto` scans so many bytes of vectors exactly: below it a scan costs less than a process."""

DEFAULT_RECALL = 0.99
"""What parameters are tuned to where no recall is asked for."""

POINTS_PER_CLUSTER = 39
"""The fewest training rows a cluster that FAISS's k-means takes without a warning."""

_SAMPLED_PER_CLUSTER = 64
_PQ_CENTROIDS = 16
_NARROW = 256
"""Up to here a product code has 2 numbers a part; wider vectors bear 8 (measured at 128, 1,280)."""
_FEWEST_BITS = 64
"""RaBitQ's error falls with 1/√dim (Gao and Long 2024); narrower vectors get 8-bit codes."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A row of the table.

    Attributes:
        factory: FAISS factory string with places for `clusters`, `dim` and `parts`.
        summary: For the help page.
        source: Where the default comes from.
    """

    factory: str
    summary: str
    source: str


RECIPES: Mapping[str, Recipe] = {
    "flat": Recipe("", "exact scan, nothing stored", "the default up to 1 GB of vectors"),
    "hnsw": Recipe(
        "HNSW32,SQ4",
        "graph; fastest to extend, slowest to build",
        "Malkov and Yashunin 2018; 4-bit codes suffice where candidates are scored again "
        "(60,000 × 1,280: .997 of the ten nearest among 20 candidates at efSearch 64)",
    ),
    "ivf": Recipe(
        "IVF{clusters},SQ8",
        "clusters of 8-bit codes",
        "FAISS guidelines; √N clusters balance choosing a cluster with scanning it",
    ),
    "rabitq": Recipe(
        "RR{dim},IVF{clusters},RaBitQ",
        "clusters of 1-bit codes: small and fast",
        "Gao and Long 2024; the random rotation is what its error bound rests on "
        "(1,000,000 × 128: .996 of the ten nearest among 160 candidates with it, .988 without)",
    ),
    "ivfpq": Recipe(
        "IVF{clusters},PQ{parts}x4fs",
        "clusters of 4-bit product codes: smallest",
        "Jégou et al. 2011; André et al. 2017 for the 4-bit scan",
    ),
}


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """What a user wants of an index; kept from run to run.

    Attributes:
        recipe: A name of the table, `auto`, or a FAISS factory string.
        min_recall: Recall@10 below which no index is installed; None tunes to `DEFAULT_RECALL`
            and takes what comes (`auto` rather scans).
        max_memory: Bytes that building may take beside what a process takes anyway.
    """

    recipe: str = "auto"
    min_recall: float | None = None
    max_memory: int | None = None

    @property
    def recall(self) -> float:
        """Recall@10 that parameters are tuned to."""
        return DEFAULT_RECALL if self.min_recall is None else self.min_recall


@dataclass(frozen=True, slots=True)
class Shape:
    """What is to be indexed: rows, their width, bytes of a stored number."""

    rows: int
    dim: int
    itemsize: int

    @property
    def size_bytes(self) -> int:
        """Of the vectors."""
        return self.rows * self.dim * self.itemsize


@dataclass(frozen=True, slots=True)
class Ranked:
    """Recipes in the order in which they are to be tried, and why."""

    names: tuple[str, ...]
    why: str


def ranked(request: IndexRequest, shape: Shape) -> Ranked:
    """Return the recipes that a request stands for, best first; `auto` ends in the exact scan."""
    if request.recipe != "auto":
        return Ranked((request.recipe,), f"{request.recipe} was asked for")
    size = f"{shape.rows:,} × {shape.dim:,} vectors are {shape.size_bytes / 1e9:.2f} GB"
    limit = f"{FLAT_UP_TO_BYTES / 1e9:g} GB"
    if shape.size_bytes <= FLAT_UP_TO_BYTES:
        return Ranked(("flat",), f"{size}; up to {limit} an exact scan is fast enough")
    first = "rabitq" if shape.dim >= _FEWEST_BITS else "ivf"
    smaller = ("ivfpq",) if _parts(shape.dim) else ()
    return Ranked((first, *smaller, "flat"), f"{size}, more than {limit}")


def factory_string(name: str, dim: int, training_rows: int, rows: int) -> str:
    """Return a recipe's FAISS factory string for so many rows.

    Args:
        name: Of the table, or a factory string, which is returned as it is.
        dim: Width of the vectors.
        training_rows: How many there are to train on; they bound the clusters.
        rows: To be indexed.

    Raises:
        ArtvecError: The width can't be cut into parts for a product quantizer.
    """
    if name not in RECIPES:
        return name
    clusters = max(1, min(_clusters(rows), training_rows // POINTS_PER_CLUSTER))
    if name == "ivfpq" and training_rows < _PQ_CENTROIDS * POINTS_PER_CLUSTER:
        name = "ivf"  # too few rows to train a product quantizer on
    if name == "ivfpq" and not _parts(dim):
        raise ArtvecError(
            f"ivfpq cuts vectors into equal parts, and {dim} numbers can't be cut",
            "take --recipe rabitq, which takes any width",
            usage=True,
        )
    return RECIPES[name].factory.format(clusters=clusters, dim=dim, parts=_parts(dim))


def training_rows_wanted(name: str, rows: int) -> int:
    """Return how many rows a recipe likes to be trained on: 64 a cluster or centroid."""
    if name in RECIPES:
        return _SAMPLED_PER_CLUSTER * max(_clusters(rows), 4 * _PQ_CENTROIDS)
    return _SAMPLED_PER_CLUSTER * max(clusters_in(name), 2**8)  # it may hold an 8-bit code


def training_rows_needed(name: str) -> int:
    """Return the fewest rows that a recipe is trained on where memory is short."""
    return POINTS_PER_CLUSTER * max(1, clusters_in(name), _PQ_CENTROIDS * (name == "ivfpq"))


def clusters_in(factory: str) -> int:
    """Return the number of clusters that a factory string names, 0 where there are none."""
    found = re.search(r"IVF(\d+)", factory)
    return int(found[1]) if found else 0


def _clusters(rows: int) -> int:
    """Return the power of two nearest to √N (measured: 256 at 60,000, 1,024 at 1,000,000)."""
    return int(2 ** round(math.log2(max(rows, 1)) / 2))


def _parts(dim: int) -> int:
    """Return into how many parts of one 4-bit code each a vector is cut, 0 if it can't be."""
    widths = (2, 4, 3) if dim <= _NARROW else (8, 4, 6, 5, 7, 10, 3, 2)
    return next((dim // width for width in widths if dim % width == 0), 0)
