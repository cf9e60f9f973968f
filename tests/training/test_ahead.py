"""Batches made ahead: in order, and no more of them than was asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from artvec.core.types import Int64Array
from artvec.training.prefetch import made_ahead

PARTS = np.split(np.arange(12), 6)


@pytest.mark.parametrize("ahead", [0, 1, 3, 20])
def test_batches_come_in_order_and_not_too_many_wait(ahead: int) -> None:
    """While the n-th is looked at (from 0), n + 1 were made, and at most `ahead` more."""
    begun: list[int] = []

    def make(rows: Int64Array) -> torch.Tensor:
        begun.append(int(rows[0]))
        return torch.from_numpy(10 * rows)

    for number, batch in enumerate(made_ahead(make, PARTS, ahead=ahead, device="cpu")):
        assert batch.tolist() == [20 * number, 20 * number + 10]
        assert number + 1 <= len(begun) <= number + 1 + ahead
    assert sorted(begun) == [0, 2, 4, 6, 8, 10]


def test_what_goes_wrong_in_a_thread_is_raised() -> None:
    def make(rows: Int64Array) -> torch.Tensor:
        raise ValueError("no such row")

    with pytest.raises(ValueError, match="no such row"):
        list(made_ahead(make, PARTS, ahead=2, device="cpu"))
