"""A backbone with one head a label column, and what it answers; no training here."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from artvec.heads import CosineHead


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
        thinned = nn.functional.dropout(embedding, self.dropout, self.training)
        logits = tuple(head(thinned if _is_one_layer(head) else embedding) for head in self.heads)
        return embedding, logits


def _is_one_layer(head: nn.Module) -> bool:
    """Tell `linear` and `cosine` from heads that spell their own dropout."""
    return isinstance(head, CosineHead) or sum(1 for _ in head.children()) == 1
