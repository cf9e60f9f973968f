"""How much the trained half of an anchored embedding weighs: less, where what is watched loses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from artvec.backbones.anchored import Anchor
from artvec.train.report import SplitFigures
from artvec.train.share import KEPT

LOST = 0.03
"""Of precision@5, on average over watched collections: what training may cost them."""
PARTS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
"""Of the weight that the phase asks for."""

Precision = Callable[[Anchor | None], float]
"""precision@5 of the embedding that an anchor makes; None for that of the backbone as it came."""


def choose_anchor(full: Anchor, home: Precision, abroad: Precision) -> Anchor:
    """Lower the weight until watched collections lose no more than `LOST`.

    It is lowered no further than val keeps `KEPT` of the gain that the full weight brings it; test
    is never asked. Both precisions are computed for the weights that are tried alone.

    Args:
        full: As the phase asks for it.
        home: On val.
        abroad: On the watched collections, their mean.
    """
    before, known = home(None), abroad(None)
    gain = home(full) - before
    chosen = full
    for part in PARTS[1:]:
        lighter = replace(full, weight=part * full.weight)
        if known - abroad(chosen) <= LOST or home(lighter) - before < KEPT * gain:
            break
        chosen = lighter
    return chosen


def precision_of(found: SplitFigures) -> float:
    """Return precision@5, 0 where there is none."""
    told = found.figures.get("precision_at_5")
    return told.value if told else 0.0
