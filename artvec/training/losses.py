"""Losses by their spelling, as in `ce+0.5*supcon`; all arithmetic is a library's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from pytorch_metric_learning import losses
from torch import nn

from artvec.core.errors import ArtvecError, mistyped

CROSS_ENTROPY = "ce"
_PAIRS: dict[str, Callable[[], nn.Module]] = {
    "supcon": lambda: losses.SupConLoss(temperature=0.1),
    "ntxent": lambda: losses.NTXentLoss(temperature=0.1),
    "triplet": lambda: losses.TripletMarginLoss(margin=0.2),
    "contrastive": lambda: losses.ContrastiveLoss(),
    "multisimilarity": lambda: losses.MultiSimilarityLoss(),
    "circle": lambda: losses.CircleLoss(),
}
"""Compare pictures of a batch. Source of the temperature: Khosla et al., "Supervised Contrastive
Learning", 2020; of the margin: Schroff et al., "FaceNet", 2015; else the library's defaults."""
_PROXIES: dict[str, Callable[[int, int], nn.Module]] = {
    "arcface": losses.ArcFaceLoss,
    "cosface": losses.CosFaceLoss,
    "proxyanchor": losses.ProxyAnchorLoss,
    "proxynca": losses.ProxyNCALoss,
    "normsoftmax": losses.NormalizedSoftmaxLoss,
}
"""Compare pictures with a learned point a class; called with the classes' number and the width."""
NAMES = (CROSS_ENTROPY, *_PAIRS, *_PROXIES)

_TERM = re.compile(r"(?:(?P<weight>\d+(?:\.\d+)?|\.\d+)\*)?(?P<name>\w+)")


def build_loss(
    spelling: str,
    dim: int,
    n_classes: int,
    label_smoothing: float = 0.0,
    class_weights: torch.Tensor | None = None,
) -> Loss:
    """Build the loss of one label column.

    Args:
        spelling: A name of `NAMES`, or a sum of such, each with a factor: `ce+0.5*supcon`.
        dim: Width of the embedding.
        n_classes: Of the label column.
        label_smoothing: Of cross-entropy.
        class_weights: (C,) float32, of cross-entropy.

    Raises:
        ArtvecError: The spelling is none.
    """
    terms = _terms(spelling)
    a_row = nn.CrossEntropyLoss(class_weights, label_smoothing=label_smoothing, reduction="none")
    proxies = {name: partial(kind, n_classes, dim) for name, kind in _PROXIES.items()}
    made = {CROSS_ENTROPY: lambda: a_row} | _PAIRS | proxies
    return Loss(terms, [made[term.name]() for term in terms])


def needs_pairs(spelling: str) -> bool:
    """Say whether a loss compares pictures of a batch, which must then hold several of a class.

    Raises:
        ArtvecError: The spelling is none.
    """
    return any(term.name in _PAIRS for term in _terms(spelling))


def check_mixable(spelling: str) -> None:
    """Make sure that a loss can learn from pictures that are blends of two classes.

    Raises:
        ArtvecError: The spelling is none, or a term wants one class a picture.
    """
    for term in _terms(spelling):
        if term.name != CROSS_ENTROPY:
            raise _unmixable(term.name)


def teaches_head(spelling: str) -> bool:
    """Say whether a loss looks at logits; under any other the head learns nothing by itself.

    Raises:
        ArtvecError: The spelling is none.
    """
    return any(term.name == CROSS_ENTROPY for term in _terms(spelling))


@dataclass(frozen=True, slots=True)
class _Term:
    weight: float
    name: str


class Loss(nn.Module):
    """A weighted sum; holds the learned points of its terms, which are parameters."""

    def __init__(self, terms: tuple[_Term, ...], parts: list[nn.Module]) -> None:
        super().__init__()
        self._terms = terms
        self.parts = nn.ModuleList(parts)

    def forward(
        self, embedding: torch.Tensor, logits: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        """Return the mean over the rows whose label is known; 0 where none is.

        Args:
            embedding: (B, D).
            logits: (B, C).
            targets: (B,) codes, -1 unknown; or (B, C) shares of classes, all 0 unknown.

        Raises:
            ArtvecError: Shares, where the loss wants one class a picture.
        """
        known = targets >= 0 if targets.ndim == 1 else targets.sum(dim=1) > 0
        if not known.any():
            return 0 * (embedding.sum() + logits.sum())
        vectors, scores, targets = embedding[known].float(), logits[known].float(), targets[known]
        total = scores.new_zeros(())
        for term, part in zip(self._terms, self.parts, strict=True):
            if term.name != CROSS_ENTROPY and targets.ndim == 2:
                raise _unmixable(term.name)
            inputs = scores if term.name == CROSS_ENTROPY else vectors
            # a mean over rows, not over their weights: in small batches that would undo the weights
            total = total + term.weight * part(inputs, targets).mean()
        return total


def _terms(spelling: str) -> tuple[_Term, ...]:
    return tuple(_term(text, spelling) for text in spelling.split("+"))


def _term(text: str, spelling: str) -> _Term:
    there = f"losses: {', '.join(NAMES)}; or a sum: ce+0.5*supcon"
    found = _TERM.fullmatch(text)
    if found is None:
        raise ArtvecError(f"{spelling!r} is no loss", there, usage=True)
    name = found["name"]
    if name not in NAMES:
        raise mistyped(f"there is no loss {name!r}", name, NAMES, otherwise=there)
    return _Term(float(found["weight"] or 1), name)


def _unmixable(name: str) -> ArtvecError:
    return ArtvecError(
        f"the loss {name} wants one class a picture, and mixup and cutmix blend two",
        "leave mixup and cutmix out, or take --loss ce",
        usage=True,
    )
