"""What curves are told to mean: written by hand here, each rule with a curve that it must leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from artvec.commands.train.diagnosis import (
    advice,
    at_chance,
    helped,
    never_predicted,
    nothing_moved,
    overfitting,
    too_few_epochs,
    too_high,
)
from artvec.commands.train.inspection import Rows, figures_of_split
from artvec.commands.train.train_report import PhaseReport, SplitFigures, Verdict
from artvec.core.results import Interval
from artvec.training.phase import Epoch, Phase, PhaseResult

CLASSES = tuple("abcd")
PHASE = Phase(name="finetune", epochs=8, rate=1e-3, augment="none")
CALM = [1.4, 1.0, 0.8, 0.7, 0.65, 0.62, 0.61, 0.605]


def _split(accuracy: float, count: int = 200, never: int | None = None) -> SplitFigures:
    """A share of right answers, wrong ones going to the next class; `never` is answered by 0."""
    labels = np.arange(count) % 4
    answers = np.where(np.arange(count) < round(accuracy * count), labels, (labels + 1) % 4)
    if never is not None:
        answers[answers == never] = 0
    probabilities = np.full((count, 4), 0.1, dtype=np.float32)
    probabilities[np.arange(count), answers] = 0.7
    rows = Rows(np.zeros((count, 2), dtype=np.float32), labels)
    return figures_of_split(rows, rows, probabilities=probabilities)


def _report(
    val_loss: Sequence[float] = CALM,
    train_loss: Sequence[float] = CALM,
    *,
    phase: Phase = PHASE,
    train: SplitFigures | None = None,
    val: SplitFigures | None = None,
    batches: Sequence[float] = CALM,
) -> PhaseReport:
    history = tuple(
        Epoch(phase.name, number, phase.rate, fitted, None, held, 0.5, 0.5, 1.0, 100.0)
        for number, (fitted, held) in enumerate(zip(train_loss, val_loss, strict=True), start=1)
    )
    best = min(history, key=lambda epoch: epoch.val_loss).number
    splits = {"train": train or _split(0.85), "val": val or _split(0.8)}
    result = PhaseResult(history, tuple(_trace(batches)), best, 1.0)
    return PhaseReport(phase, result, splits, {}, 10, None)


def _trace(epochs: Sequence[float], batches: int = 10, noise: float = 0.1) -> list[float]:
    """Batch losses that fall from epoch to epoch, with the noise of small batches."""
    rng = np.random.default_rng(0)
    means = np.interp(np.arange(len(epochs) * batches) / batches, range(len(epochs)), epochs)
    return list(means * (1 + noise * rng.normal(size=len(means))))


def test_a_calm_phase_gets_no_advice() -> None:
    assert advice(_report(), CLASSES) == ()


def test_a_loss_that_rises() -> None:
    """It began near log 4 = 1.39, the loss of guessing, and went to 8 before the rate fell."""
    curve = [1.4, 8.0, 7.0, 5.0, 4.0, 3.0, 2.0, 1.2]
    found = too_high(_report(batches=curve))
    assert found is not None
    assert found.finding.startswith("rate too high: the loss rose from 1.")
    assert (found.phase, found.flag) == ("finetune", "--set finetune.rate=0.0001")
    assert too_high(_report()) is None


def test_a_network_that_knew_its_pictures_may_stumble() -> None:
    """From .05 to .2: four times, and far from guessing; at 1.2 it has forgotten."""
    assert too_high(_report(batches=[0.05, 0.2, 0.1, 0.08, 0.06, 0.05, 0.05, 0.05])) is None
    assert too_high(_report(batches=[0.05, 1.2, 0.4, 0.1, 0.06, 0.05, 0.05, 0.05])) is not None


def test_a_val_loss_that_swings() -> None:
    """As the report that called its val loss unstable, between .052 and .096."""
    swinging = [0.09, 0.052, 0.096, 0.06, 0.09, 0.055, 0.095, 0.058]
    found = too_high(_report(swinging))
    assert found is not None
    assert "swings by 0.0" in found.finding
    assert found.flag == "--set finetune.rate=0.00033"
    wobbling = [1.4, 1.0, 0.8, 0.7, 0.72, 0.69, 0.71, 0.7]
    assert too_high(_report(wobbling)) is None


def test_a_val_loss_that_was_overshot_at_once() -> None:
    """It is 3 after the first epoch, worse than guessing (log 4 = 1.39); the train loss falls."""
    overshot = [3.0, 3.5, 4.0, 4.2, 4.5, 5.0, 5.5, 6.0]
    found = too_high(_report(overshot))
    assert found is not None
    assert found.finding.endswith("the val loss was never below 3, and guessing is 1.39")
    assert found.flag == "--set finetune.rate=0.0001"
    overfitted = [1.3, *overshot[1:]]
    assert too_high(_report(overfitted)) is None


def test_losses_of_several_label_columns_are_sums() -> None:
    """Guessing one of 4 and one of 10 costs log 4 + log 10 = 3.69: a val loss of 2.5 is better."""
    found = _report([2.5] * 8, batches=[0.8] * 8)
    assert too_high(found) is not None
    assert too_high(found, [10]) is None


def test_nothing_moved() -> None:
    flat = [1.39, 1.385, 1.38, 1.38, 1.375, 1.37, 1.37, 1.37]
    found = nothing_moved(_report(flat, flat, batches=flat))
    assert found is not None
    assert found.finding.endswith("rate too low")
    assert found.flag == "--set finetune.rate=0.01"
    assert nothing_moved(_report()) is None


def test_a_flat_loss_of_learned_pictures_is_not_a_low_rate() -> None:
    flat = [0.62] * 8
    report = _report(flat, flat, train=_split(0.99), batches=flat)
    found = nothing_moved(report)
    assert found is not None
    assert "99% of the training pictures are right" in found.finding
    assert found.flag == "--set finetune.augment=light"


def test_overfitting_by_the_gap() -> None:
    """On 200 val pictures .80 is known to .055: a gap of .19 is one, of .04 none."""
    found = overfitting(_report(train=_split(0.99)))
    assert found is not None
    assert found.finding == "overfitting: accuracy is 0.990 on train and 0.800 on val"
    assert overfitting(_report(train=_split(0.84))) is None
    few = _report(train=_split(0.99), val=_split(0.8, count=12))
    assert overfitting(few) is None


def test_overfitting_by_the_val_loss() -> None:
    fitted = [1.4, 1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05]
    turned = [1.4, 1.1, 0.9, 0.85, 0.9, 0.95, 1.0, 1.05]
    found = overfitting(_report(turned, fitted))
    assert found is not None
    assert "rose from 0.85 (epoch 4) to 1.05" in found.finding
    assert overfitting(_report([*turned[:4], 0.86, 0.87, 0.88, 0.88], fitted)) is None
    assert overfitting(_report(turned, turned)) is None  # the train loss rose, too: not by heart


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({"augment": "none"}, "--set finetune.augment=light"),
        ({"augment": "art"}, "--set finetune.label_smoothing=0.1"),
        ({"augment": "art", "label_smoothing": 0.1}, "--set finetune.mixup=0.2"),
        (
            {"augment": "art", "label_smoothing": 0.1, "loss": "ce+0.5*supcon"},
            "--set finetune.epochs=4",
        ),
        ({"augment": "art", "label_smoothing": 0.1, "mixup": 0.2}, "--set finetune.epochs=4"),
        ({"trainable": "head"}, "--set finetune.weight_decay=0.1"),
        (
            {"trainable": "head", "weight_decay": 0.1},
            "--set finetune.label_smoothing=0.1",
        ),
        ({"trainable": "head", "views": 4}, "--set finetune.augment=light"),
    ],
)
def test_against_overfitting_the_next_thing_is_named(fields: dict[str, object], flag: str) -> None:
    phase = replace(PHASE, **fields)  # type: ignore[arg-type]
    found = overfitting(_report(phase=phase, train=_split(0.99)))
    assert found is not None
    assert found.flag == flag


def test_too_few_epochs() -> None:
    """From 1.4 to .7 evenly: two of eight epochs hold 2/7 of the fall."""
    falling = list(np.linspace(1.4, 0.7, 8))
    found = too_few_epochs(_report(falling))
    assert found is not None
    assert (
        found.finding == "too few epochs: 29% of the fall of the val loss was in the last quarter"
    )
    assert found.flag == "--set finetune.epochs=16"
    long = _report(list(np.linspace(1.4, 0.7, 60)), [1.0] * 60, phase=replace(PHASE, epochs=60))
    longer = too_few_epochs(long)
    assert longer is not None
    assert longer.flag == "--set finetune.epochs=120"
    assert too_few_epochs(_report()) is None
    stopped = _report(falling, phase=replace(PHASE, epochs=20))
    assert too_few_epochs(stopped) is None
    turned = [1.4, 1.3, 1.2, 1.1, 1.0, 0.95, 0.7, 0.8]
    assert too_few_epochs(_report(turned)) is None


def test_accuracy_at_chance() -> None:
    """A quarter of four equal classes; .28 of 200 can't be told from it, .4 can."""
    found = at_chance(_report(val=_split(0.28)), CLASSES)
    assert found is not None
    assert "0.280 on val, where always naming a gives 0.250" in found.finding
    assert found.flag == "--find-lr"
    assert at_chance(_report(val=_split(0.4)), CLASSES) is None
    moving = _report(val=_split(0.28), phase=replace(PHASE, batch_norm="train"))
    trained = at_chance(moving, CLASSES)
    assert trained is not None
    assert trained.flag == "--set finetune.batch_norm=frozen"


def test_a_class_never_predicted() -> None:
    report = _report(train=_split(0.9, never=2), val=_split(0.9, never=2))
    found = never_predicted(report, CLASSES)
    assert found is not None
    assert found.finding == "never predicted: c, of which train and val have 100 pictures"
    assert never_predicted(_report(val=_split(0.9, never=2)), CLASSES) is None  # train knows it
    few = _report(train=_split(1.0, count=8, never=2), val=_split(1.0, count=8, never=2))
    assert never_predicted(few, CLASSES) is None


def test_a_rare_class_never_predicted_is_to_be_weighed() -> None:
    split = _split(1.0)
    labels = np.where(np.arange(200) < 180, split.labels % 2, split.labels)
    probabilities = np.eye(4, dtype=np.float32)[labels % 2]
    rows = Rows(np.zeros((200, 2), dtype=np.float32), labels)
    seen = figures_of_split(rows, rows, probabilities=probabilities)
    found = never_predicted(_report(train=seen, val=seen), CLASSES)
    assert found is not None
    assert found.flag == "--set finetune.balance=weights"


def _verdict(metric: str, word: str, end: str = "finetune", start: str = "head") -> Verdict:
    return Verdict(start, end, metric, Interval(0.0, 0.0, 0.0), word)  # type: ignore[arg-type]


def test_a_phase_that_helped_gets_no_advice_but_the_gravest() -> None:
    told = [_verdict("accuracy", "yes"), _verdict("silhouette_cosine", "inconclusive")]
    overfitted = _report(train=_split(0.99))
    assert advice(overfitted, CLASSES, told) == ()
    assert len(advice(overfitted, CLASSES)) == 1
    blind = _report(val=_split(0.2))
    (grave,) = advice(blind, CLASSES, told)
    assert grave.finding.startswith("accuracy at chance")


def test_helped() -> None:
    yes, no = _verdict("accuracy", "yes"), _verdict("precision_at_5", "no")
    assert helped("finetune", [yes])
    assert not helped("finetune", [yes, no])
    assert not helped("finetune", [_verdict("accuracy", "inconclusive")])
    assert not helped("finetune", [])
    before = _verdict("accuracy", "no", start="untrained")  # of another pair of steps
    assert helped("finetune", [yes, before])
    out_of_domain = replace(no, on="things")
    assert helped("finetune", [yes, out_of_domain])


def test_too_high_is_told_alone() -> None:
    """What follows from the rate is no further reason."""
    curve = [1.4, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0]
    report = _report(curve, curve, train=_split(0.99), val=_split(0.7), batches=curve)
    (found,) = advice(report, CLASSES)
    assert found.finding.startswith("rate too high")
