"""A backbone with one head a label column, and what it answers; no training here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from artvec.core.types import Float32Array
from artvec.encoding.heads import CosineHead
from artvec.training.inputs import Inputs
from artvec.training.prefetch import made_ahead, on_a_card, worth_ahead

_BATCH = 64


class Classifier(nn.Module):
    """Images or stored embeddings in; the embedding and each head's logits out.

    Args:
        backbone: Maps a batch to (B, D) embeddings; `nn.Identity()` where these are stored.
        heads: Map (B, D) embeddings to (B, C) logits, one a label column.
    """

    def __init__(self, backbone: nn.Module, heads: Sequence[nn.Module]) -> None:
        super().__init__()
        self.backbone = backbone
        self.heads = nn.ModuleList(heads)
        self.dropout = 0.0
        """Probability that a number of the embedding is dropped before a head of one layer."""

    def forward(self, batch: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Return the (B, D) embedding and each head's (B, C) logits."""
        embedding: torch.Tensor = self.backbone(batch)
        return embedding, self.logits(embedding)

    def logits(self, embedding: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Map (B, D) to each head's (B, C)."""
        thinned = nn.functional.dropout(embedding, self.dropout, self.training)
        return tuple(head(thinned if _is_one_layer(head) else embedding) for head in self.heads)


@dataclass(frozen=True)
class Answers:
    """What a classifier says to N rows.

    Attributes:
        embeddings: (N, D) float32.
        logits: (N, C) float32, one array a label column.
    """

    embeddings: Float32Array
    logits: tuple[Float32Array, ...]


def answers(
    model: Classifier,
    inputs: Inputs,
    *,
    device: torch.device | str = "cpu",
    precision: str = "fp32",
) -> Answers:
    """Run a classifier over every row in inference mode, without augmentation.

    Args:
        model: Is put into inference mode.
        inputs: N rows, in whose order the answers are.
        device: Where the model is.
        precision: `bf16` computes in mixed precision.
    """
    model.eval()
    found: list[tuple[torch.Tensor, ...]] = []
    rows = np.arange(len(inputs))
    parts = [rows[first : first + _BATCH] for first in range(0, len(rows), _BATCH)]
    make = partial(inputs.batch, seed=0, augment=False)
    ahead = worth_ahead(device) if on_a_card(device) else 0  # a CPU is busy with the model
    for batch in made_ahead(make, parts, ahead=ahead, device=device):
        with torch.inference_mode(), autocast(device, precision):
            embedding, logits = model(batch.to(device, non_blocking=True))
        found.append(tuple(part.float().cpu() for part in (embedding, *logits)))
    embeddings, *logits = (torch.cat(parts).numpy() for parts in zip(*found, strict=True))
    return Answers(embeddings, tuple(logits))


def autocast(device: torch.device | str, precision: str) -> torch.autocast:
    """Return the context in which a forward pass runs: bfloat16 where asked for."""
    kind = torch.device(device).type
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=precision == "bf16")


def _is_one_layer(head: nn.Module) -> bool:
    """Tell `linear` and `cosine` from heads that spell their own dropout."""
    return isinstance(head, CosineHead) or sum(1 for _ in head.children()) == 1
