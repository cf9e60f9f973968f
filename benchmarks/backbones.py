"""`artvec embed` with other backbones of timm, beside the bare engine's forward rate.

The weights are random (seeded): they cost what trained ones cost, and need no download. Two figures
a backbone, of parts measured in turn with it (`baselines/embed_parts.py`):

- `embed`: pictures a second as its own report has them (decoding, forward passes, writing, index;
  not the process's start) over those of the engine alone on noise, with embed's streams and batch.
  Decoding takes its share of the same cores, so the ratio's own limit is 1/(1 + forward/decode);
  the share of that limit is the share of the ceiling 1/(1/forward + 1/decode).
- `forward stage`: processor time of a forward pass alone over that inside embed: what the pipeline
  costs the engine, decoding apart. Other work on the machine hardly changes it.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

import timm
import torch

from benchmarks.measure import Figure, artvec, in_turn, peak_mib, run, script, write
from benchmarks.pictures import make_pictures

BACKBONES = ("efficientnet_b0", "resnet50", "vit_small_patch16_224")
ROUNDS, BAR = 5, "≥ 0.95"


def main(full: bool = False) -> None:
    count = 768 if full else 256
    with tempfile.TemporaryDirectory() as place:
        source = make_pictures(Path(place) / "pictures", count, 256)
        figures = [
            figure for name in BACKBONES for figure in _figures(name, source, count, Path(place))
        ]
    write("backbones", figures)


def _figures(name: str, source: Path, count: int, place: Path) -> list[Figure]:
    weights = place / f"{name}.pth"
    torch.manual_seed(0)
    torch.save(timm.create_model(name).state_dict(), weights)
    words = ["-m", name, "--weights", str(weights), "-i", f"{place}/{name}"]
    embed = artvec("embed", str(source), *words, "--overwrite", "--json")
    run(embed)  # compile once, warm the disk
    parts = script("embed_parts.py", str(source), str(count // 2), name, "fp32", str(weights))
    runs = in_turn({"artvec": embed, "parts": parts}, rounds=ROUNDS)
    told = {who: [json.loads(run.output.splitlines()[-1]) for run in runs[who]] for who in runs}
    rate = statistics.median(report["images_per_second"] for report in told["artvec"])
    forward, decode, share = (
        statistics.median(of[part] for of in told["parts"])
        for part in ("forward", "decode", "forward_share")
    )
    ceiling = 1 / (1 / forward + 1 / decode)
    alone = f"forward alone ({forward:.4g}/s)"
    what = f"{count} JPEG of 256 px"
    return [
        Figure(
            f"embed, {what}",
            name,
            rate,
            "pictures/s",
            alone,
            rate / forward,
            ROUNDS,
            BAR,
            rate / ceiling,
            peak_mib(runs["artvec"]),
        ),
        Figure(
            f"forward stage, {what}",
            f"{name}, processor time",
            share * forward,
            "pictures/s",
            alone,
            share,
            ROUNDS,
            BAR,
        ),
    ]


if __name__ == "__main__":
    main()
