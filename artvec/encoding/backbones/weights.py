"""Weights files: read without running code, fitted into a module, digested."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch

from artvec.core.errors import ArtvecError, ran_out_of_memory
from artvec.core.finite import check_weights
from artvec.encoding.backbones.file_kind import is_safetensors

Tensors = Mapping[str, torch.Tensor]
_BOOKKEEPING = "num_batches_tracked"


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file, or a torch file that holds nothing but tensors.

    Wrappers that trainers put around a state dict (`state_dict`, `model`, a `module.` prefix of
    every name) are taken off.

    Raises:
        ArtvecError: The file is damaged, holds no weights or weights that are not finite, or would
            need code to be run.
    """
    as_safetensors = is_safetensors(file)
    try:
        if as_safetensors:
            from safetensors.torch import load_file

            loaded: object = load_file(file)
        else:
            with file.open("rb") as handle:  # by its name, torch would guess what it holds
                loaded = torch.load(handle, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and safetensors raise many kinds on a broken file
        if ran_out_of_memory(error):
            raise
        if isinstance(error, pickle.UnpicklingError) and _is_pickle(file, str(error)):
            raise ArtvecError(
                f"{file} holds more than weights, and artvec runs no code out of a weights file",
                "save only the state dict, best as safetensors, and give that file",
            ) from error
        raise ArtvecError(
            f"{file} can't be read as weights: {' '.join(str(error).split())[:200]}",
            "give a safetensors file or a torch file that holds a state dict",
        ) from error
    tensors = _unwrapped(loaded, file)
    check_weights(tensors, f"the weights {file}")
    return tensors


def load_into(
    module: torch.nn.Module, weights: Tensors, *, head: tuple[str, ...], file: Path
) -> None:
    """Fill a module; its head may be missing or of another width.

    Args:
        module: Takes the weights in place.
        weights: Of the same architecture.
        head: Name prefixes of the classifier, which the embedding doesn't need.
        file: For the error message.

    Raises:
        ArtvecError: The weights belong to another architecture.
    """
    wanted = {name: t for name, t in module.state_dict().items() if not _is_head(name, head)}
    given = {name: t for name, t in weights.items() if not _is_head(name, head)}
    missing = [name for name in wanted if name not in given and _BOOKKEEPING not in name]
    unexpected = [name for name in given if name not in wanted]
    other = [
        name for name in wanted.keys() & given.keys() if wanted[name].shape != given[name].shape
    ]
    for what, names in (("lacks", missing), ("also holds", unexpected), ("differs in", other)):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise ArtvecError(
                f"{file} doesn't fit this backbone: it {what} {sorted(names)[0]}{more}",
                "give -m the architecture that the weights were saved from",
            )
    module.load_state_dict(given, strict=False)


def in_order(module: torch.nn.Module, weights: Tensors) -> dict[str, torch.Tensor]:
    """Rename weights whose tensors stand in the module's own order under other names.

    Raises:
        ValueError: Their number or shapes differ.
    """
    names = [name for name in module.state_dict() if _BOOKKEEPING not in name]
    tensors = [tensor for name, tensor in weights.items() if _BOOKKEEPING not in name]
    return dict(zip(names, tensors, strict=True))


def digest(module: torch.nn.Module, *, head: tuple[str, ...]) -> str:
    """Return the sha256 over name, dtype, shape and bytes of every tensor but the head's."""
    total = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        if _BOOKKEEPING in name or _is_head(name, head):
            continue
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return total.hexdigest()


def _is_pickle(file: Path, refusal: str) -> bool:
    """Tell a pickle that wants code from junk, for which torch raises the same error."""
    with file.open("rb") as handle:
        return "GLOBAL" in refusal or handle.read(1) == pickle.PROTO


def _unwrapped(loaded: object, file: Path) -> dict[str, torch.Tensor]:
    for key in ("state_dict", "model"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict) or not loaded:
        raise ArtvecError(f"{file} holds no state dict", "give a file of named tensors")
    tensors = {str(k): v for k, v in loaded.items() if isinstance(v, torch.Tensor)}
    if tensors and all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
    return tensors


def _is_head(name: str, head: tuple[str, ...]) -> bool:
    return any(name.startswith(f"{prefix}.") for prefix in head)
