"""Chance that depends on given numbers alone, for library code that knows one global generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

_DRAWING = frozenset(
    {
        torch.rand,
        torch.randint,
        torch.randperm,
        torch.multinomial,
        torch.Tensor.uniform_,
        torch.Tensor.normal_,
        torch._sample_dirichlet,
    }
)


class DrawnFrom(TorchFunctionMode):
    """Gives what torchvision's transforms draw, in this thread, a generator of its own.

    The global generator is left alone: it belongs to the training loop (dropout), which may be at
    work in another thread meanwhile.
    """

    def __init__(self, *entropy: int) -> None:
        """Seed the generator.

        Args:
            entropy: At least 0 each.
        """
        super().__init__()
        seed = np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]
        self._generator = torch.Generator().manual_seed(int(seed))

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        own = {"generator": self._generator} if func in _DRAWING else {}
        return func(*args, **(kwargs or {}), **own)
