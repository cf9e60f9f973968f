"""How much the trained half of an anchored embedding weighs: what watched collections allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from artvec.commands.train.train_report import SplitFigures
from artvec.commands.train.weight_share import KEPT
from artvec.encoding.backbones.anchored import Anchor

LOST = 0.03
"""Of precision@5, on average over watched collections: what training may cost them."""
PARTS = (1.2, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
"""Of the weight that the phase asks for, which serves where nothing is watched."""
_EQUAL = 1e-9
"""Sums of the same outcomes in another order differ by less."""

Precision = Callable[[Anchor | None], float]
"""precision@5 of the embedding that an anchor makes; None for that of the backbone as it came."""


def choose_anchor(asked: Anchor, in_domain: Precision, out_of_domain: Precision) -> Anchor:
    """Choose the heaviest of some weights with which watched collections lose at most `LOST`.

    None is so light that val keeps less than `KEPT` of the gain that the weight asked for brings
    or, where that gains nothing, less than it leaves; test is never asked. Precisions are computed
    for those weights alone that are tried.

    Args:
        asked: As the phase has it.
        in_domain: On val.
        out_of_domain: On the watched collections, their mean.
    """
    before, known = in_domain(None), out_of_domain(None)
    gain = in_domain(asked) - before
    least = before + min(gain, KEPT * gain) - _EQUAL
    chosen, *others = (replace(asked, weight=part * asked.weight) for part in PARTS)
    for lighter in others:
        if known - out_of_domain(chosen) <= LOST:
            break
        if lighter.weight < asked.weight and in_domain(lighter) < least:
            break
        chosen = lighter
    return chosen


def precision_of(found: SplitFigures) -> float:
    """Return precision@5, 0 where there is none."""
    precision = found.figures.get("precision_at_5")
    return precision.value if precision else 0.0
