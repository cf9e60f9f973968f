"""Refuse files that hold no weights, by their first bytes and their length; no tensor is loaded."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

from artvec.core.errors import ArtvecError

_HEAD_BYTES = 512
_MOST_HEADER_BYTES = 100_000_000
"""Of a safetensors file: a larger one is refused by the safetensors library, too."""
_CUT_SHORT = "the download stopped too early: get the file again"
_A_PAGE = "the download failed: get the file itself, not the page about it"
_SUPPORTED = "give a safetensors file or a torch file that holds a state dict"
_UNPACK = "unpack it, and give the file inside"
_MARKUP = (b"<!doctype html", b"<html", b"<head", b"<body", b"<?xml", b"<error")
_MAGIC = {
    b"version https://git-lfs": (
        "is a Git LFS pointer, not the weights it stands for",
        "fetch them: git lfs pull",
    ),
    b"\x89HDF": ("is an HDF5 file", "save its weights as safetensors first"),
    b"\x93NUMPY": ("is a NumPy array", _SUPPORTED),
    b"GGUF": ("is a GGUF file", "give the model's safetensors file"),
    b"\x1f\x8b": ("is compressed by gzip", _UNPACK),
    b"BZh": ("is compressed by bzip2", _UNPACK),
    b"\xfd7zXZ": ("is compressed by xz", _UNPACK),
    b"\x28\xb5\x2f\xfd": ("is compressed by Zstandard", _UNPACK),
    b"7z\xbc\xaf": ("is a 7z archive", _UNPACK),
}


def is_safetensors(file: Path) -> bool:
    """Say whether a file is safetensors, whatever its name; else it may be a torch file.

    Raises:
        ArtvecError: It is empty, cut short, or plainly something else than weights.
        OSError: It can't be read.
    """
    with file.open("rb") as handle:
        head = handle.read(_HEAD_BYTES)
    if not head:
        raise _no_weights(file, "it is empty", _CUT_SHORT)
    header_bytes = struct.unpack("<Q", head[:8])[0] if len(head) > 8 else 0
    if head[8:9] == b"{" and header_bytes <= _MOST_HEADER_BYTES:
        _check_length(file, header_bytes)
        return True
    _check_kind(file, head)
    return False


def _check_length(file: Path, header_bytes: int) -> None:
    with file.open("rb") as handle:
        handle.seek(8)
        header = handle.read(header_bytes)
    whole_bytes = 8 + header_bytes
    if len(header) == header_bytes:
        try:
            tensors = [t for name, t in json.loads(header).items() if name != "__metadata__"]
            whole_bytes += max((tensor["data_offsets"][1] for tensor in tensors), default=0)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            return  # damaged otherwise: its library says how
    size_bytes = file.stat().st_size
    if size_bytes < whole_bytes:
        short = f"it is cut short: it has {size_bytes:,} of at least {whole_bytes:,} bytes"
        raise _no_weights(file, short, _CUT_SHORT)


def _check_kind(file: Path, head: bytes) -> None:
    for magic, (what, hint) in _MAGIC.items():
        if head.startswith(magic):
            raise _no_weights(file, f"it {what}", hint)
    if head.startswith(b"PK"):
        _check_zip(file)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_MARKUP):
        what = "an XML document" if text.startswith((b"<?xml", b"<error")) else "an HTML page"
        raise _no_weights(file, f"it is {what}", _A_PAGE)
    if _is_text(head):
        what = "a JSON document" if text.startswith((b"{", b"[")) else "a text file"
        raise _no_weights(file, f"it is {what}", _SUPPORTED)


def _check_zip(file: Path) -> None:
    """A torch file is a ZIP archive with `data.pkl`; one of TorchScript also holds code."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise _no_weights(file, "it is a ZIP archive that is cut short", _CUT_SHORT) from error
    if not any(name.endswith("data.pkl") for name in names):
        raise _no_weights(file, "it is a ZIP archive without tensors", _UNPACK)
    if any("/code/" in name for name in names):
        raise ArtvecError(
            f"{file} is a TorchScript program, and artvec runs no code out of a weights file",
            "save only its state dict, best as safetensors, and give that file",
        )


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8", "strict" if len(head) < _HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        return False
    printable = sum(character.isprintable() or character in "\t\r\n" for character in text)
    return printable == len(text) and len(text.encode()) > len(head) - 4


def _no_weights(file: Path, why: str, hint: str) -> ArtvecError:
    return ArtvecError(f"{file} can't be read as weights: {why}", hint)
