"""How much of a phase's training to keep: the share of its weights, and the weight of an anchor.

Val and watched pictures decide; test is never asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from artvec.commands.train.train_report import JUDGED, WATCHED, SplitFigures
from artvec.core.results import Interval
from artvec.core.types import BoolArray, Float64Array
from artvec.encoding.backbones.anchored import Anchor
from artvec.training.checkpoint import State

KEPT = 0.95
"""Of the best gain in domain, what a share or a weight has to keep."""
LOST = 0.03
"""Of precision@5, on average over watched collections: what training may cost them."""
PARTS = (1.2, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
"""Of the weight that the phase asks for, which serves where nothing is watched."""
_EQUAL = 1e-9
"""Sums of the same outcomes in another order differ by less."""

Figures = Mapping[str, Interval]
Precision = Callable[[Anchor | None], float]
"""precision@5 of the embedding that an anchor makes; None for that of the backbone as it came."""


def choose_share(
    shares: Sequence[float],
    val: Sequence[Figures],
    watched: Sequence[Mapping[str, Figures]] = (),
    *,
    least: float = KEPT,
) -> float:
    """Choose the share of the trained weights by val and watched pictures; test is never asked.

    Gains are counted from the smallest share, per figure of `JUDGED`; figures that no share
    improves are left out. A share qualifies where every figure keeps `least` of the best gain that
    any share has in it. Of the shares that qualify the smallest is taken: nearer the weights that
    the phase began with, less is forgotten. With watched collections the one with the highest mean
    of `WATCHED` over them is taken, the smaller of equal ones. Where none qualifies, because
    figures are best at different shares: the share whose worst figure keeps most.

    Args:
        shares: Ascending, from the one to count from (0: the phase undone).
        val: Figures on val, a share each.
        watched: Name → figures of each watched collection, a share each; empty for none.
        least: See `KEPT`.

    Source: Wortsman et al. 2022 (WiSE-FT) interpolate; the rule is argued in docs/decisions.md.
    """
    keeping = _keeping(val)  # (S,)
    qualified = keeping >= least - _EQUAL
    if not qualified.any():
        return shares[int(keeping.argmax())]
    if not any(watched):
        return shares[int(qualified.argmax())]
    return shares[_best_out_of_domain(qualified, watched)]


def _keeping(val: Sequence[Figures]) -> Float64Array:
    """Return (S,) the smallest part of a figure's best gain that a share keeps; 1 without gains."""
    parts = [np.ones(len(val))]
    for name in JUDGED:
        if all(name in figures for figures in val):
            values = np.array([figures[name].value for figures in val])
            gains = values - values[0]
            if gains.max() > _EQUAL:
                parts.append(gains / gains.max())
    least: Float64Array = np.min(parts, axis=0)
    return least


def _best_out_of_domain(qualified: BoolArray, watched: Sequence[Mapping[str, Figures]]) -> int:
    means = np.array(
        [
            np.mean([one[name].value for one in each.values() for name in WATCHED if name in one])
            for each in watched
        ]
    )
    best = means[qualified].max()
    return int((qualified & (means >= best - _EQUAL)).argmax())


def interpolated(start: State, end: State, share: float) -> State:
    """Return (1 − share) · start + share · end, tensor by tensor.

    What isn't a floating-point number (counters of batch normalisation) comes from the end. A
    share of 0 or 1 gives the very numbers of the start or the end.

    Source: WiSE-FT of Wortsman et al., "Robust fine-tuning of zero-shot models", 2022.

    Args:
        start: Weights before training.
        end: Weights of the same network after it.
        share: 0 to 1, of the trained weights.

    Raises:
        KeyError: The states are of two networks.
    """
    assert 0 <= share <= 1
    return {name: _between(start[name], tensor, share) for name, tensor in end.items()}


def _between(start: torch.Tensor, end: torch.Tensor, share: float) -> torch.Tensor:
    if not end.is_floating_point():
        return end.clone()
    return torch.lerp(start.to(end), end, share)


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
