"""The recipes of training, as a table; what a user changes of them is in `overrides`."""

from __future__ import annotations

from dataclasses import replace

from artvec.training.phase import Phase

DEFAULT = "three-phase"
SCRATCH = "scratch"
"""The recipe that begins with random weights instead of the backbone's own."""

_HEAD = Phase(name="head", trainable="head", epochs=50, rate=3e-3, batch_size=64)
_FINETUNE = Phase(
    name="finetune",
    trainable="last:14",
    epochs=14,
    rate=2e-3,
    layer_decay=0.87,
    weight_decay=0.05,
    warmup_epochs=1,
    schedule="cosine",
    augment="light",
    label_smoothing=0.1,
    loss="ce+0.5*supcon",
    dropout=0.2,
    batch_norm="frozen",
    anchor=1.5,
)
_REFINE = replace(
    _FINETUNE,
    name="refine",
    epochs=4,
    rate=_FINETUNE.rate / 20,
    patience=2,
)
_FROM_NOTHING = Phase(
    name="scratch",
    trainable="all",
    epochs=30,
    rate=1e-3,
    weight_decay=0.05,
    warmup_epochs=1,
    schedule="cosine",
    augment="light",
    label_smoothing=0.1,
    dropout=0.2,
    batch_norm="train",
    patience=8,
)

RECIPES: dict[str, tuple[Phase, ...]] = {
    "frozen": (_HEAD,),
    "two-phase": (_HEAD, _FINETUNE),
    "three-phase": (_HEAD, _FINETUNE, _REFINE),
    SCRATCH: (_FROM_NOTHING,),
}


def trains_backbone(phase: Phase) -> bool:
    """Say whether a phase changes more than the head."""
    return phase.trainable != "head"


def reads_pictures(phase: Phase) -> bool:
    """Say whether a phase needs the pictures, and not the stored embeddings alone."""
    return trains_backbone(phase) or phase.views > 0


def main_phases(phases: tuple[Phase, ...]) -> tuple[str, ...]:
    """Return the names of the phases that plain flags are about.

    They are those that train the backbone; where none does, all.
    """
    return tuple(p.name for p in phases if trains_backbone(p)) or tuple(p.name for p in phases)
