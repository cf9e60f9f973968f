"""Classifier heads on stored embeddings: built from a spelling, kept in a run, applied in batches.

A run keeps its head in `head.safetensors`, and in `run.json` under `head` its `layers` (the
spelling), `dim` (the width that it takes), `classes` (in the order of the outputs) and, where the
run's embeddings are wider than the head takes, their `width`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from artvec.core.errors import ArtvecError
from artvec.core.finite import check_weights
from artvec.core.types import Float32Array

FLATTEN = "flatten"
_BATCH = 8192
_WIDEST = 16_384
_COSINE_SCALE = 16.0
"""Where learning begins: a cosine of 1 against 0 for 1,000 other classes is then p = .9999."""


@dataclass(frozen=True)
class Head:
    """A trained head.

    Attributes:
        layers: Its spelling, see `build_head`.
        classes: Names of its outputs, in their order.
        dim: Width of the embeddings that it takes; of a `flatten` head, numbers of a feature map.
        module: Maps (B, dim) float32 to (B, classes) logits.
        width: Of the embeddings it is given where they are wider; it reads the first `dim` columns
            of them (a run with an anchor).
    """

    layers: str
    classes: tuple[str, ...]
    dim: int
    module: nn.Module
    width: int | None = None


class CosineHead(nn.Module):
    """Logits are scaled cosines of an embedding with a direction per class.

    Source: Gidaris and Komodakis, "Dynamic Few-Shot Visual Learning without Forgetting", 2018.
    """

    def __init__(self, dim: int, n_classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_classes, dim))
        self.scale = nn.Parameter(torch.tensor(_COSINE_SCALE))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Map (B, dim) to (B, classes)."""
        units = nn.functional.normalize(vectors, dim=1)
        return self.scale * units @ nn.functional.normalize(self.weight, dim=1).T


class _BatchNorm(nn.BatchNorm1d):
    """Batch normalisation; a single row, which has no spread, is taken as in inference."""

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Map (B, width) to (B, width)."""
        if len(vectors) > 1 or not self.training:
            return super().forward(vectors)
        return nn.functional.batch_norm(
            vectors, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


def build_head(layers: str, dim: int, n_classes: int) -> nn.Module:
    """Build an untrained head.

    Args:
        layers: `linear`; `cosine`; or tokens joined by `-`, as in `bn-512-dropout0.5-256`: `bn` is
            batch normalisation, a number a dense layer with ReLU, `dropoutP` dropout of
            probability P. A dense layer to the classes is added. `flatten`, as the first token,
            says that the head takes the unpooled feature map instead of the embedding.
        dim: Width of the embeddings, or numbers of a feature map (channels × height × width).
        n_classes: Outputs.

    Raises:
        ArtvecError: A token is none of these.
    """
    if layers == "cosine":
        return CosineHead(dim, n_classes)
    tokens = [] if layers == "linear" else layers.split("-")
    if takes_map(layers):
        tokens = tokens[1:]  # the map comes as (B, dim), as every input of a head does
    built = list(_built(tokens, dim))
    width = next((layer.out_features for layer in built[::-1] if isinstance(layer, nn.Linear)), dim)
    return nn.Sequential(*built, nn.Linear(width, n_classes))


def takes_map(layers: str) -> bool:
    """Say whether a head takes the unpooled feature map instead of the embedding."""
    return layers.partition("-")[0] == FLATTEN


def load_head(run: Path) -> Head:
    """Load the head of a run, for inference.

    Raises:
        ArtvecError: The run has none, or it is damaged.
    """
    try:
        record: dict[str, Any] = json.loads((run / "run.json").read_bytes())["head"]
        layers, dim = str(record["layers"]), int(record["dim"])
        classes = tuple(map(str, record["classes"]))
        module = build_head(layers, dim, len(classes))
        weights = load_file(run / "head.safetensors")
        module.load_state_dict(weights)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise _no_head(run, error) from error
    check_weights(weights, f"the weights {run / 'head.safetensors'}")
    return Head(layers, classes, dim, module.eval(), record.get("width"))


def probabilities(head: Head, vectors: Float32Array) -> Float32Array:
    """Return the (N, classes) float32 softmax of a head's logits for (N, dim) embeddings.

    Of wider ones that its run emits (N, width) it reads the first `dim` columns.

    Raises:
        ArtvecError: The embeddings have another width.
    """
    if vectors.shape[1] not in (head.dim, head.width):
        raise ArtvecError(
            f"the head takes embeddings of {head.width or head.dim} numbers, "
            f"these have {vectors.shape[1]}",
            "embed the images with the run that the head belongs to: artvec embed FOLDER -m RUN",
        )
    found = np.empty((len(vectors), len(head.classes)), dtype=np.float32)
    with torch.inference_mode():
        for first in range(0, len(vectors), _BATCH):
            batch = torch.tensor(vectors[first : first + _BATCH, : head.dim])
            found[first : first + _BATCH] = head.module(batch).softmax(dim=1).numpy()
    return found


def _built(tokens: list[str], dim: int) -> Iterator[nn.Module]:
    width = dim
    for token in tokens:
        if token == "bn":
            yield _BatchNorm(width)
        elif re.fullmatch(r"[1-9]\d*", token) and int(token) > _WIDEST:
            raise ArtvecError(
                f"a head's layer of {token} is too wide",
                f"give at most {_WIDEST:,}; 256 to 1,024 are usual",
                usage=True,
            )
        elif re.fullmatch(r"[1-9]\d*", token):
            yield nn.Linear(width, int(token))
            yield nn.ReLU()
            width = int(token)
        elif re.fullmatch(r"dropout(0?\.\d+|0)", token):
            yield nn.Dropout(float(token.removeprefix("dropout")))
        else:
            raise ArtvecError(
                f"a head has no layer {token!r}",
                "give linear, cosine, or (flatten,) bn, widths and dropoutP: bn-512-dropout0.5-256",
                usage=True,
            )


def _no_head(run: Path, error: Exception) -> ArtvecError:
    why = " ".join(str(error).split()) or type(error).__name__
    return ArtvecError(
        f"{run} holds no head that can be read: {type(error).__name__}: {why}",
        "give a directory that artvec train has written, whole",
        usage=True,
    )
