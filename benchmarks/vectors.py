"""Vectors like embeddings, written as a collection by artvec's own writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from artvec.collection.encoder_request import new_manifest
from artvec.collection.manifest import Manifest
from artvec.collection.shards import ROWS_PER_SHARD, Row
from artvec.collection.writer import CollectionWriter
from artvec.core.types import (
    BackboneRequest,
    EncoderIdentity,
    Float32Array,
    Int64Array,
    Preprocessing,
)

INTRINSIC, GROUPS = 24, 300

Labelled = tuple[Float32Array, Sequence[str | None]]
"""(n, dim) vectors, and n labels."""


def realistic(count: int, dim: int, *, seed: int) -> Iterator[Float32Array]:
    """Yield (≤ 1,024, dim) blocks: 300 overlapping Gaussian groups in 24 dimensions.

    They are mapped linearly into `dim`, get noise (σ .15), and pass a ReLU, as a pooled layer
    does; groups and map are the same for every seed.
    """
    same, rng = np.random.default_rng(0), np.random.default_rng(seed)
    basis = same.standard_normal((INTRINSIC, dim), dtype=np.float32) / np.sqrt(INTRINSIC)
    centres = same.standard_normal((GROUPS, INTRINSIC), dtype=np.float32)
    for first in range(0, count, ROWS_PER_SHARD):
        size = min(ROWS_PER_SHARD, count - first)
        inner = rng.standard_normal((size, INTRINSIC), dtype=np.float32) * np.float32(0.7)
        inner += centres[rng.integers(GROUPS, size=size)]
        noise = rng.standard_normal((size, dim), dtype=np.float32) * np.float32(0.15)
        yield np.maximum(inner @ basis + noise, 0)


def grouped(
    count: int, dim: int, groups: int, *, seed: int
) -> Iterator[tuple[Float32Array, Int64Array]]:
    """Yield (≤ 1,024, dim) blocks with the group of each row: Gaussian groups in 24 dimensions.

    They are narrower than those of `realistic`, and of sizes from 1 to 3; mapped alike.
    """
    same, rng = np.random.default_rng(1), np.random.default_rng(seed)
    basis = same.standard_normal((INTRINSIC, dim), dtype=np.float32) / np.sqrt(INTRINSIC)
    centres = same.standard_normal((groups, INTRINSIC), dtype=np.float32)
    shares = np.linspace(1, 3, groups)
    for first in range(0, count, ROWS_PER_SHARD):
        size = min(ROWS_PER_SHARD, count - first)
        true = rng.choice(groups, size, p=shares / shares.sum())
        inner = rng.standard_normal((size, INTRINSIC), dtype=np.float32) * np.float32(0.4)
        inner += centres[true]
        noise = rng.standard_normal((size, dim), dtype=np.float32) * np.float32(0.15)
        yield np.maximum(inner @ basis + noise, 0), true


def grouped_collection(folder: Path, count: int, dim: int, groups: int) -> None:
    """Write a collection of grouped vectors, each group a label."""
    named = (
        (block, [f"group {t:02}" for t in true])
        for block, true in grouped(count, dim, groups, seed=2)
    )
    _write(_manifest(folder, dim), folder, named)


def write_collection(folder: Path, count: int, dim: int) -> None:
    """Write a collection of realistic vectors; their pictures never existed."""
    _write(_manifest(folder, dim), folder, _unlabelled(count, dim))


def write_searchable(folder: Path, count: int, backbone: str, identity: EncoderIdentity) -> None:
    """Write realistic vectors as if a backbone had made them, so that pictures can be queries."""
    request = BackboneRequest(backbone)
    manifest = new_manifest(folder, folder / "none", identity, request, "float32")
    _write(manifest, folder, _unlabelled(count, identity.dim))


def _unlabelled(count: int, dim: int) -> Iterator[Labelled]:
    return ((block, [None] * len(block)) for block in realistic(count, dim, seed=2))


def _manifest(folder: Path, dim: int) -> Manifest:
    preprocessing = Preprocessing(4, 4, "squash", "box", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    identity = EncoderIdentity("synthetic", "", preprocessing, "none", dim)
    return Manifest(identity, "float32", str(folder / "none"))


def _write(manifest: Manifest, folder: Path, labelled: Iterable[Labelled]) -> None:
    rng = np.random.default_rng(1)
    with CollectionWriter(folder, manifest, stored=None) as writer:
        done = 0
        for block, labels in labelled:
            rows = [_row(done + at, label, rng.bytes(32)) for at, label in enumerate(labels)]
            writer.append(rows, block)
            done += len(block)
        writer.finish(lambda _, __, row: row, {})


def _row(number: int, label: str | None, content_hash: bytes) -> Row:
    path = f"{number}.jpg"
    return Row(path, label, "train", 1, 1, 1, 1, content_hash, bytes(8), bytes(48), {})
