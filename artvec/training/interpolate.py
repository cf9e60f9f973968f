"""Weights between two states of one network; nothing is trained or measured here."""

from __future__ import annotations

import torch

from artvec.training.checkpoint import State


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
