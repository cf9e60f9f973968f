"""Are weights and vectors finite numbers? What holds NaN or infinity is never computed with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from artvec.core.errors import ArtvecError, command
from artvec.core.types import BoolArray
from artvec.core.wording import counted

if TYPE_CHECKING:
    import torch


def check_weights(weights: Mapping[str, torch.Tensor], what: str) -> None:
    """Refuse weights with a value that is no finite float32: every vector would be nonsense.

    Minus infinity is let through in masks, which hide a position with it.

    Args:
        weights: Parameters and buffers by name.
        what: Whose, for the error message.

    Raises:
        ArtvecError: They hold such a value.
    """
    bad = [name for name, tensor in weights.items() if _odd(name, tensor)]
    if bad:
        odd, total = _odd(bad[0], weights[bad[0]]), weights[bad[0]].numel()
        more = f"; and {counted(len(bad) - 1, 'more tensor')}" if len(bad) > 1 else ""
        raise ArtvecError(
            f"{what} hold values that are not finite ({bad[0]}: {odd:,} of {total:,}{more})",
            "give other weights: these are of a training that diverged, or damaged",
        )


def finite_rows(vectors: np.ndarray[Any, Any], dtype: str = "float32") -> BoolArray:
    """Return (N,) which of the (N, dim) vectors are finite, and stay so when stored as `dtype`."""
    with np.errstate(over="ignore"):
        finite: BoolArray = np.isfinite(vectors.astype(dtype, copy=False)).all(axis=1)
    return finite


def not_finite(broken: int, folder: Path) -> ArtvecError:
    """Return the refusal of a collection with so many vectors that are not finite."""
    return ArtvecError(
        f"{counted(broken, 'vector')} of {folder} {'is' if broken == 1 else 'are'} not finite "
        "(NaN or infinite)",
        f"embed their pictures again: {command('verify', '--repair', '-i', folder)}",
    )


def _odd(name: str, tensor: torch.Tensor) -> int:
    """Count the values that are not finite in single precision, in which networks compute."""
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return 0
    finite = (tensor.float() if tensor.is_floating_point() else tensor).isfinite()
    if not finite.all() and "mask" in name and tensor.is_floating_point():
        finite |= tensor.isneginf()
    return int((~finite).sum())
