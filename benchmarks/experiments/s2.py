"""S2: many classes, few pictures of each, two phases: as the report had them, and as artvec has.

    python -m benchmarks.experiments.s2 [--stand-in]

The report's 150 Pokémon are not free to fetch: real data are Flowers 102 (ten pictures a class).
Stand-in: 150 subjects drawn by ten vendors, six drawings of each to learn from, with lite0.
"""

from __future__ import annotations

from benchmarks.experiments.experiment import Bench, Experiment, main

SUMMARY = (
    *("total_parameters", "trainable_parameters", "mult_adds", "input_mb"),
    *("forward_backward_mb", "parameters_mb"),
)


def run(bench: Bench) -> None:
    pictures = bench.pictures("flowers102", stand_in="subjects")
    backbone = "tf_efficientnet_lite0" if bench.stand_in else "torchvision:efficientnet_b0"
    bench.train("as-reported", pictures, "-m", backbone, "--config", bench.recipe("s2.toml"))
    bench.train("default", pictures, "-m", backbone, "--recipe", "two-phase")
    layers = bench.artvec(
        *("models", "torchvision:efficientnet_b0", "--classes", "150", "--frozen")
    )
    bench.note("layers of B0 for 150 classes", {name: layers[name] for name in SUMMARY})


EXPERIMENT = Experiment(
    "s2",
    run,
    {
        "as-reported: head": {
            "accuracy": "about .82",
            "loss": ".8",
            "trainable_parameters": "192,150",
        },
        "as-reported: finetune": {"accuracy": ".9342", "loss": ".2758"},
        "layers of B0 for 150 classes": {
            "total_parameters": "4,199,698",
            "trainable_parameters": "192,150",
            "mult_adds": "384.78 M",
            "input_mb": ".60",
            "forward_backward_mb": "107.88",
            "parameters_mb": "16.80",
        },
    },
)

if __name__ == "__main__":
    main(EXPERIMENT)
