"""S4: two classes, a head and a first open layer for each backbone, the ensemble of the best two.

    python -m benchmarks.experiments.s4 [--stand-in]

Real data: cats and dogs of Oxford-IIIT Pet. Stand-in: animals and food, drawn by eight vendors,
with the lite family: lite0 as the report set up EfficientNetB0, lite1 as VGG16, lite2 as Xception.
The best two are chosen on val. Heads take pooled embeddings where the report flattened feature
maps: `artvec eval` can average those.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.experiments.experiment import Bench, Experiment, main

_DEEP = "bn-512-dropout0.5-256"


@dataclass(frozen=True)
class Setup:
    """How one backbone was trained.

    Attributes:
        run: Its name here.
        head: Layers after the backbone.
        opened: First layer that is trained; layers by the report's Keras index in brackets.
    """

    run: str
    backbone: str
    head: str
    opened: str
    optimizer: str = "adam"


SIX = (
    Setup("efficientnet_b0", "efficientnet_b0", _DEEP, "blocks.5", "adagrad"),  # 160
    Setup("inception_v3", "inception_v3", _DEEP, "Mixed_7b", "adagrad"),  # 248
    Setup("inception_resnet_v2", "inception_resnet_v2", "linear", "repeat_2"),  # 630
    Setup("resnet50", "resnet50", "bn", "layer4"),  # 143
    Setup("vgg16", "vgg16", "512-dropout0.5-256", "features.24"),  # 15
    Setup("xception", "legacy_xception", "linear", "conv3"),  # 126
)
THREE = (
    Setup("lite0-deep", "tf_efficientnet_lite0", _DEEP, "blocks.5", "adagrad"),
    Setup("lite1-dense", "tf_efficientnet_lite1", "512-dropout0.5-256", "blocks.6"),
    Setup("lite2-linear", "tf_efficientnet_lite2", "linear", "blocks.6"),
)


def run(bench: Bench) -> None:
    pictures = bench.pictures("oxford-cats-dogs", stand_in="animals-food")
    recipe, on_val = bench.recipe("s4.toml"), {}
    for setup in THREE if bench.stand_in else SIX:
        start = (pictures, "-m", setup.backbone, "--config", recipe, "--head", setup.head)
        how = ("--freeze-until", setup.opened, "--set", f"finetune.optimizer={setup.optimizer}")
        answer = bench.train(setup.run, *start, *how)
        on_val[setup.run] = answer["phases"][-1]["val"]["accuracy"]
        bench.artvec("embed", pictures, "-m", f"runs/{setup.run}", "-i", setup.run)
    best = sorted(on_val, key=lambda name: -on_val[name])[:2]
    together = [word for name in best for word in ("--ensemble", f"runs/{name}")]
    found = bench.artvec("eval", "-i", best[0], *together)["metrics"]["ensemble_accuracy"]
    figure = "ensemble_accuracy"
    bench.note("the best two on val", {figure: found["value"]}, {figure: found["ci95"]})
    bench.train("default", pictures, "-m", "tf_efficientnet_lite0")


EXPERIMENT = Experiment(
    "s4",
    run,
    {
        "efficientnet_b0: finetune": {"accuracy": ".494"},
        "inception_v3: finetune": {"accuracy": ".885"},
        "inception_resnet_v2: finetune": {"accuracy": ".964"},
        "resnet50: finetune": {"accuracy": ".624"},
        "vgg16: finetune": {"accuracy": ".934"},
        "xception: finetune": {"accuracy": ".959"},
        "the best two on val": {"ensemble_accuracy": ".976"},
    },
)

if __name__ == "__main__":
    main(EXPERIMENT)
