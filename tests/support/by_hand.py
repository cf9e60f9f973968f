"""Collections of given vectors, as no encoder makes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from artvec.collection.manifest import Manifest
from artvec.collection.shards import Row
from artvec.collection.writer import CollectionWriter
from artvec.core.types import EncoderIdentity, Preprocessing


def written(folder: Path, vectors: np.ndarray, labels: list[str | None]) -> Path:
    """Write a collection of given vectors, with a column that wants to be called `cluster`."""
    preprocessing = Preprocessing(4, 4, "squash", "box", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    identity = EncoderIdentity("synthetic", "", preprocessing, "none", vectors.shape[1])
    user = {"cluster": "string", "year": "int64"}
    manifest = Manifest(identity, "float32", str(folder / "none"), columns=user)
    rng = np.random.default_rng(0)
    rows = [
        Row(f"{n:03}.jpg", label, "train", 1, 1, 1, 1, rng.bytes(32), bytes(8), bytes(48), facts)
        for n, label in enumerate(labels)
        for facts in [{"cluster": "=1+1" if n == 2 else f"theirs {n}", "year": 1600 + n}]
    ]
    with CollectionWriter(folder, manifest, stored=None) as writer:
        writer.append(rows, vectors)
        writer.finish(lambda _, __, row: row, {})
    return folder
