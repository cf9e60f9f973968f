"""How much of a phase's training to keep: between the weights it began with and those it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from artvec.commands.train.train_report import JUDGED, WATCHED
from artvec.core.results import Interval
from artvec.core.types import BoolArray, Float64Array

KEPT = 0.95
"""Of the best gain in domain, what a share has to keep."""

_EQUAL = 1e-9
"""Sums of the same outcomes in another order differ by less."""

Figures = Mapping[str, Interval]


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
