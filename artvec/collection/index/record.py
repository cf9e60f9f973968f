"""What `index/index.json` says: how a collection is searched, and what was measured."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from artvec.collection.manifest import Manifest
from artvec.collection.reader import Collection
from artvec.vector_search.recipes import IndexRequest, Shape

INDEX = "index/index.json"


@dataclass(frozen=True)
class IndexRecord:
    """The content of `index.json`.

    Attributes:
        recipe: Name of a recipe, or a FAISS factory string.
        parameters: Search effort by its FAISS name, and `depth`.
        recall_at_10: Against the exact scan, on held-out rows.
        bytes: Of the index's files.
        wanted: What the user asked for.
        why: Why it is this recipe.
        rows: In the collection.
        factory: FAISS factory string.
        latency_ms: `p50` and `p95` of a single query.
        build_seconds: Training, adding and measuring.
        trained_rows: In the collection when it was trained.
        tried: Recipe that was to be had, but missed its recall or its memory.
        state: Digest of the rows that it belongs to, see `state_of`.
        files: `faiss`, the index, and `rows`, the content key and row of each of its positions;
            by their path below the collection.
    """

    recipe: str = "flat"
    parameters: Mapping[str, int] = field(default_factory=dict)
    recall_at_10: float = 1.0
    bytes: int = 0
    wanted: IndexRequest = field(default_factory=IndexRequest)
    why: str = ""
    rows: int | None = None
    factory: str | None = None
    latency_ms: Mapping[str, float] | None = None
    build_seconds: float | None = None
    trained_rows: int | None = None
    tried: str | None = None
    state: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)


def record_bytes(record: IndexRecord) -> bytes:
    """Lay a record out as JSON; what doesn't apply is absent."""
    fields = {name: value for name, value in asdict(record).items() if value is not None}
    return json.dumps(fields, indent=1).encode()


def record_from(data: bytes) -> IndexRecord:
    """Read a record back.

    Raises:
        ValueError: It isn't one.
    """
    try:
        fields: dict[str, Any] = json.loads(data)
        known = {name: fields[name] for name in IndexRecord.__dataclass_fields__ if name in fields}
        known["wanted"] = IndexRequest(**fields.get("wanted", {}))
        known["parameters"] = {name: int(value) for name, value in fields["parameters"].items()}
        known["files"] = {name: str(file) for name, file in fields.get("files", {}).items()}
        return IndexRecord(**known)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def state_of(manifest: Manifest) -> str:
    """Return the digest of the rows that readers see: of their shards' sha256s in order."""
    shards = (shard.sha256 for shard in manifest.shards if not shard.pending)
    return hashlib.sha256("".join(shards).encode()).hexdigest()


def shape_of(collection: Collection) -> Shape:
    """Return rows, width and bytes a number of a collection's vectors."""
    itemsize = 2 if collection.manifest.dtype == "float16" else 4
    return Shape(collection.rows, collection.manifest.encoder.dim, itemsize)
