"""S0: ten painting styles, three phases: as the report had them, and as artvec has them.

    python -m benchmarks.experiments.s0 [--stand-in]

Stand-in: the demo gallery (fifty scenes in ten styles, painted by a program) with lite0, watched on
drawn things. The report's question: did phases 2 and 3 help?
"""

from __future__ import annotations

from benchmarks.experiments.experiment import Bench, Experiment, main


def run(bench: Bench) -> None:
    paintings = bench.pictures("artbench10", stand_in="demo-gallery")
    abroad = bench.pictures("oxford-pets", stand_in="things")
    backbone = "tf_efficientnet_lite0" if bench.stand_in else "torchvision:efficientnet_b2"
    bench.artvec("embed", abroad, "-m", backbone)
    start = (paintings, "-m", backbone)
    bench.train("fifth", *start, "--recipe", "frozen", "--train-fraction", "0.2")
    bench.train("as-reported", *start, "--config", bench.recipe("s0.toml"), "--watch", abroad)
    bench.train("default", *start, "--watch", abroad)


EXPERIMENT = Experiment(
    "s0",
    run,
    {
        "fifth: head": {"accuracy": "> .46"},
        "as-reported: head": {"silhouette_cosine": ".3 to .4, imagined"},
        "as-reported: refine": {"accuracy": "about .67"},
        "as-reported: head to unfreeze": {"accuracy": "nothing gained"},
        "as-reported: unfreeze to refine": {"accuracy": "nothing gained"},
    },
)

if __name__ == "__main__":
    main(EXPERIMENT)
