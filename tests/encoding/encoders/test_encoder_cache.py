"""Checks that compiled encoders are kept for the next process, and never trusted blindly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from artvec.collection.reader import blocks, open_collection
from artvec.core.errors import ArtvecError
from artvec.core.types import BackboneRequest, EncoderIdentity, EncoderOptions
from artvec.encoding import backbones, encoders
from artvec.encoding.setup import encoder_for, ready_encoder

FP32 = EncoderOptions(engine="openvino", device="cpu", precision="fp32")
CNN = BackboneRequest("simple_cnn")
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)

FRESH_PROCESS = """
import json, sys
import numpy as np
from artvec.encoding import backbones
from artvec.encoding.setup import ready_encoder
from artvec.core.types import BackboneRequest, EncoderOptions
request = BackboneRequest("tf_efficientnet_lite0")
known = backbones.known(request)
ready = ready_encoder(request, EncoderOptions(engine="openvino", device="cpu", precision="fp32"))
pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
vectors = ready.encoder.encode(pixels)
heavy = [name for name in ("torch", "timm", "torchvision") if name in sys.modules]
print(json.dumps([heavy, known is not None, vectors.tolist()]))
"""


@pytest.fixture
def cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, empty; returns the folder where encoders will lie."""
    monkeypatch.setenv("ARTVEC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "encoders"


def blobs(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def tiny_weights(file: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    save_file(timm.create_model("resnet18").state_dict(), file)
    return file


def test_nothing_is_kept_before_the_first_compilation(cold: Path) -> None:
    backbone = backbones.load(CNN)
    assert encoders.cached(backbone.identity, FP32) is None
    fresh = encoders.compile_encoder(backbone, FP32).encoder
    kept = encoders.cached(backbone.identity, FP32)
    assert kept is not None
    assert (kept.identity, kept.precision) == (backbone.identity, "fp32")
    assert np.array_equal(kept.encode(PIXELS), fresh.encode(PIXELS))


def test_torch_keeps_nothing(cold: Path) -> None:
    options = replace(FP32, engine="torch")
    backbone = backbones.load(CNN)
    encoders.compile_encoder(backbone, options)
    assert encoders.cached(backbone.identity, options) is None
    assert blobs(cold) == []


def test_a_fresh_process_needs_neither_torch_nor_timm() -> None:
    """With a warm cache it knows the identity and encodes to the very same vectors."""
    encoder = ready_encoder(BackboneRequest("tf_efficientnet_lite0"), FP32).encoder
    pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    command = [sys.executable, "-c", FRESH_PROCESS]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    heavy, known, vectors = json.loads(done.stdout)
    assert heavy == []
    assert known
    assert np.array_equal(np.array(vectors, dtype=np.float32), encoder.encode(pixels))


def test_threads_that_compile_at_once_all_end_right(cold: Path) -> None:
    """One keeps its blob, whole; the others have waited for it, and no note complains."""
    backbone = backbones.load(CNN)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: encoders.compile_encoder(backbone, FP32), range(4)))
    assert [each.notes for each in found] == [()] * 4
    assert len({each.encoder.encode(PIXELS).tobytes() for each in found}) == 1
    assert len(blobs(cold)) == 1
    kept = encoders.cached(backbone.identity, FP32)
    assert kept is not None
    assert np.array_equal(kept.encode(PIXELS), found[0].encoder.encode(PIXELS))


@pytest.mark.long
def test_processes_that_compile_at_once_all_end_right(cold: Path, tmp_path: Path) -> None:
    """Two runs of `artvec embed` meet an empty cache; a third finds what they kept."""
    (tmp_path / "art").mkdir()
    for n, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).save(tmp_path / f"art/{n}.png")
    command = [sys.executable, "-m", "artvec_cli", "embed", "art", "-m", "simple_cnn", "-i"]
    started = [
        subprocess.Popen([*command, name], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    told = [each.communicate()[1] for each in started]
    assert [each.returncode for each in started] == [0, 0]
    assert not [line for line in told if "can't be kept" in line]
    assert len(blobs(cold)) == 1
    kept = encoders.cached(backbones.load(CNN).identity, FP32)
    assert kept is not None
    for name in ("one", "two"):
        (vectors,) = blocks(open_collection(tmp_path / "indexes" / name))
        assert np.array_equal(vectors, kept.encode(PIXELS))


def damaged(blob: bytes, how: str) -> bytes:
    """Damage a blob; `middle` zeroes one page of weights, as a bad disk might."""
    at = 3 * len(blob) // 4
    return {
        "empty": b"",
        "half": blob[: len(blob) // 2],
        "last bytes gone": blob[:-100],
        "something else": b"<!DOCTYPE html>" * 100,
        "middle": blob[:at] + bytes(4096) + blob[at + 4096 :],
    }[how]


@pytest.mark.parametrize("how", ["empty", "half", "last bytes gone", "something else", "middle"])
def test_a_damaged_blob_is_passed_over_and_compiled_again(cold: Path, how: str) -> None:
    """Whatever is damaged, no vector is ever wrong."""
    right = ready_encoder(CNN, FP32).encoder.encode(PIXELS)
    (file,) = blobs(cold)
    file.write_bytes(damaged(file.read_bytes(), how))
    assert encoders.cached(backbones.load(CNN).identity, FP32) is None
    assert np.array_equal(ready_encoder(CNN, FP32).encoder.encode(PIXELS), right)
    assert blobs(cold) == [file]
    assert encoders.cached(backbones.load(CNN).identity, FP32) is not None


def test_every_precision_and_identity_has_a_blob_of_its_own(cold: Path) -> None:
    ready_encoder(CNN, FP32)
    ready_encoder(CNN, FP32)
    assert len(blobs(cold)) == 1
    ready_encoder(CNN, replace(FP32, precision="bf16"))
    assert len(blobs(cold)) == 2
    ready_encoder(replace(CNN, fit="squash"), FP32)
    assert len(blobs(cold)) == 3
    assert not [file for file in blobs(cold) if file.name.endswith(".partial")]


def test_a_cache_that_cannot_be_written_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache folder is a file here; the encoder works and says why it is not kept."""
    (tmp_path / "cache").write_text("not a folder")
    monkeypatch.setenv("ARTVEC_CACHE", str(tmp_path / "cache"))
    ready = ready_encoder(CNN, FP32)
    assert ready.encoder.encode(PIXELS).shape == (3, 512)
    assert any("can't be kept" in note for note in ready.notes)


def test_known_remembers_identity_and_notes(cold: Path) -> None:
    assert backbones.known(CNN) is None
    loaded = backbones.load(CNN)
    known = backbones.known(CNN)
    assert known is not None
    assert (known.identity, known.notes) == (loaded.identity, loaded.notes)
    assert backbones.known(replace(CNN, fit="pad")) is None


def test_notes_are_told_again_by_a_kept_encoder(cold: Path) -> None:
    assert ready_encoder(CNN, FP32).notes == ready_encoder(CNN, FP32).notes != ()


def test_a_changed_weights_file_is_noticed(cold: Path, tmp_path: Path) -> None:
    """The same name with other tensors: not known any more, and another identity."""
    request = BackboneRequest("resnet18", weights=tiny_weights(tmp_path / "w.safetensors", 0))
    before = backbones.load(request).identity
    assert backbones.known(request) is not None
    tiny_weights(tmp_path / "w.safetensors", 1)
    assert backbones.known(request) is None
    assert backbones.load(request).identity.weights_sha256 != before.weights_sha256


def test_a_damaged_memory_is_no_memory(cold: Path) -> None:
    backbones.load(CNN)
    for file in (cold.parent / "identities").iterdir():
        file.write_text('{"identity": {"backbone": 3}}')
    assert backbones.known(CNN) is None


def test_a_collections_encoder_must_be_the_same(cold: Path) -> None:
    """Other weights under the old name are refused, and both are named."""
    now = backbones.load(CNN).identity
    assert encoder_for(now, CNN, FP32).encoder.identity == now
    then: EncoderIdentity = replace(now, weights_sha256="ab" * 32)
    with pytest.raises(ArtvecError, match="abababababab") as caught:
        encoder_for(then, CNN, FP32)
    assert now.weights_sha256[:12] in caught.value.message
    assert "--overwrite" in caught.value.hint
