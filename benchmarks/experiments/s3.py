"""S3: a small CNN from scratch against a pretrained backbone, frozen and then unfrozen.

    python -m benchmarks.experiments.s3 [--stand-in]

The report doesn't publish its pictures: real data are CIFAR-10 with RegNetY. Stand-in:
scikit-learn's digits, which a small CNN learns well, with lite0 (RegNet's weights are not in any
package).
"""

from __future__ import annotations

from benchmarks.experiments.experiment import Bench, Experiment, main


def run(bench: Bench) -> None:
    pictures = bench.pictures("cifar10", stand_in="digits")
    backbone = "tf_efficientnet_lite0" if bench.stand_in else "torchvision:regnet_y_400mf"
    bench.train("scratch", pictures, "-m", "simple_cnn", "--recipe", "scratch", "--epochs", "10")
    some = ("--set", "finetune.trainable=last:4", "--rate", "1e-4", "--epochs", "7")
    bench.train("pretrained", pictures, "-m", backbone, "--recipe", "two-phase", *some)


EXPERIMENT = Experiment(
    "s3",
    run,
    {
        "scratch: scratch": {"accuracy": ".9899 (val)", "loss": ".033 (val)"},
        "pretrained: head": {"accuracy": ".9556 (val)"},
        "pretrained: finetune": {"accuracy": ".9833 (val)", "loss": ".052 to .096 (val)"},
    },
)

if __name__ == "__main__":
    main(EXPERIMENT)
