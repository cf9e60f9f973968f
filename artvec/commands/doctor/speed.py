"""What limits speed here, and what would help: arithmetic, allocator, disk; each is tried."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from artvec.collection import locate
from artvec.commands.doctor.finding import Finding
from artvec.core import runtime

_TRIAL_BYTES = 16 << 20
_SLOW_BYTES_PER_S = 20e6
_FOREIGN = ("jemalloc", "tcmalloc", "mimalloc")


def examine() -> Iterator[Finding]:
    """Look at what decides how long a run takes, beside cores and GPUs."""
    yield _arithmetic()
    yield _allocator()
    yield from _disk(locate.root())


def _arithmetic() -> Finding:
    name = runtime.cpu_name() or platform.machine()
    if runtime.has_bf16():
        message = f"{name} multiplies bfloat16 itself"
        hint = "faster, with slightly other vectors: artvec embed --precision bf16"
        return Finding("processor", "ok", message, hint)
    return Finding("processor", "ok", f"{name} has no bfloat16 arithmetic")


def _allocator() -> Finding:
    preloaded = Path(os.environ.get("LD_PRELOAD", "").partition(":")[0]).name
    if preloaded.removeprefix("lib").startswith(_FOREIGN):
        return Finding("allocator", "ok", f"{preloaded}, with its own settings")
    if runtime.keep_freed_memory():
        message = "glibc; told to keep freed memory where torch computes on the CPU"
        return Finding("allocator", "ok", message)
    message = "not glibc: nothing is known of how long it keeps freed memory"
    hint = "training and --engine torch may be faster on a system with glibc"
    return Finding("allocator", "note", message, hint)


def _disk(root: Path) -> Iterator[Finding]:
    folder = next(place for place in (root, *root.absolute().parents) if place.is_dir())
    data = os.urandom(_TRIAL_BYTES)  # what compresses would flatter some file systems
    try:
        with tempfile.TemporaryFile(prefix=".artvec-doctor-", dir=folder) as file:
            started = time.perf_counter()
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            rate = _TRIAL_BYTES / (time.perf_counter() - started)
    except OSError:
        return  # told already, where folders are looked at
    message = f"{folder.absolute()} takes {rate / 1e6:.0f} MB/s, synced"
    if rate < _SLOW_BYTES_PER_S:
        hint = "keep collections on a faster disk: export ARTVEC_INDEXES=FOLDER"
        yield Finding("disk", "note", message, hint)
    else:
        yield Finding("disk", "ok", message)
