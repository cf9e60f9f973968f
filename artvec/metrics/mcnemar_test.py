"""Do two classifiers differ on the same queries? McNemar's exact test."""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr

from artvec.core.types import BoolArray


def mcnemar(right_a: BoolArray, right_b: BoolArray) -> float:
    """Return the two-sided p value of McNemar's test, exact for any number of queries.

    Only queries count that one got right and the other wrong. If both were equally good, either
    would win such a query with probability ½, so the p value is 2·P(X ≤ min(b, c)) with X binomial
    over b + c tries, at most 1. Small: a difference this large would be rare by chance.

    Args:
        right_a: (Q,) bool, where the first classifier was right.
        right_b: (Q,) bool, where the second was, in the same order.

    Returns:
        In (0, 1]; 1 where they never disagree: nothing speaks for a difference.

    Raises:
        ValueError: Lengths differ.

    Source: McNemar 1947; exact form as in Dietterich 1998.
    """
    if right_a.shape != right_b.shape:
        raise ValueError(f"answers must be to the same queries: {right_a.shape}, {right_b.shape}")
    only_a = int(np.sum(right_a & ~right_b))
    only_b = int(np.sum(right_b & ~right_a))
    return min(1.0, 2.0 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))
