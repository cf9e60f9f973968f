"""The machine we run on: cores, caches, memory allocator, devices."""

from __future__ import annotations

import ctypes
import hashlib
import math
import os
import platform
import resource
import sys
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


def cores() -> int:
    """Return how many cores this process may use, by affinity and by its group's quota."""
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    return math.ceil(min(allowed, core_quota()))


@cache
def core_quota(
    groups: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")
) -> float:
    """Return the cores' worth of time that Linux gives this process's group; inf without limit.

    Args:
        groups: Where control groups are mounted, of either version.
        membership: This process's groups, a line each: `number:controllers:path`.
    """
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return math.inf
    quotas = [math.inf]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mounts = (groups / controllers, groups / "cpu") if controllers else (groups,)
        inside = Path(path.lstrip("/"))  # within a container often not to be seen: only above
        quotas += [_quota(mount / part) for mount in mounts for part in (inside, *inside.parents)]
    return min(quotas)


def _quota(group: Path) -> float:
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text()
            period = (group / "cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if int(quota) > 0 else math.inf
    except (OSError, ValueError):  # no such group, or its quota reads "max"
        return math.inf


def idle_seconds() -> float | None:
    """Return how long the usable cores have idled since the start, summed; None if unknown."""
    try:
        usable = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        lines = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
    except (AttributeError, OSError):
        return None
    # name, user, nice, system, idle, waiting for disks, ...
    ticks = sum(int(line[4]) + int(line[5]) for line in lines if line and line[0] in usable)
    return ticks / os.sysconf("SC_CLK_TCK") if ticks else None


def cache_folder() -> Path:
    """Return the per-user cache: `ARTVEC_CACHE`, else the platform's own place."""
    given = os.environ.get("ARTVEC_CACHE")
    return Path(given) if given else user_cache_path("artvec")


@cache
def cpu_fingerprint() -> str:
    """Return a digest of the processor's model and instruction set."""
    description = f"{platform.machine()} {platform.processor()}"
    description += "".join(sorted(_cpu_lines("model name", "flags", "Features")))
    return hashlib.sha256(description.encode()).hexdigest()[:12]


def cpu_name() -> str:
    """Return the processor's model; empty where the system doesn't tell."""
    return next(iter(_cpu_lines("model name")), "").partition(":")[2].strip()


def has_bf16() -> bool:
    """Say whether the processor multiplies bfloat16 itself (x86: AVX-512 or AMX; Arm: bf16)."""
    flags = {flag for line in _cpu_lines("flags", "Features") for flag in line.split()}
    return bool(flags & {"avx512_bf16", "amx_bf16", "bf16"})


def _cpu_lines(*beginnings: str) -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return {line for line in lines if line.startswith(beginnings)}


def keep_freed_memory() -> bool:
    """Tell glibc to keep big freed buffers; fresh pages cost more than eager torch's arithmetic.

    By default glibc returns every large tensor to the kernel and pays for touching its pages
    again: measured ×2.6 to ×5.2 on eager EfficientNet-Lite0. No effect elsewhere than on glibc.

    Returns:
        Whether it obeyed.
    """
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    settings = (
        (_M_MMAP_THRESHOLD, 1 << 30),
        (_M_TRIM_THRESHOLD, (1 << 31) - 1),
        (_M_TOP_PAD, 64 << 20),
    )
    obeyed = [mallopt(option, value) for option, value in settings]
    return all(obeyed)


def peak_memory_bytes() -> int:
    """Return the most resident memory that this process has held so far."""
    try:
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak


def has_cuda_driver() -> bool:
    """Say whether an NVIDIA driver is loaded, without importing torch."""
    return Path("/proc/driver/nvidia/version").exists() or os.name == "nt"
