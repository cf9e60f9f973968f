"""Batches made ahead of whoever wants them, in threads; what is in them is no matter here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from artvec.core import runtime
from artvec.core.types import Int64Array


def on_a_card(device: torch.device | str) -> bool:
    """Say whether batches have to be copied to a device."""
    return torch.device(device).type != "cpu"


def worth_ahead(device: torch.device | str) -> int:
    """Return how many batches of pictures to make ahead: a card leaves every core to it."""
    return runtime.cores() if on_a_card(device) else 1


def made_ahead(
    make: Callable[[Int64Array], torch.Tensor],
    parts: Sequence[Int64Array],
    *,
    ahead: int,
    device: torch.device | str,
) -> Iterator[torch.Tensor]:
    """Yield a batch a part, in order, so many of them made ahead, in as many threads.

    Args:
        make: Turns row numbers into a batch on the CPU.
        parts: (B,) row numbers each.
        ahead: 0 makes each batch when it is asked for.
        device: Where batches go: those for a card are pinned, so that a copy doesn't wait.
    """
    pins = on_a_card(device)

    def made(rows: Int64Array) -> torch.Tensor:
        batch = make(rows)
        return batch.pin_memory() if pins else batch

    if not ahead:
        yield from map(made, parts)
        return
    waiting: deque[Future[torch.Tensor]] = deque()
    with ThreadPoolExecutor(ahead) as pool:
        for rows in parts:
            waiting.append(pool.submit(made, rows))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
