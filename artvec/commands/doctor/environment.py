"""Environment variables that change what artvec does, or how fast."""

from __future__ import annotations

import os
from collections.abc import Iterator

from artvec.commands.doctor.finding import Finding
from artvec.core import runtime
from artvec.core.errors import mistyped

_OWN = {
    "ARTVEC_INDEXES": "collections live there",
    "ARTVEC_CACHE": "compiled encoders are kept there",
    "ARTVEC_DEBUG": "unexpected errors show where they come from",
}
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def examine() -> Iterator[Finding]:
    """Look at the variables that are set."""
    for name in sorted(name for name in os.environ if name.startswith("ARTVEC_")):
        yield _own(name)
    if os.environ.get("HF_HUB_OFFLINE", "0").lower() in ("1", "true", "yes", "on"):
        yield Finding("HF_HUB_OFFLINE", "note", "weights are not downloaded", "unset it for that")
    for name in _THREADS:
        threads = os.environ.get(name, "")
        if threads.isdigit() and 0 < int(threads) < runtime.cores():
            message = f"{threads} of {runtime.cores()} cores for torch, numpy and FAISS"
            yield Finding(name, "note", message, f"unset {name} to use all")
    if kernel := os.environ.get("OPENBLAS_CORETYPE"):
        message = f"numpy computes as on a {kernel}, which can be many times slower"
        yield Finding("OPENBLAS_CORETYPE", "note", message, "unset OPENBLAS_CORETYPE")
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        yield Finding("CUDA_VISIBLE_DEVICES", "note", "hides all GPUs", "unset it to use them")


def _own(name: str) -> Finding:
    if name in _OWN:
        return Finding(name, "ok", f"{os.environ[name]}: {_OWN[name]}")
    refusal = mistyped(f"artvec knows no {name}", name, _OWN, otherwise=f"unset {name}")
    return Finding(name, "note", refusal.message, refusal.hint)
