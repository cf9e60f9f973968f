"""`make bench-compare` on a real repository: what is compared with what, and what is flagged."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks import compare
from benchmarks.measure import Figure, machine

SPEED = Figure("embed", "lite0", 100, "pictures/s", "plain", 5.0, 3, "≥ 2.2")
START = Figure("cold search", "", 0.5, "s", "import torch", 0.15, 5, "≤ 0.2")
PLAIN = Figure("peak memory", "lite0", 530, "MiB", "2000 pictures (524 MiB)", 1.0, 1)

Save = Callable[..., None]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Return a function that writes a table in a repository, and commits it if it is told to."""

    def git(*arguments: str) -> None:
        own = ("-c", "user.name=a", "-c", "user.email=a@b.invalid")
        subprocess.run(["git", *own, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def write(*figures: Figure, name: str = "embed", commit: bool = True) -> None:
        with (tmp_path / f"{name}-{machine()}.csv").open("w", newline="") as handle:
            table = csv.DictWriter(handle, asdict(figures[0]))
            table.writeheader()
            table.writerows(map(asdict, figures))
        if commit:
            git("add", ".")
            git("commit", "-m", "measured")

    git("init")
    return write


def verdicts(results: Path, name: str = "embed") -> dict[str, tuple[str, str, str]]:
    """Return before, now and the verdict of each row."""
    return {r.what: (r.before, r.now, r.verdict) for r in compare.compare(name, results)}


def test_a_new_measurement_is_compared_with_the_committed_one(tmp_path: Path, save: Save) -> None:
    save(SPEED)
    save(replace(SPEED, ratio=4.6), commit=False)
    assert verdicts(tmp_path) == {"embed": ("5.0", "4.6", "")}


def test_a_committed_one_is_compared_with_that_before_it(tmp_path: Path, save: Save) -> None:
    save(SPEED)
    save(replace(SPEED, ratio=6.0))
    save(START, name="search_start")
    assert verdicts(tmp_path) == {"embed": ("5.0", "6.0", "better")}


@pytest.mark.parametrize(
    ("figure", "ratio", "verdict"),
    [
        (SPEED, 4.4, "worse"),  # -12 %
        (SPEED, 4.6, ""),  # -8 %
        (SPEED, 5.6, "better"),
        (START, 0.17, "worse"),  # +13 %, lower is better
        (START, 0.13, "better"),
        (PLAIN, 1.2, "changed"),  # nobody said which way is better
        (PLAIN, 0.8, "changed"),
        (PLAIN, 1.05, ""),
    ],
)
def test_a_change_of_a_tenth_is_named_by_its_direction(
    tmp_path: Path, save: Save, figure: Figure, ratio: float, verdict: str
) -> None:
    save(figure)
    save(replace(figure, ratio=ratio), commit=False)
    assert verdicts(tmp_path)[figure.what][2] == verdict


def test_only_a_worse_row_with_a_bar_fails(
    tmp_path: Path, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    save(SPEED, PLAIN)
    save(SPEED, replace(PLAIN, ratio=2.0), commit=False)
    assert compare.main([], tmp_path) == 0
    save(replace(SPEED, ratio=2.0), PLAIN, commit=False)
    assert compare.main([], tmp_path) == 1
    told = capsys.readouterr().out
    assert "-60.0%" in told
    assert "≥ 2.2 ✗" in told
    assert "1 of 1 rows with a bar got worse" in told


def test_what_was_measured_of_a_baseline_is_no_part_of_its_name(tmp_path: Path, save: Save) -> None:
    save(PLAIN)
    save(replace(PLAIN, baseline="2000 pictures (531 MiB)"), commit=False)
    assert verdicts(tmp_path) == {"peak memory": ("1.0", "1.0", "")}


def test_rows_come_and_go(tmp_path: Path, save: Save) -> None:
    save(SPEED)
    save(START, commit=False)
    assert verdicts(tmp_path) == {
        "cold search": ("", "0.15", "new"),
        "embed": ("5.0", "", "gone"),
    }


def test_a_table_never_committed_is_new(tmp_path: Path, save: Save) -> None:
    save(SPEED, commit=False)
    assert verdicts(tmp_path) == {"embed": ("", "5.0", "new")}


def test_tables_are_chosen_by_name_with_their_full_form(
    tmp_path: Path, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("embed", "memory", "memory_full"):
        save(replace(SPEED, what=f"of {name}"), name=name, commit=False)
    assert compare.main(["memory"], tmp_path) == 0
    told = capsys.readouterr().out
    assert "of memory_full" in told
    assert "of embed" not in told


def test_a_mistyped_name_is_answered_by_those_there_are(
    tmp_path: Path, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    save(SPEED, commit=False)
    with pytest.raises(SystemExit):
        compare.main(["embde"], tmp_path)
    assert "no results of 'embde' (there are: embed)" in capsys.readouterr().err
