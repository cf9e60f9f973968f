"""What other libraries and the system raise ends in one line that says what and where."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from artvec_cli.failures import explain

from artvec.core.errors import ArtvecError
from artvec.core.files import naming, write_whole

Paint = Callable[[Path, int], Path]


def wrapped(inner: Exception) -> Exception:
    outer = ValueError("a library's own words")
    outer.__cause__ = inner
    return outer


OUT_OF_MEMORY = [
    MemoryError(),
    RuntimeError("Exception from src/plugin.cpp:54:\nstd::bad_alloc\n"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("can't start new thread"),
    ImportError("libtorch_cpu.so: failed to map segment from shared object"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    wrapped(MemoryError()),
]


@pytest.mark.parametrize("failure", OUT_OF_MEMORY, ids=repr)
def test_memory_that_runs_out_is_told_as_such(failure: Exception) -> None:
    told = explain(failure)
    assert told.message == "memory ran out"
    assert "ulimit -v" in told.hint


def test_a_file_is_named_where_the_system_names_none(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    with pytest.raises(OSError, match="No space") as failed, naming(file):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert explain(failed.value).message == f"No space left on device: {file}"
    assert "no file is named" in explain(OSError(errno.ENOSPC, "No space")).message


def test_a_file_that_the_system_names_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as failed:
        write_whole(tmp_path / "nowhere" / "a.json", b"{}")
    assert "nowhere" in explain(failed.value).message
    moved = OSError(errno.EXDEV, "Invalid cross-device link", "a", None, "b")
    assert explain(moved).message == "Invalid cross-device link: a → b"


def test_a_defect_is_told_as_one() -> None:
    assert explain(KeyError("x")).message == "unexpected KeyError: 'x'"
    assert isinstance(explain(ValueError("memory of another kind")), ArtvecError)
    assert "unexpected" in explain(ValueError("allocate memory, he said")).message


def limited(arguments: list[str], limit: int, most: int, cwd: Path) -> tuple[int, str]:
    """Run the command line under a limit of the system."""
    done = subprocess.run(
        [sys.executable, "-m", "artvec_cli", *arguments],
        cwd=cwd,
        # Without a kept encoder, torch has to be loaded.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "ARTVEC_CACHE": str(cwd / "cache")},
        preexec_fn=lambda: resource.setrlimit(limit, (most, most)),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_full_disk_is_told_with_the_file(tmp_path: Path, paint: Paint) -> None:
    """A limit on the size of files stands for the disk: the write fails, and not the open."""
    paint(tmp_path / "art/1.png", 1)
    command = ["embed", "art", "-m", "colour:4x4", "-i", "./c"]
    code, told = limited(command, resource.RLIMIT_FSIZE, 900, tmp_path)
    assert code == 1
    error, hint = told.strip().splitlines()
    assert error.startswith("error: File too large: ") and "c/shards/000000-" in error
    assert hint.startswith("hint: ")


def test_too_little_memory_ends_in_one_line(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "art/1.png", 1)
    command = ["embed", "art", "-m", "simple_cnn", "-i", "./c"]
    code, told = limited(command, resource.RLIMIT_AS, 1_500_000_000, tmp_path)
    assert (code, told.splitlines()[0]) == (1, "error: memory ran out")
