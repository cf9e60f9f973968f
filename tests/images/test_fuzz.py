"""Checks that no damaged file crashes, hangs or confuses the decoder: mutants of real files."""

from __future__ import annotations

import collections
import os
import selectors
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WATCH_S = 20.0


def _run(first: int, count: int, folder: Path) -> collections.Counter[str]:
    """Decode mutants in a child; fail with the seed that it is at when it dies or hangs."""
    command: Sequence[str] = [
        sys.executable,
        "-m",
        "tests.support.hostile.mutants",
        *map(str, (first, count, folder)),
    ]
    log = folder / f"{first}.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as child,
    ):
        assert child.stdout is not None
        lines = [line.split(maxsplit=1) for line in _watched(child, child.stdout.fileno())]
        code = child.wait()
    assert code == 0, f"died with {code} at seed {lines[-1:]}: {log.read_text()[-2000:]}"
    wrong = [line for line in lines if len(line) < 2 or line[1].startswith("WRONG")]
    assert not wrong, wrong
    assert [int(seed) for seed, _ in lines] == list(range(first, first + count))
    return collections.Counter(outcome for _, outcome in lines)


def _watched(child: subprocess.Popen[str], descriptor: int) -> list[str]:
    """Read a child's lines; kill it where it says nothing for too long."""
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if not selector.select(WATCH_S):
                child.kill()
                pytest.fail(f"hung for {WATCH_S} s at seed {said.decode().split()[-1:]}")
            block = os.read(descriptor, 1 << 16)
            if not block:
                return said.decode().splitlines()
            said += block


def _outcomes(count: int, folder: Path, *, first: int, children: int) -> collections.Counter[str]:
    share = count // children
    with ThreadPoolExecutor(children) as pool:
        starts = [first + share * n for n in range(children)]
        parts = pool.map(lambda start: _run(start, share, folder), starts)
        return sum(parts, collections.Counter())


def test_damaged_files_never_confuse_the_decoder(tmp_path: Path) -> None:
    """Some mutants must still be pictures, and some not: else nothing would be tested."""
    outcomes = _outcomes(2_000, tmp_path, first=0, children=1)
    assert outcomes["decoded"] > 200
    assert outcomes["corrupt"] > 200
    assert outcomes["truncated"] > 100


@pytest.mark.long
def test_a_hundred_thousand_damaged_files(tmp_path: Path) -> None:
    """`pytest -s` shows how many came to what."""
    outcomes = _outcomes(100_000, tmp_path, first=1_000_000, children=2)
    sys.stdout.write(f"{dict(outcomes)}\n")
    assert outcomes.total() == 100_000
