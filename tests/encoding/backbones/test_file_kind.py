"""A file that holds no weights is named for what it is, in one line."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from artvec.core.errors import ArtvecError
from artvec.encoding.backbones.weights import read_weights

TENSORS = {"a.weight": torch.arange(600, dtype=torch.float32), "b.bias": torch.ones(3)}


def torch_file() -> bytes:
    sink = io.BytesIO()
    torch.save(TENSORS, sink)
    return sink.getvalue()


def zipped(*names: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return sink.getvalue()


def huge_header() -> bytes:
    header = json.dumps({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(35)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
KINDS: dict[str, tuple[bytes, str, str]] = {
    "nothing": (b"", "is empty", "get the file again"),
    "a page": (b"<!DOCTYPE html>\n<html><head>", "an HTML page", "not the page about"),
    "a page behind a mark": (b"\xef\xbb\xbf\r\n <HTML lang='de'>", "an HTML page", "download"),
    "a bucket's refusal": (b"<?xml version='1.0'?><Error><Code>AccessDenied", "XML", "download"),
    "a pointer": (POINTER, "a Git LFS pointer", "git lfs pull"),
    "a refusal": (b'{"error": "Repository not found"}', "a JSON document", "give"),
    "a sentence": ("Entry not found – où?\n".encode(), "a text file", "give"),
    "a long text": (("größer " * 400).encode(), "a text file", "give"),
    "a tensor of another library": (b"\x93NUMPY\x01\x00" + bytes(80), "a NumPy array", "give"),
    "Keras": (b"\x89HDF\r\n\x1a\n" + bytes(80), "an HDF5 file", "safetensors"),
    "compressed": (gzip.compress(torch_file()), "compressed by gzip", "unpack"),
    "an archive": (zipped("readme.txt"), "a ZIP archive without tensors", "unpack"),
    "a program": (zipped("m/data.pkl", "m/code/x.py"), "a TorchScript program", "state dict"),
    "half a torch file": (torch_file()[:-300], "a ZIP archive that is cut short", "again"),
    "half of safetensors": (save(TENSORS)[:-100], "is cut short: it has", "again"),
    "a header of safetensors": (save(TENSORS)[:60], "is cut short: it has 60 of", "again"),
    "all but a byte": (huge_header(), "is cut short", "again"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_what_is_no_weights_is_named(tmp_path: Path, kind: str, suffix: str) -> None:
    data, what, way_out = KINDS[kind]
    file = tmp_path / f"w.{suffix}"
    file.write_bytes(data)
    with pytest.raises(ArtvecError) as refused:
        read_weights(file)
    assert refused.value.message.startswith(f"{file} ")
    assert what in refused.value.message
    assert way_out in refused.value.hint
    assert "\n" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize("make", [torch_file, lambda: save(TENSORS)])
@pytest.mark.parametrize("suffix", ["pth", "bin", "safetensors"])
def test_weights_are_read_under_any_name(
    tmp_path: Path, make: Callable[[], bytes], suffix: str
) -> None:
    (tmp_path / f"w.{suffix}").write_bytes(make())
    found = read_weights(tmp_path / f"w.{suffix}")
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in TENSORS.items())


def test_weights_of_before_torch_used_archives_are_read(tmp_path: Path) -> None:
    torch.save(TENSORS, tmp_path / "w.pth", _use_new_zipfile_serialization=False)
    assert torch.equal(read_weights(tmp_path / "w.pth")["b.bias"], torch.ones(3))
