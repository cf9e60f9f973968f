"""One CPU fine-tuning step of `artvec train` beside a plain PyTorch loop's.

Both train every weight of lite0, batch-norm statistics included, with AdamW and cross-entropy in
batches of 32 at 224 px, on random crops (8 to 100 % of the area) and flips of the same JPEGs of
256 px. A step is an epoch's time over its batches, the median of all epochs of all rounds: by
artvec's own `history.csv`, and in `baselines/finetune_loop.py`. artvec decodes every picture once,
before its first epoch, which is a row of its own. The losses are of the first ten steps from the
same weights on the same unvaried batches (`baselines/finetune_losses.py`).
"""

from __future__ import annotations

import csv
import json
import statistics
import tempfile
from pathlib import Path

from benchmarks.measure import Figure, Run, artvec, in_turn, peak_mib, run, script, write
from benchmarks.pictures import make_pictures

BATCH, BATCHES, STEPS, ROUNDS = 32, 10, 10, 3
BAR = "≥ 2"
CONFIG = """
[[phases]]
name = "finetune"
trainable = "all"
epochs = {epochs}
rate = 1e-4
weight_decay = 0.01
schedule = "constant"
augment = "crop-flip"
batch_norm = "train"
batch_size = 32
"""


def main(full: bool = False) -> None:
    with tempfile.TemporaryDirectory() as place:
        write("finetune", _figures(Path(place), epochs=3 if full else 2))


def _figures(place: Path, epochs: int) -> list[Figure]:
    source = place / "pictures"
    train = make_pictures(source / "train", BATCHES * BATCH, 256)
    for side in ("val", "test"):
        make_pictures(source / side, BATCH, 256)
    (place / "steps.toml").write_text(CONFIG.format(epochs=epochs))
    run(artvec("embed", str(source), "-i", f"{place}/index", "-q"))
    config = f"{place}/steps.toml"
    loop = script("finetune_loop.py", str(train), str(epochs))
    rates: dict[str, list[float]] = {"artvec": [], "plain": [], "plain, malloc tuned": []}
    runs: dict[str, list[Run]] = {name: [] for name in rates}
    for number in range(ROUNDS):
        own = place / f"run{number}"
        commands = {
            "artvec": artvec(
                "train", f"{place}/index", "--config", config, "--name", str(own), "-q"
            ),
            "plain": loop,
            "plain, malloc tuned": [*loop, "tuned"],
        }
        for name, done in in_turn(commands, rounds=1).items():
            runs[name] += done
            rates[name] += _own(own) if name == "artvec" else _told(done[0].output)
    ours, *others = (statistics.median(of) for of in rates.values())
    figures = [
        Figure(
            "fine-tuning, a step of 32",
            "lite0 whole, 224 px, fp32",
            BATCH / ours,
            "s",
            f"{name} ({BATCH / other:.4g} s)",
            ours / other,
            ROUNDS,
            BAR if name == "plain" else "",
            peak_mib=peak_mib(runs["artvec"]),
        )
        for name, other in zip(list(rates)[1:], others, strict=True)
    ]
    peaks = {name: peak_mib(of) for name, of in runs.items()}
    figures += [
        Figure(
            "fine-tuning, peak memory",
            "",
            peaks["artvec"],
            "MiB",
            f"{name} ({peak:.0f} MiB, without its workers)",
            peaks["artvec"] / peak,
            ROUNDS,
        )
        for name, peak in peaks.items()
        if name != "artvec"
    ]
    return [*figures, *_exact(train, BATCH / ours)]


def _own(folder: Path) -> list[float]:
    """Return pictures a second of each epoch of a run."""
    with (folder / "history.csv").open(newline="") as handle:
        return [float(row["images_per_second"]) for row in csv.DictReader(handle)]


def _told(output: str) -> list[float]:
    rates: list[float] = json.loads(output.splitlines()[-1])["images_per_second"]
    return rates


def _exact(train: Path, step_s: float) -> list[Figure]:
    told = json.loads(run(script("finetune_losses.py", str(train), str(STEPS))).output)
    apart = max(abs(a - b) for a, b in zip(told["artvec"], told["plain"], strict=True))
    losses = f"plain ({told['plain'][0]:.3f} to {told['plain'][-1]:.3f})"
    once_s = told["decode_seconds_a_picture"] * BATCH
    return [
        Figure(
            f"largest difference of {STEPS} losses",
            "same weights, same batches",
            apart,
            "",
            losses,
            apart / told["plain"][-1],
            1,
            "≤ 0.001",
        ),
        Figure(f"decoding {BATCH} pictures once", "", once_s, "s", "a step", once_s / step_s, 1),
    ]


if __name__ == "__main__":
    main()
