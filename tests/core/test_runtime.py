"""Quotas of control groups are read as Linux writes them; idle cores are counted."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

import pytest

from artvec.core import runtime


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def quota(tmp_path: Path, membership: str) -> float:
    (tmp_path / "membership").write_text(membership)
    return runtime.core_quota(tmp_path / "groups", tmp_path / "membership")


def test_the_tightest_quota_above_a_process_holds(tmp_path: Path) -> None:
    """Version 2: its own group has none, the one above grants 150 ms in 100, the next 4 cores."""
    group(tmp_path / "groups/a", cpu__max="400000 100000")
    group(tmp_path / "groups/a/b", cpu__max="150000 100000")
    group(tmp_path / "groups/a/b/c", cpu__max="max 100000")
    assert quota(tmp_path, "0::/a/b/c\n") == 1.5


def test_a_container_sees_its_own_group_at_the_top(tmp_path: Path) -> None:
    group(tmp_path / "groups", cpu__max="200000 100000")
    assert quota(tmp_path, "0::/../../host/path\n") == 2


def test_groups_of_version_1(tmp_path: Path) -> None:
    group(
        tmp_path / "groups/cpu,cpuacct/job", cpu__cfs_quota_us="50000", cpu__cfs_period_us="100000"
    )
    group(tmp_path / "groups/cpu,cpuacct", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    assert quota(tmp_path, "4:memory:/job\n3:cpu,cpuacct:/job\n0::/\n") == 0.5


@pytest.mark.parametrize("membership", ["", "0::/\n", "3:cpuset:/\n1:cpu:/\n"])
def test_no_quota(tmp_path: Path, membership: str) -> None:
    assert quota(tmp_path, membership) == math.inf


def test_no_control_groups(tmp_path: Path) -> None:
    assert runtime.core_quota(tmp_path, tmp_path / "missing") == math.inf


def test_cores_are_those_allowed() -> None:
    assert 1 <= runtime.cores() <= (os.cpu_count() or 1)


def test_idle_seconds_pass_no_faster_than_the_clock() -> None:
    before, started = runtime.idle_seconds(), time.monotonic()
    time.sleep(0.2)
    after, seconds = runtime.idle_seconds(), time.monotonic() - started
    if before is None or after is None:
        pytest.skip("this system doesn't tell how long its cores were idle")
    assert 0 <= after - before <= (seconds + 0.05) * (os.cpu_count() or 1)
