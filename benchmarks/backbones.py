"""`artvec embed` with other backbones of timm, beside the bare engine's forward rate.

The weights are random (seeded): they cost what trained ones cost, and need no download. Three
figures a backbone, of parts measured in turn with it (`baselines/embed_parts.py`):

- `embed`: pictures a second as its own report has them (decoding, forward passes, writing, index;
  not the process's start) over those of the engine alone on noise, with embed's streams and batch.
- `embed, steady`: the same without what a run costs whatever its size: pictures beyond the first 32
  over the seconds that they add. Decoding takes its share of the same cores, so this ratio's own
  limit is 1/(1 + forward/decode); the share of that limit is the share of the ceiling
  1/(1/forward + 1/decode).
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

from benchmarks.measure import Figure, Run, artvec, in_turn, peak_mib, run, script, write
from benchmarks.pictures import make_pictures

BACKBONES = {"efficientnet_b0": 768, "resnet50": 256, "vit_small_patch16_224": 256}
"""Of each, how many pictures: some ten seconds on two cores."""
FEW, ROUNDS, BAR = 32, 5, "≥ 0.95"


def main(full: bool = False) -> None:
    with tempfile.TemporaryDirectory() as place:
        figures = [
            figure
            for name, count in BACKBONES.items()
            for figure in _figures(name, 3 * count if full else count, Path(place))
        ]
    write("backbones", figures)


def _figures(name: str, count: int, place: Path) -> list[Figure]:
    many = make_pictures(place / f"{count}", count, 256)
    few = make_pictures(place / f"{FEW}", FEW, 256)
    weights = place / f"{name}.pth"
    torch.manual_seed(0)
    torch.save(timm.create_model(name).state_dict(), weights)
    words = ["-m", name, "--weights", str(weights), "--overwrite", "--json"]
    embeds = {
        source.name: artvec("embed", str(source), "-i", f"{place}/{name}-{source.name}", *words)
        for source in (many, few)
    }
    run(embeds[few.name])  # compile once
    parts = script("embed_parts.py", str(many), str(count // 2), name, "fp32", str(weights))
    runs = in_turn({**embeds, "parts": parts}, rounds=ROUNDS)
    took, least = (_median(runs[source.name], "seconds") for source in (many, few))
    forward, decode, share = (
        _median(runs["parts"], part) for part in ("forward", "decode", "forward_share")
    )
    steady = (count - FEW) / (took - least)
    of_ceiling = steady * (1 / forward + 1 / decode)
    pictures, alone = f"{count} JPEG of 256 px", f"forward alone ({forward:.4g}/s)"
    return [
        Figure(what, name, rate, "pictures/s", alone, rate / forward, ROUNDS, *rest)
        for what, rate, *rest in (
            (f"embed, {pictures}", count / took, "", None, peak_mib(runs[many.name])),
            (f"embed, steady, {pictures}", steady, BAR, of_ceiling),
            (f"forward stage, {pictures}", share * forward, BAR),
        )
    ]


def _median(runs: list[Run], field: str) -> float:
    """Return the median of a number that processes told in their last line, as JSON."""
    return statistics.median(json.loads(run.output.splitlines()[-1])[field] for run in runs)


if __name__ == "__main__":
    main()
