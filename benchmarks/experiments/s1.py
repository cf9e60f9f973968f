"""S1: 32 × 32 pictures: a small CNN from scratch, pretrained backbones, and wrong preprocessing.

    python -m benchmarks.experiments.s1 [--stand-in]

Stand-in: ten categories of drawn things at 32 × 32 pixels with the lite family's real weights.
"""

from __future__ import annotations

from benchmarks.experiments.experiment import Bench, Experiment, main
from benchmarks.experiments.pixel_mlp import pixel_mlp

NINE = (
    *("resnet50", "resnet101", "resnet152", "vgg16", "vgg19", "efficientnet_b0"),
    *("efficientnet_b3", "mobilenetv3_large_100", "mobilenetv2_100"),
)
LITE = ("tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2")
SCRATCH = "simple_cnn"
LAST_TEN = "blocks.6.0.bn1"  # MobileNetV2's last ten layers as Keras counts them
PROBE = "linear_probe_accuracy"
COSTS = ("parameters", "size_mb", "depth", "accuracy_per_million_parameters")


def run(bench: Bench) -> None:
    from benchmarks.experiments.wrong_preprocessing import probe_both  # imports torch

    pictures = bench.pictures("cifar10", stand_in="things-32")
    backbones = LITE if bench.stand_in else NINE
    small = LITE[0] if bench.stand_in else "mobilenetv2_100"
    bench.train("scratch", pictures, "-m", SCRATCH, "--recipe", "scratch", "--epochs", "10")
    bench.note("perceptron on pixels", {"accuracy": pixel_mlp(bench.work / pictures)})
    bench.train("frozen", pictures, "-m", small, "--recipe", "frozen")
    last = ("--freeze-until", LAST_TEN, "--rate", "1e-4", "--epochs", "20")
    bench.train("finetuned", pictures, "-m", small, "--recipe", "two-phase", *last)
    models = ",".join((*backbones, SCRATCH, "colour:4x4"))
    compared = bench.artvec("compare", "--models", models, pictures, "--no-speed")
    for row in compared["rows"]:
        accuracy = row["metrics"]["linear_probe_accuracy"]
        bench.note(row["backbone"], {PROBE: accuracy["value"]}, {PROBE: accuracy["ci95"]})
        bench.note(row["backbone"], {name: row[name] for name in COSTS if name in row})
    for backbone in backbones[:1] if bench.stand_in else ("resnet50", "vgg16", "efficientnet_b0"):
        bench.note(f"{backbone}, preprocessing", probe_both(bench.work / pictures, backbone))


def _ranked(accuracy: str, parameters: str, efficiency: str) -> dict[str, str]:
    return {
        PROBE: accuracy,
        "parameters": f"{parameters} M",
        "accuracy_per_million_parameters": efficiency,
    }


EXPERIMENT = Experiment(
    "s1",
    run,
    {
        "scratch: scratch": {"accuracy": ".6937", "trainable_parameters": "2,122,186"},
        "frozen: head": {"accuracy": ".555", "trainable_parameters": "12,810"},
        "finetuned: finetune": {"trainable_parameters": "745,290"},
        "resnet50": _ranked(".6601", "24.1", ".027"),
        "resnet101": _ranked(".6541", "43.2", ".015"),
        "resnet152": _ranked(".6477", "58.9", ".011"),
        "vgg16": _ranked(".6371", "14.8", ".043"),
        "vgg19": _ranked(".6203", "20.2", ".031"),
        "efficientnet_b0": _ranked(".5713", "4.4", ".130"),
        "efficientnet_b3": _ranked(".4919", "11.2", ".044"),
        "mobilenetv3_large_100": _ranked(".4678", "3.2", ".146"),
        "mobilenetv2_100": _ranked(".2994", "2.6", ".115"),
        "resnet50, preprocessing": {"wrong": ".2702", "right": ".6601"},
        "vgg16, preprocessing": {"wrong": "about .25", "right": ".6371"},
        "efficientnet_b0, preprocessing": {"wrong": "about .23", "right": ".5713"},
    },
)

if __name__ == "__main__":
    main(EXPERIMENT)
