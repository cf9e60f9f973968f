"""Places that files can't go to are refused before a run, not after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
COMMANDS = {"cluster": "--figures", "duplicates": "--csv", "compare": "--html"}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("a file")


def refused(artvec: Run, *words: str) -> tuple[int, str, str]:
    """Return exit code, error and hint."""
    done = artvec(*words)
    assert done.out == ""
    error, hint = done.err.splitlines()
    return done.code, error.removeprefix("error: "), hint.removeprefix("hint: ")


@pytest.mark.parametrize(("command", "option"), COMMANDS.items())
def test_a_place_in_no_folder(command: str, option: str, artvec: Run, embedded: None) -> None:
    what = "DIR" if option == "--figures" else "FILE"
    assert refused(artvec, command, option, "new/deep/x") == (
        2,
        "there is no folder new/deep",
        "make it: mkdir -p new/deep",
    )
    assert refused(artvec, command, option, "README.md/x") == (
        2,
        "README.md is no folder",
        f"choose another place: {option} {what}",
    )
    code, error, _ = refused(artvec, command, option, "/proc/x")
    assert (code, error.partition(":")[0]) == (1, "/proc can't be written")


@pytest.fixture
def embedded(tmp_path: Path, paint: Callable[[Path, int], Path], artvec: Run) -> None:
    for seed in range(3):
        paint(tmp_path / "pictures" / f"{seed}.png", seed)
    assert artvec("embed", "pictures", "-m", "colour:4x4").code == 0


def test_two_options_name_one_file(artvec: Run) -> None:
    for command in ("duplicates", "compare"):
        code, error, hint = refused(artvec, command, "--csv", "a", "--html", "./a")
        assert code == 2
        assert "--csv" in error
        assert "--html" in error
        assert error.endswith(" both name a")
        assert hint.startswith("give each its own: ")
    code, error, _ = refused(artvec, "compare", "--csv", "a", "--figures", "a")
    assert (code, error) == (2, "--csv and --figures both name a")


def test_a_target_that_is_no_file(artvec: Run) -> None:
    told = refused(artvec, "duplicates", "--csv", ".")
    assert told == (2, ". is a folder", "name a file: --csv FILE")
    assert refused(artvec, "compare", "--csv", "/dev/null")[:2] == (
        2,
        "/dev/null is no regular file",
    )


def test_a_report_without_a_place(artvec: Run, embedded: None, tmp_path: Path) -> None:
    reports = tmp_path / "indexes" / "pictures" / "reports"
    reports.write_text("a file")
    code, error, _ = refused(artvec, "cluster", "--report")
    assert (code, error.endswith("reports is no folder")) == (2, True)
