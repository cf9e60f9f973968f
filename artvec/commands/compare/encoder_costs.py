"""What each encoder costs: counted without its weights, timed on the compared pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from artvec.collection.encoder_request import stored_request
from artvec.collection.reader import Collection, row
from artvec.commands.compare.named_collections import NamedCollection
from artvec.core.errors import ArtvecError, OutOfMemory
from artvec.core.progress import Progress, silent
from artvec.core.types import Decoded, Encoder, EncoderOptions, Int64Array, UInt8Array
from artvec.encoding.encoders.speed import Speed, compared_speeds
from artvec.encoding.setup import encoder_for
from artvec.images.decode import decode_sample
from artvec.images.find import file_of, sample_of

if TYPE_CHECKING:
    from artvec.encoding.backbones.counting import Size

_PICTURES = 16


@dataclass(frozen=True, slots=True)
class Cost:
    """What an encoder costs; None where it doesn't apply or can't be had.

    Attributes:
        size: Counted.
        speed: Timed.
        engine: What ran it for `speed`: engine, device, precision.
    """

    size: Size | None = None
    speed: Speed | None = None
    engine: str | None = None

    @property
    def figures(self) -> dict[str, float]:
        """What is known, by the names of the JSON."""
        found: dict[str, float] = {}
        if self.size is not None:
            found["parameters"] = self.size.parameters
            found["mult_adds"] = self.size.mult_adds
            found["depth"] = self.size.depth
            found["size_mb"] = self.size.megabytes
        if self.speed is not None:
            found["images_per_second"] = self.speed.images_per_second
            found["ms_per_image"] = self.speed.ms_per_image
        return found


@dataclass(frozen=True)
class Costs:
    """The costs of several encoders, in their order, and what a user should know of them."""

    each: tuple[Cost, ...]
    notes: tuple[str, ...]


def costs(
    collections: Sequence[NamedCollection],
    rows: Int64Array,
    options: EncoderOptions | None,
    progress: Progress = silent,
) -> Costs:
    """Count every encoder, and time all of them in turns on the same pictures.

    Args:
        collections: Collections.
        rows: (n,) rows of the first one that all have; pictures are taken from them evenly.
        options: How to run the encoders; None times nothing.
        progress: Of the timing.
    """
    notes: list[str] = []
    encoders: dict[int, Encoder] = {}
    if options is not None:
        encoders = dict(_encoders(collections, options, notes))
    timed = _timed(collections[0].collection, rows, encoders, notes, progress)
    # Only now: it imports torch, whose threads would be timed.
    sizes = [_size(one, notes) for one in collections]
    each = []
    for at, size in enumerate(sizes):
        if at in timed:
            encoder = encoders[at]
            how = f"{encoder.engine}, {encoder.device}, {encoder.precision}"
            each.append(Cost(size, timed[at], how))
        else:
            each.append(Cost(size))
    return Costs(tuple(each), tuple(notes))


def _size(one: NamedCollection, notes: list[str]) -> Size | None:
    identity = one.collection.manifest.encoder
    if identity.layer == "pixels":
        return None  # nothing was learnt
    from artvec.encoding.backbones.counting import encoder_size

    try:
        return encoder_size(identity)
    except ArtvecError as why:
        notes.append(f"the size of {identity.backbone} ({one.name}) is unknown: {why.message}")
        return None


def _encoders(
    collections: Sequence[NamedCollection], options: EncoderOptions, notes: list[str]
) -> Iterator[tuple[int, Encoder]]:
    for at, one in enumerate(collections):
        manifest = one.collection.manifest
        if manifest.encoder.layer == "pixels":
            notes.append(
                f"the speed of {one.name} is not measured: {manifest.encoder.backbone} is computed "
                "in decoding, which no speed here counts"
            )
            continue
        try:
            ready = encoder_for(manifest.encoder, stored_request(manifest), options)
            yield at, ready.encoder
        except ArtvecError as why:
            notes.append(f"the speed of {one.name} is not measured: {why.message}")


def _timed(
    collection: Collection,
    rows: Int64Array,
    encoders: dict[int, Encoder],
    notes: list[str],
    progress: Progress,
) -> dict[int, Speed]:
    if not encoders:
        return {}
    files = list(_reachable(collection, rows))
    batches = [_batch(files, encoder) for encoder in encoders.values()]
    if not all(map(len, batches)):
        notes.append(f"speeds are not measured: no picture in {collection.source} can be read now")
        return {}
    try:
        speeds = compared_speeds(list(encoders.values()), batches, progress)
    except OutOfMemory:
        notes.append("speeds are not measured: memory runs out even for one image at a time")
        return {}
    return dict(zip(encoders, speeds, strict=True))


def _reachable(collection: Collection, rows: Int64Array) -> Iterator[Path]:
    """Yield some of the pictures, evenly spread, that are still where they were embedded from."""
    places = np.linspace(0, len(rows) - 1, min(_PICTURES, len(rows))).astype(int)
    for number in rows[places].tolist():
        file = file_of(collection.source, row(collection, number)["path"])
        if file.is_file():
            yield file


def _batch(files: Sequence[Path], encoder: Encoder) -> UInt8Array:
    """Return (B, H, W, 3) pixels as the encoder takes them, pictures repeated to fill its batch."""
    outcomes = (
        decode_sample(sample_of(file), encoder.identity.preprocessing, "fast") for file in files
    )
    decoded = [one.pixels for one in outcomes if isinstance(one, Decoded)]
    if not decoded:
        return np.empty((0, 0, 0, 3), dtype=np.uint8)
    return np.stack([decoded[at % len(decoded)] for at in range(encoder.batch_size)])
