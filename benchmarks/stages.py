"""Where the time of `artvec embed` goes: core time a picture, stage by stage, and drawn.

A picture's way to the backbone is timed step by step in one thread; forward passes, and what a run
takes beyond both (writing shards, threads and caches that cores share), in a run on all cores,
without its start. The chart is docs/pictures/stages.png.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.figure import Figure as Drawing
from PIL import Image

from artvec.commands.embed import EmbedOptions, embed_images
from artvec.core.runtime import cores, keep_freed_memory
from artvec.core.types import AUTO, BackboneRequest, Encoder, Preprocessing, Sample
from artvec.encoding.setup import ready_encoder
from artvec.images.byte_sources import reading
from artvec.images.decode import decode_sample
from artvec.images.find import find_images
from artvec.images.opening import MAX_PIXELS, open_picture
from artvec.reports.shared.drawing import saved, styled
from benchmarks.measure import HERE, Figure, wants_full, write
from benchmarks.pictures import make_pictures

CASES = ((1000, 256), (500, 1024), (100, 3464))
CHART = HERE.parent / "docs" / "pictures" / "stages.png"
STAGES = {
    "read and hash": "#9aa5b1",
    "decode the JPEG": "#d9822b",
    "resize, perceptual hash, colours": "#f2c078",
    "forward pass": "#2b6cb0",
    "everything else": "#dfe3e8",
}


def main(full: bool = False) -> None:
    keep_freed_memory()
    encoder = ready_encoder(BackboneRequest("tf_efficientnet_lite0"), AUTO).encoder
    figures: list[Figure] = []
    bars: dict[str, list[float]] = {}
    for count, side_px in CASES:
        with tempfile.TemporaryDirectory() as place:
            source = make_pictures(Path(place) / "pictures", count, side_px)
            parts = _stages(source, Path(place) / "index", encoder)
        what = f"a JPEG of {side_px} px"
        bars[what] = parts
        figures += [
            Figure(f"{stage}, {what}", "lite0", part, "ms", "all stages", part / sum(parts), 1)
            for stage, part in zip(STAGES, parts, strict=True)
        ]
    write("stages", figures)
    saved(_chart(bars), CHART)


def _stages(source: Path, index: Path, encoder: Encoder) -> list[float]:
    """Return core milliseconds a picture, in the order of `STAGES`."""
    preprocessing = encoder.identity.preprocessing
    samples = find_images(source).samples
    read = _each(samples, _read)
    opened = _each(samples, lambda sample: _load(sample, preprocessing))
    decoded = _each(samples, lambda sample: decode_sample(sample, preprocessing, "fast"))
    report = embed_images(source, EmbedOptions(index=str(index)))
    used = report.utilisation
    assert used is not None
    core_ms = 1000 * used.cores * report.seconds / len(samples)
    rest = max(0.0, core_ms * (used.decode + used.write) - decoded)
    return [read, opened - read, decoded - opened, core_ms * used.forward, rest]


def _each(samples: Sequence[Sample], work: Callable[[Sample], object]) -> float:
    """Return core milliseconds a sample, once the files are in memory."""
    for sample in samples:
        Path(sample.file).read_bytes()
    started = time.thread_time()
    for sample in samples:
        work(sample)
    return 1000 * (time.thread_time() - started) / len(samples)


def _read(sample: Sample) -> bytes:
    with reading(sample.file, max_bytes=1 << 30) as content:
        return content.sha256


def _load(sample: Sample, preprocessing: Preprocessing) -> Image.Image:
    with reading(sample.file, max_bytes=1 << 30) as content:
        image = open_picture(content, preprocessing, "fast", MAX_PIXELS).image
        image.load()
        return image


def _chart(bars: dict[str, list[float]]) -> Drawing:
    with styled():
        drawing = Drawing(figsize=(8, 0.7 * len(bars) + 1.1))
        axes = drawing.subplots()
        for row, parts in enumerate(bars.values()):
            left = 0.0
            for part, colour in zip(parts, STAGES.values(), strict=True):
                share = part / sum(parts)
                axes.barh(row, share, left=left, color=colour, edgecolor="white")
                if share > 0.05:
                    ink = "white" if colour == STAGES["forward pass"] else "black"
                    place = (left + share / 2, row)
                    axes.text(*place, f"{part:.1f}", ha="center", va="center", color=ink)
                left += share
        names = [f"{what}\n{sum(parts):.1f} ms of a core" for what, parts in bars.items()]
        axes.set_yticks(range(len(bars)), names)
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        handles = [axes.patches[at] for at in range(len(STAGES))]
        axes.legend(
            handles, STAGES, ncols=3, loc="upper center", bbox_to_anchor=(0.4, -0.12), frameon=False
        )
        axes.set_title(
            f"artvec embed, tf_efficientnet_lite0 on {cores()} cores: ms of a core a picture"
        )
    return drawing


if __name__ == "__main__":
    main(full=wants_full())
