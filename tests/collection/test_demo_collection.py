"""The committed `indexes/demo/` is the golden file of the format: today's code must read it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from artvec.collection.reader import blocks, columns, open_collection
from artvec.commands.search import SearchOptions, search_collection
from artvec.commands.status import collection_status
from artvec.core.types import AUTO, BackboneRequest
from artvec.encoding.extraction import Clock, Embedded, ExtractOptions, extract
from artvec.encoding.setup import ready_encoder
from artvec.images.find import find_images

DEMO = Path(__file__).parents[2] / "indexes" / "demo"


def test_it_is_small_complete_and_every_byte_is_as_written() -> None:
    files = [file for file in DEMO.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 3_000_000
    assert collection_status(DEMO).complete
    fields = json.loads((DEMO / "collection.json").read_bytes())
    named = {f"shards/{shard['name']}": shard["sha256"] for shard in fields["shards"]}
    named |= {name: entry["sha256"] for name, entry in fields["files"].items()}
    for name, digest in named.items():
        assert hashlib.sha256((DEMO / name).read_bytes()).hexdigest() == digest
    own = fields.pop("sha256")
    assert hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest() == own


def test_todays_encoder_gives_the_stored_vectors() -> None:
    collection = open_collection(DEMO)
    stored = np.concatenate(list(blocks(collection)))
    encoder = ready_encoder(BackboneRequest("tf_efficientnet_lite0"), AUTO).encoder
    assert encoder.identity == collection.manifest.encoder
    samples = find_images(DEMO / "pictures").samples
    assert [s.path for s in samples] == columns(collection, ["path"])["path"].to_pylist()
    outcomes = extract(samples, encoder, ExtractOptions(), Clock())
    today = np.concatenate([o.vectors for o in outcomes if isinstance(o, Embedded)])
    norms = np.linalg.norm(stored, axis=1) * np.linalg.norm(today, axis=1)
    assert ((stored * today).sum(axis=1) / norms).min() >= 0.99999


@pytest.mark.parametrize("style", ["mosaic", "stained-glass", "pointillist"])
def test_search_finds_the_style(style: str) -> None:
    query = next((DEMO / "pictures/test" / style).iterdir())
    hits = (
        search_collection(DEMO, [str(query)], SearchOptions(k=3, exclude_self=True)).queries[0].hits
    )
    assert sum(hit.label == style for hit in hits) >= 2
