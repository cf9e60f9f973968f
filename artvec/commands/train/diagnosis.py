"""Why a phase did not help: likely reasons read off its curves, each with what to type next.

Every rule is a pure function of what was written down; none looks at the test pictures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from artvec.commands.train.train_report import Advice, PhaseReport, Verdict
from artvec.core.types import Float64Array, Int64Array
from artvec.core.wording import counted
from artvec.training.phase import Phase

ROSE = 2.0
"""Times its start that a loss must reach: single batches of one state differ by less."""
SWING = 0.25
"""Of the val loss, from epoch to epoch and back. Calm runs move by under .1; the report whose val
loss was called unstable had .052 to .096, steps of .5."""
MOVED = 0.1
"""Of the loss: below, a phase has hardly begun. Averages over a quarter of a phase are known to 1
to 4 %, and phases that teach anything lower their loss by a third and more."""
LEARNED = 0.95
"""Train accuracy from which a flat loss means that it is done, not that the rate is low."""
WORSE = 1.1
"""Times another loss that a val loss must be, beyond the wobble of a calm run."""
GAP = 0.15
"""Of accuracy between train and val; the CIFAR-10 network that overfitted by its own report had
.174, and the mark is that of `artvec eval`'s warning."""
STILL = 0.1
"""Of the whole fall of the val loss: more than that in the last quarter is not yet the end. A
cosine schedule, whose rate ends at 0, leaves about .03 for it."""
FEW = 5
"""Pictures of a class: one that is right half of the time is missed by all of five in 32."""
_NAMED = 5


def advice(
    report: PhaseReport,
    classes: Sequence[str],
    verdicts: Sequence[Verdict] = (),
    *,
    others: Sequence[int] = (),
) -> tuple[Advice, ...]:
    """Find what went wrong; accuracy at chance and classes never predicted are always reported.

    Args:
        report: The phase, how it went (one batch or more), and its figures on train and val.
        classes: Names by code.
        verdicts: Of the run: a phase that helped gets no advice.
        others: How many classes each label column after the first has; losses are sums over all.

    Returns:
        The gravest first.
    """
    found = [at_chance(report, classes), never_predicted(report, classes)]
    if not helped(report.phase.name, verdicts):
        rate = too_high(report, others) or nothing_moved(report)
        found += [rate] if rate else [overfitting(report), too_few_epochs(report)]
    return tuple(one for one in found if one is not None)


def helped(phase: str, verdicts: Sequence[Verdict]) -> bool:
    """Say whether a phase improved a figure of the test pictures, and worsened none.

    Against the step before it; the first phase, whose accuracy has nothing to be compared with,
    has not helped where the embedding is still the same.
    """
    own = [one for one in verdicts if one.end == phase and one.on == "test"]
    step = [one.helped for one in own if one.start == own[0].start]
    return "yes" in step and "no" not in step


def too_high(report: PhaseReport, others: Sequence[int] = ()) -> Advice | None:
    """Say that the loss rose (`ROSE`), or the val loss never fell (`WORSE`), or swings (`SWING`).

    Batches are averaged over a twentieth of the phase. A loss that rose but stayed below half of
    what guessing costs, log(classes), is that of a network which knew its pictures: no sign. A val
    loss that was never better than guessing, nor than the loss that training began with, has been
    overshot within the first epoch; overfitting begins lower.
    """
    phase, guessing = report.phase, _guessing(report, others)
    losses = np.array([epoch.val_loss for epoch in report.result.history])
    start, peak = _start_and_peak(report.result.trace)
    if peak > ROSE * start and peak > guessing / 2:
        finding = f"the loss rose from {start:.3g} to {peak:.3g}"
    elif losses.min() > WORSE * max(start, guessing):
        finding = f"the val loss was never below {losses.min():.3g}, and guessing is {guessing:.3g}"
    elif _swings(losses):
        swing = f"the val loss swings by {_swing(losses):.3g} from epoch to epoch"
        finding = f"{swing}, around {np.median(losses):.3g}"
        return Advice(phase.name, f"rate too high: {finding}", _set(phase, "rate", phase.rate / 3))
    else:
        return None
    return Advice(phase.name, f"rate too high: {finding}", _set(phase, "rate", phase.rate / 10))


def nothing_moved(report: PhaseReport) -> Advice | None:
    """Say that the loss of the last quarter is that of the first (`MOVED`).

    Either the rate is too low, or the training pictures were learned before (`LEARNED`).
    """
    trace = report.result.trace
    quarter = max(1, len(trace) // 4)
    first, last = float(np.mean(trace[:quarter])), float(np.mean(trace[-quarter:]))
    if len(trace) < 2 or abs(first - last) > MOVED * abs(first):
        return None
    phase, right = report.phase, _value(report, "train", "accuracy")
    finding = f"nothing moved: the loss went from {first:.3g} to {last:.3g}"
    if right is None or right < LEARNED:
        return Advice(phase.name, f"{finding}, rate too low", _set(phase, "rate", phase.rate * 10))
    finding += f", and {right:.0%} of the training pictures are right: little is left to learn"
    return Advice(phase.name, finding, _harder(phase))


def overfitting(report: PhaseReport) -> Advice | None:
    """Say that the val loss rose from its lowest (`WORSE`) while the train loss fell, or a `GAP`.

    Accuracies are those of the kept weights on pictures as evaluation sees them; a gap within the
    interval of the val pictures is none.
    """
    lowest = min(report.result.history, key=lambda epoch: epoch.val_loss)
    last = report.result.history[-1]
    signs = []
    train = _value(report, "train", "accuracy")
    val = report.splits["val"].figures.get("accuracy") if "val" in report.splits else None
    if train is not None and val is not None and train - val.value > GAP and train > val.high:
        signs.append(f"accuracy is {train:.3f} on train and {val.value:.3f} on val")
    if last.val_loss > WORSE * lowest.val_loss and last.train_loss < lowest.train_loss:
        signs.append(
            f"the val loss rose from {lowest.val_loss:.3g} (epoch {lowest.number}) to "
            f"{last.val_loss:.3g} while the train loss fell"
        )
    if not signs:
        return None
    phase = report.phase
    return Advice(phase.name, f"overfitting: {', and '.join(signs)}", _harder(phase))


def too_few_epochs(report: PhaseReport) -> Advice | None:
    """Say that the val loss was still falling at the end (`STILL`), and nothing had stopped it."""
    losses = [epoch.val_loss for epoch in report.result.history]
    phase = report.phase
    if len(losses) < max(2, phase.epochs) or losses[-1] > min(losses):
        return None
    before = losses[-1 - math.ceil(len(losses) / 4)]
    whole, late = losses[0] - losses[-1], before - losses[-1]
    if late <= STILL * whole:
        return None
    finding = (
        f"too few epochs: {late / whole:.0%} of the fall of the val loss was in the last quarter"
    )
    return Advice(phase.name, finding, _set(phase, "epochs", 2 * phase.epochs))


def at_chance(report: PhaseReport, classes: Sequence[str]) -> Advice | None:
    """Say that val accuracy can't be told from always naming the most frequent class."""
    val = report.splits.get("val")
    accuracy = None if val is None else val.figures.get("accuracy")
    if val is None or accuracy is None:
        return None
    counts = np.bincount(val.labels[val.labels >= 0])
    naming = counts.max() / counts.sum()
    if not accuracy.low <= naming:
        return None
    finding = (
        f"accuracy at chance: {accuracy.value:.3f} on val, where always naming "
        f"{classes[int(counts.argmax())]} gives {naming:.3f}"
    )
    return Advice(report.phase.name, finding, _suspect(report.phase))


def never_predicted(report: PhaseReport, classes: Sequence[str]) -> Advice | None:
    """Name the classes with pictures in train and val (`FEW` or more) that never were an answer."""
    sides = [report.splits[name] for name in ("train", "val") if name in report.splits]
    sides = [side for side in sides if side.probabilities.shape[1]]
    if not sides:
        return None
    labels = np.concatenate([side.labels for side in sides])
    answers = np.concatenate([side.probabilities.argmax(axis=1) for side in sides])
    support = _counts(labels[labels >= 0], len(classes))
    missed = np.flatnonzero((support >= FEW) & (_counts(answers, len(classes)) == 0))
    if not len(missed):
        return None
    phase = report.phase
    names = ", ".join(classes[code] for code in missed[:_NAMED])
    more = f" and {len(missed) - _NAMED} more" if len(missed) > _NAMED else ""
    of = counted(int(support[missed].sum()), "picture")
    rare = support[missed].max() < support[support > 0].mean() / 2
    flag = _set(phase, "balance", "weights") if rare and phase.balance == "none" else None
    finding = f"never predicted: {names}{more}, of which train and val have {of}"
    return Advice(phase.name, finding, flag or _suspect(phase))


def _start_and_peak(trace: Sequence[float]) -> tuple[float, float]:
    width = max(1, len(trace) // 20)
    smooth = np.convolve(trace, np.full(width, 1 / width), mode="valid")
    return min(trace[0], float(smooth[0])), float(smooth.max())


def _swings(losses: Float64Array) -> bool:
    """Say whether losses go up and down, at half of the epochs or more, and far."""
    steps = np.diff(losses)
    turns = np.count_nonzero(steps[1:] * steps[:-1] < 0)
    often = len(steps) > 2 and turns >= (len(steps) - 1) / 2
    return bool(often and _swing(losses) >= SWING * np.median(losses))


def _swing(losses: Float64Array) -> float:
    return float(np.median(np.abs(np.diff(losses))))


def _counts(codes: Int64Array, n_classes: int) -> Int64Array:
    counts: Int64Array = np.bincount(codes, minlength=n_classes)
    return counts


def _value(report: PhaseReport, split: str, name: str) -> float | None:
    found = report.splits[split].figures.get(name) if split in report.splits else None
    return None if found is None else found.value


def _guessing(report: PhaseReport, others: Sequence[int]) -> float:
    """Return the cross-entropy of calling all classes equally likely, summed over label columns."""
    first = max([2, *(side.probabilities.shape[1] for side in report.splits.values())])
    return math.log(first) + sum(math.log(classes) for classes in others)


def _harder(phase: Phase) -> str:
    """Return what makes pictures harder to learn by heart and isn't in use; else half the epochs.

    Stored embeddings know no varied pictures, and losses that compare pictures no mixed ones.
    """
    on_vectors = phase.trainable == "head" and not phase.views
    ladder: list[tuple[str, float | str]] = [
        ("weight_decay", 0.1) if on_vectors else ("augment", "light"),
        ("label_smoothing", 0.1),
        ("mixup", 0.2 if phase.loss == "ce" else 0),
    ]
    for field, value in ladder:
        if value and getattr(phase, field) in (0, "none"):
            return _set(phase, field, value)
    return _set(phase, "epochs", max(1, phase.epochs // 2))


def _suspect(phase: Phase) -> str:
    """Return what most often makes a network blind: moving batch-norm statistics, or the rate."""
    return _set(phase, "batch_norm", "frozen") if phase.batch_norm == "train" else "--find-lr"


def _set(phase: Phase, field: str, value: float | int | str) -> str:
    written = f"{value:.2g}" if isinstance(value, float) else value
    return f"--set {phase.name}.{field}={written}"
