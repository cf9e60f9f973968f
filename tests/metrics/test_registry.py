"""The registry knows every figure that a command can report, and needs no arithmetic for it."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from artvec.commands.cluster.quality import agreement_figures, internal_figures
from artvec.commands.train.train_report import FIGURES, JUDGED, WATCHED
from artvec.evaluation import Scores, Selection, Vectors, evaluate_vectors
from artvec.metrics.registry import DEFINITIONS, EVALUATION_KEYS, METRICS, metric_of

LABELS = np.arange(40) % 4


@pytest.fixture
def points() -> np.ndarray:
    """Four groups of ten in eight dimensions, apart but not perfectly."""
    rng = np.random.default_rng(0)
    return (np.eye(8, dtype=np.float32)[LABELS] + rng.normal(0, 0.3, (40, 8))).astype(np.float32)


def test_an_evaluation_reports_the_figures_of_the_registry(points: np.ndarray) -> None:
    rows = np.arange(40)
    selection = Selection(
        "train", "test", rows[:20], rows[20:36], rows[36:], False, LABELS, ("a", "b", "c", "d")
    )
    vectors = Vectors(points[:20], points[20:36], points[36:])
    scores = Scores(selection.classes, np.abs(points[20:36, :4]))
    outcomes = evaluate_vectors(vectors, selection, {"head": scores, "ensemble": scores})
    assert set(outcomes.figures) == set(EVALUATION_KEYS)
    assert outcomes.geometry.keys() <= METRICS.keys()
    for key, figure in outcomes.figures.items():
        metric = metric_of(key)
        assert metric.low <= figure.low <= figure.value <= figure.high <= metric.high


@pytest.mark.parametrize("has_noise", [False, True])
def test_a_clustering_reports_figures_of_the_registry(points: np.ndarray, has_noise: bool) -> None:
    clusters = np.where(np.arange(40) < 36, LABELS, -1 if has_noise else 0).astype(np.int32)
    inside = internal_figures(points, clusters, np.linspace(-0.5, 0.5, 40)).figures
    agreement = agreement_figures(LABELS, clusters, has_noise=has_noise).figures
    assert len(inside) == 5 and len(agreement) == (10 if has_noise else 5)
    for key, value in (inside | agreement).items():
        metric = metric_of(key)
        assert metric.key == key
        assert metric.low <= value <= metric.high


def test_training_reports_figures_of_the_registry() -> None:
    assert {*FIGURES, *JUDGED, *WATCHED} <= METRICS.keys()


def test_no_two_figures_share_a_name() -> None:
    metrics = [metric for one in DEFINITIONS for metric in one.metrics]
    for names in ({m.key for m in metrics}, {m.title for m in metrics}, {m.short for m in metrics}):
        assert len(names) == len(metrics)


def test_variants_with_and_without_noise_say_so() -> None:
    metric = metric_of("nmi_without_noise")
    assert (metric.title, metric.reading) == ("NMI, without noise", METRICS["nmi"].reading)
    with pytest.raises(KeyError):
        metric_of("nmi_of_nothing")


def test_ranges_and_directions_in_words() -> None:
    assert METRICS["nmi"].scale == "0 to 1, higher is better"
    assert METRICS["silhouette_cosine"].scale == "−1 to 1, higher is better"
    assert METRICS["ami"].scale == "at most 1, higher is better"
    assert METRICS["davies_bouldin"].scale == "0 or more, lower is better"
    assert METRICS["effective_rank"].scale == "1 or more"
    assert math.isinf(METRICS["loss"].high)


def test_the_registry_is_light_to_import() -> None:
    code = "import sys, artvec.metrics.registry; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
