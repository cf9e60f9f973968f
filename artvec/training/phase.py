"""What one phase of training takes, and what it reports; no torch, no work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

Schedule = Literal["constant", "cosine", "step", "plateau"]
BatchNorm = Literal["frozen", "train"]
Balance = Literal["none", "weights", "sampler"]
Monitor = Literal["accuracy", "loss", "knn20_accuracy", "precision_at_5", "silhouette_cosine"]

_ENDLESS = 1e32
"""Steps of such numbers soon are infinite in single precision."""


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that a field can have.

    Attributes:
        words: The range, to follow "a number".
        holds: Says whether a number is in it; one that is undefined is in none.
    """

    words: str
    holds: Callable[[float], bool]


NOT_NEGATIVE = Range(", 0 or more", lambda number: 0 <= number < _ENDLESS)
"""Of fields without a range of their own."""
Count = Annotated[int, Range(", 1 or more", lambda number: 1 <= number < _ENDLESS)]
Positive = Annotated[float, Range(" above 0", lambda number: 0 < number < _ENDLESS)]
Fraction = Annotated[float, Range(" above 0, at most 1", lambda number: 0 < number <= 1)]
BelowOne = Annotated[float, Range(" from 0, below 1", lambda number: 0 <= number < 1)]
OptionalShare = Annotated[
    float | None, Range(" from 0 to 1, or none", lambda number: 0 <= number <= 1)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase: what is trained, for how long, how fast, on what.

    Attributes:
        name: Unique in its recipe, as in `head`, `finetune`, `refine`.
        trainable: `head`; `all`; `last:N`, the last N blocks (all of fewer); `from:NAME`,
            everything from a block or layer of that name on. The head is always trained.
        unfreeze_every: Open one more block, last blocks first, every so many epochs, until
            `trainable` is reached; 0 opens all at once.
        epochs: At most.
        train_fraction: Share of the training pictures, stratified and seeded.
        optimizer: A name of timm's factory.
        rate: Learning rate at the head, for batches of `batch_size` × `accumulate`.
        layer_decay: Factor on the rate from one block to the block before it.
        weight_decay: Of the optimiser, toward zero.
        l2_sp: Strength of the pull toward the weights that the phase began with.
        interpolate: Share of the trained weights in the final ones (WiSE-FT); None searches it on
            val, 1 keeps the trained weights.
        anchor: Weight of the trained embedding against that of the backbone as it came, which is
            then kept beside it in the run's embedding; 0 keeps the trained one alone.
        schedule: Of the rate, after the warm-up.
        warmup_epochs: Linear, from a hundredth of the rate.
        step_epochs: Epochs between tenfold drops of `step`.
        plateau_epochs: Epochs without a better val figure before `plateau` halves the rate.
        loss: `ce`, `supcon`, `triplet`, `arcface`, `proxyanchor`, …, or a sum `ce+0.5*supcon`.
        label_smoothing: Of cross-entropy.
        dropout: Before a linear or cosine head.
        augment: Name of a set, see `augment.SETS`.
        views: Augmented views a picture that a phase on stored embeddings learns from; 0 takes the
            stored embeddings.
        mixup: Alpha of the beta distribution, 0 for none.
        cutmix: Likewise.
        batch_size: Pictures a forward pass.
        accumulate: Batches a step.
        clip_norm: Of the gradient, 0 for none.
        batch_norm: Whether batch-norm statistics stay those of the pretrained network.
        balance: Against unequal classes.
        ema: Decay of the average of the weights a step, 0 for none.
        monitor: Val figure by which the best epoch is chosen and training stopped.
        patience: Epochs without a better one before stopping; 0 never stops.
    """

    name: str
    trainable: str = "all"
    unfreeze_every: int = 0
    epochs: Count = 10
    train_fraction: Fraction = 1.0
    optimizer: str = "adamw"
    rate: Positive = 1e-3
    layer_decay: Fraction = 1.0
    weight_decay: float = 0.0
    l2_sp: float = 0.0
    interpolate: OptionalShare = 1.0
    anchor: float = 0.0
    schedule: Schedule = "cosine"
    warmup_epochs: float = 0.0
    step_epochs: Count = 10
    plateau_epochs: Count = 3
    loss: str = "ce"
    label_smoothing: BelowOne = 0.0
    dropout: BelowOne = 0.0
    augment: str = "none"
    views: int = 0
    mixup: float = 0.0
    cutmix: float = 0.0
    batch_size: Count = 32
    accumulate: Count = 1
    clip_norm: float = 0.0
    batch_norm: BatchNorm = "frozen"
    balance: Balance = "none"
    ema: BelowOne = 0.0
    monitor: Monitor = "accuracy"
    patience: int = 0


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch showed: a row of `history.csv`.

    Attributes:
        phase: Its name.
        number: From 1.
        rate: Learning rate at the head, at the end of the epoch.
        train_loss: Mean of the loss that was minimised, as it was minimised.
        train_accuracy: On the batches as they were seen (augmented), 0 to 1; None where labels were
            mixed.
        val_loss: Cross-entropy, without smoothing.
        val_accuracy: 0 to 1.
        monitored: The val figure of `Phase.monitor`.
        seconds: Wall time, val included.
        images_per_second: Of training.
    """

    phase: str
    number: int
    rate: float
    train_loss: float
    train_accuracy: float | None
    val_loss: float
    val_accuracy: float
    monitored: float
    seconds: float
    images_per_second: float


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """How the training of a phase went: from the loop through checkpoints to the report.

    Attributes:
        history: Epoch by epoch; that of a resumed phase is whole.
        trace: Loss of every batch, in order.
        best_epoch: Whose weights were kept.
        seconds: Wall time of training, val included, evaluation excluded.
        share: Of the trained weights in the kept ones (WiSE-FT); 1 where nothing was interpolated.
    """

    history: tuple[Epoch, ...]
    trace: tuple[float, ...]
    best_epoch: int
    seconds: float
    share: float = 1.0
