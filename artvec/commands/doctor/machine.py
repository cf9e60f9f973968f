"""Python, the processor, memory and the packages: nothing is imported for it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from artvec.commands.doctor.finding import Finding
from artvec.core import runtime
from artvec.core.version import __version__

_PACKAGES = (
    "numpy", "pillow", "imagecodecs", "pyarrow", "torch", "torchvision", "timm", "openvino",
    "scikit-learn", "hdbscan", "h5py", "jinja2", "safetensors", "torchinfo", "huggingface-hub",
    "rich", "typer",
)  # fmt: skip
_OLDEST_PYTHON = (3, 11)
_LITTLE_MEMORY_BYTES = 1.5e9


def examine() -> Iterator[Finding]:
    """Look at what can be found without importing anything heavy."""
    yield _python()
    yield Finding("platform", "ok", f"{platform.platform()}, {platform.machine()}")
    yield _cores()
    yield from _memory()
    yield from _packages()


def _python() -> Finding:
    message = f"{platform.python_version()} at {sys.executable}; artvec {__version__}"
    if sys.version_info < _OLDEST_PYTHON:
        return Finding("python", "problem", message, "use Python 3.11 or newer")
    return Finding("python", "ok", message)


def _cores() -> Finding:
    usable, there = runtime.cores(), os.cpu_count() or 1
    message = f"{usable} usable of {there}"
    if usable == there:
        hint = "decoding and forward passes share them: embed -v tells which one takes them"
        return Finding("cores", "ok", message, hint)
    if runtime.core_quota() < there:
        message += f"; this process's group has a quota of {runtime.core_quota():g}"
        return Finding("cores", "note", message, "raise the container's or job's CPU limit")
    message += "; this process is bound to them"
    return Finding("cores", "note", message, "start it without taskset, or ask for more cores")


def _memory() -> Iterator[Finding]:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return
    available = next(1024 * int(x.split()[1]) for x in lines if x.startswith("MemAvailable"))
    message = f"{available / 1e9:.1f} GB available"
    if available < _LITTLE_MEMORY_BYTES:
        yield Finding("memory", "note", message, "an ordinary run takes about 0.6 GB")
    else:
        yield Finding("memory", "ok", message)


def _packages() -> Iterator[Finding]:
    versions = {name: _version(name) for name in _PACKAGES}
    faiss = _version("faiss-gpu") or _version("faiss-cpu")
    versions["faiss"] = faiss or ("unknown version" if find_spec("faiss") else None)
    there = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    yield Finding("packages", "ok", there)
    for name in (name for name, version in versions.items() if version is None):
        yield Finding("packages", "problem", f"{name} is missing", f"pip install {name}")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
