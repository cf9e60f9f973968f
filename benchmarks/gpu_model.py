"""What a GPU would do, by arithmetic: `python -m benchmarks.gpu_model` renders docs/performance.md.

Nothing is measured here. Rates of cards are published ones; those of decoding were measured on
the two cores that the other benchmarks run on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs" / "performance.md"
_BEGIN, _END = "<!-- gpu model -->", "<!-- /gpu model -->"

COLLECTION_SIZES = (1_000_000, 100_000_000, 1_000_000_000)

# Assumed; change them to what you pay.
CARDS, CORES = 1, 16
CARD_DOLLARS, CORE_DOLLARS = 0.50, 0.04
"""Per hour."""

ROW_BYTES = 5_120 + 160
"""1,280 float32, and all other columns: results/dry_run-x86_64-2cores.csv, 7.917 MB in 1,500."""
INDEX_BYTES = {"RaBitQ": 178, "PQ": 90}
"""A row of 1,280 numbers in `rabitq` and `ivfpq`: codes, and ids of 8 bytes, as FAISS says."""

BOOKKEEPING_S = 0.00035
"""CPU time of `decode_sample` on a JPEG of 8 px, where pixels cost nothing (2026-11-22, AMD Zen 4).
Were all of it under Python's lock, a process could not go faster, however many its cores."""

CARD_BYTES, CARD_BYTES_PER_S, CARD_FLOP_PER_S = 24e9, 1_008e9, 82.6e12
"""RTX 4090: NVIDIA's data sheet; arithmetic in fp32."""
BUS_BYTES_PER_S = 25e9
"""PCIe 4.0 × 16, of 31.5 GB/s what pinned copies usually reach; assumed."""


@dataclass(frozen=True, slots=True)
class Forward:
    """A backbone on one RTX 4090.

    Source: `results/benchmark-infer-amp-nhwc-pt240-cu124-rtx4090.csv` of pytorch-image-models
    (timm): PyTorch 2.4, AMP, channels_last, batches of 512, no decoding and no copies.
    """

    backbone: str
    size_px: int
    per_second: float


FORWARDS = (
    Forward("tf_efficientnet_lite0", 224, 9_765.44),
    Forward("efficientnet_b0", 224, 9_831.68),
    Forward("efficientnet_b2", 256, 4_887.72),
    Forward("resnet50", 224, 5_088.39),
    Forward("vit_small_patch16_224", 224, 7_695.68),
    Forward("vit_base_patch16_224", 224, 2_843.0),
    Forward("vit_small_patch14_dinov2", 518, 864.18),
)
TOLD = ("tf_efficientnet_lite0", "vit_base_patch16_224")
"""Whose hours and dollars are told."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A kind of JPEG, and how many of it one core decodes and resizes to 224 px in a second."""

    name: str
    pixels: int
    per_second: float

    @property
    def size_bytes(self) -> float:
        """At 2.5 bits a pixel: quality 90; six photographs had 1.5 to 3.2."""
        return self.pixels * 2.5 / 8


_LARGEST_DECODED_PX = 256
"""The rates of decoding don't hold for larger inputs, which need more pixels of a picture."""

PICTURES = (
    Picture("256 px", 256**2, 692),  # full decode, PIL
    Picture("512 px", 512**2, 280),  # between 692 and 83, linear in pixels; not measured
    Picture("1,024 px", 1024**2, 83 * 2.4),  # scaled decode ×2.4
    Picture("12 MP", 12_000_000, 9.5 * 3.9),  # scaled decode ×3.9
)


COPY = PICTURES[1]
COPYING_S = 0.001
"""CPU time of writing a JPEG of 512 px at quality 90 with Pillow, .7 ms on the same machine."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a machine embeds, and what keeps it from going faster."""

    per_second: float
    limit: str


def cores_to_feed(forward: Forward, picture: Picture) -> float:
    """Return the cores that decode as fast as a card computes."""
    return forward.per_second / picture.per_second


def embedding(forward: Forward, picture: Picture) -> Speed:
    """Return the slowest stage of one process on `CARDS` cards and `CORES` cores."""
    stages = (
        Speed(CARDS * forward.per_second, "card"),
        Speed(CORES * picture.per_second, "decoding"),
        Speed(1 / BOOKKEEPING_S, "one process"),
    )
    return min(stages, key=lambda stage: stage.per_second)


def hours(pictures: int, speed: Speed) -> float:
    """Return how long so many pictures take."""
    return pictures / speed.per_second / 3600


def dollars(duration_h: float) -> float:
    """Return what the machine costs for so long."""
    return duration_h * (CARDS * CARD_DOLLARS + CORES * CORE_DOLLARS)


def queries_a_copy_is_worth() -> float:
    """Return the queries whose products take a card as long as copying the vectors to it."""
    return 4 / BUS_BYTES_PER_S * CARD_FLOP_PER_S / 2


def embeddings_that_copies_pay_from(picture: Picture) -> int:
    """Return from which embedding on small copies, made once, have spared more than they cost."""
    spared = 1 / picture.per_second - 1 / COPY.per_second
    return math.floor((1 / picture.per_second + COPYING_S) / spared) + 1


def render() -> str:
    """Return the tables as Markdown."""
    return "\n\n".join([_feeding(), _embedding(), _searching()])


def main() -> None:
    """Put the tables between their markers."""
    page = DOCS.read_text()
    before, after = page.partition(_BEGIN)[0], page.partition(_END)[2]
    DOCS.write_text(f"{before}{_BEGIN}\n{render()}\n{_END}{after}")


def _feeding() -> str:
    header = ["one RTX 4090", "pictures/s"]
    header += [f"{one.name}: cores · MB/s read" for one in PICTURES]
    rows = []
    for forward in FORWARDS:
        feeds = [_feed(forward, one) for one in PICTURES]
        name = f"{forward.backbone}, {forward.size_px} px"
        rows.append([name, f"{forward.per_second:,.0f}", *feeds])
    return _table(header, rows)


def _feed(forward: Forward, picture: Picture) -> str:
    if forward.size_px > _LARGEST_DECODED_PX:
        return "–"
    read = forward.per_second * picture.size_bytes / 1e6
    return f"{cores_to_feed(forward, picture):,.0f} · {read:,.0f}"


def _embedding() -> str:
    header = ["backbone", "JPEGs of", "bytes each", "pictures/s", "limit"]
    header += [_count(pictures) for pictures in COLLECTION_SIZES]
    rows = []
    for forward in (one for one in FORWARDS if one.backbone in TOLD):
        for picture in PICTURES:
            speed = embedding(forward, picture)
            spent = [hours(pictures, speed) for pictures in COLLECTION_SIZES]
            costs = [f"{_number(each)} h · ${_number(dollars(each))}" for each in spent]
            rate = f"{speed.per_second:,.0f}"
            size = _size(picture.size_bytes)
            rows.append([forward.backbone, picture.name, size, rate, speed.limit, *costs])
    return _table(header, rows)


def _searching() -> str:
    header = ["rows of 1,280", "shards", "vectors", "one query, vectors on the card"]
    header += ["one batch, vectors copied to it", *(f"{name} index" for name in INDEX_BYTES)]
    rows = []
    for count in COLLECTION_SIZES:
        size = count * 1_280 * 4
        fits = size <= CARD_BYTES
        scan = _seconds(size / CARD_BYTES_PER_S) if fits else "doesn't fit"
        indexes = [_size(count * each) for each in INDEX_BYTES.values()]
        copied = _seconds(size / BUS_BYTES_PER_S)
        rows.append([_count(count), _size(count * ROW_BYTES), _size(size), scan, copied, *indexes])
    return _table(header, rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _count(pictures: int) -> str:
    return f"{pictures // 10**9} B" if pictures >= 10**9 else f"{pictures // 10**6} M"


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def _size(size_bytes: float) -> str:
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= scale:
            return f"{size_bytes / scale:.3g} {unit}"
    return f"{size_bytes / 1e3:.3g} kB"


def _seconds(value: float) -> str:
    return f"{1e3 * value:.3g} ms" if value < 1 else f"{value:.3g} s"


if __name__ == "__main__":
    main()
