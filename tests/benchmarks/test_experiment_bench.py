"""The bench of the experiments: answers kept once, and the code that they were made by."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.experiments import emoji, experiment
from benchmarks.experiments.experiment import Bench


class Commands:
    """Stands in for processes: what was run, and the commit that it ran at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run: list[Sequence[str]] = []
        self.commit = "aaa"
        self.code = 0
        monkeypatch.setattr(experiment, "current_commit", lambda: self.commit)
        monkeypatch.setattr(experiment.subprocess, "run", self._run)

    def _run(self, command: Sequence[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        assert list(command[:3]) == [sys.executable, "-m", "artvec_cli"]
        self.run.append(tuple(command[3:-1]))
        return subprocess.CompletedProcess(command, self.code, b'{"rows": []}')


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(monkeypatch)


def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "work", stand_in=True, trial=False)


def test_what_was_answered_once_is_not_asked_again(commands: Commands, tmp_path: Path) -> None:
    for _ in range(2):
        assert bench(tmp_path).artvec("compare", "a", "b") == {"rows": []}
    assert commands.run == [("compare", "a", "b")]


def test_an_older_codes_answers_are_told(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench(tmp_path).artvec("embed", "a")
    commands.commit = "bbb"
    later = bench(tmp_path)
    later.artvec("embed", "a")
    later.artvec("embed", "b")
    assert later.commits == ["bbb", "aaa"]
    monkeypatch.setattr(experiment, "RESULTS", tmp_path / "results")
    later.keep("s9")
    result = json.loads((tmp_path / "results/s9-stand-in/result.json").read_text())
    assert result["commit"] == "bbb, aaa"


def test_a_run_that_two_commits_trained_is_told(commands: Commands, tmp_path: Path) -> None:
    """Interrupted at one, finished at another."""
    words, resume = ("train", "a", "--name", "r"), ("train", "--resume", "--name", "r")
    commands.code = 130
    with pytest.raises(SystemExit):
        bench(tmp_path).artvec(*words)
    commands.commit, commands.code = "bbb", 0
    bench(tmp_path).artvec(*words, instead=resume)
    assert commands.run == [words, resume]
    commands.commit = "ccc"
    later = bench(tmp_path)
    later.artvec(*words)
    assert later.commits == ["ccc", "aaa", "bbb"]


def test_a_run_is_not_gone_on_with_under_another_command(
    commands: Commands, tmp_path: Path
) -> None:
    resume = ("train", "--resume", "--name", "r")
    commands.code = 130
    with pytest.raises(SystemExit):
        bench(tmp_path).artvec("train", "a", "--rate", "1e-4", "--name", "r")
    with pytest.raises(SystemExit, match="begun by another command"):
        bench(tmp_path).artvec("train", "a", "--rate", "1e-3", "--name", "r", instead=resume)
    assert len(commands.run) == 1


def test_an_answer_without_a_commit_is_not_passed_for_a_new_one(
    commands: Commands, tmp_path: Path
) -> None:
    bench(tmp_path).artvec("embed", "a")
    for file in (tmp_path / "work/.answers").glob("*.commits"):
        file.unlink()
    later = bench(tmp_path)
    later.artvec("embed", "a")
    assert later.commits == ["aaa", "unknown"]


def test_a_recipe_that_changed_is_no_longer_the_one_that_was_answered(tmp_path: Path) -> None:
    begun = bench(tmp_path)
    assert begun.recipe("s4.toml") == begun.recipe("s4.toml") == "s4.toml"
    (begun.work / "s4.toml").write_text("epochs = 3")
    with pytest.raises(SystemExit, match="has changed since"):
        begun.recipe("s4.toml")


def test_results_stay_when_curves_lack(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment, "RESULTS", tmp_path / "results")
    before = tmp_path / "results/s9-stand-in/result.json"
    before.parent.mkdir(parents=True)
    before.write_text("{}")
    made = bench(tmp_path)
    made.runs.append("lost")
    with pytest.raises(FileNotFoundError):
        made.keep("s9")
    assert before.read_text() == "{}"


def test_a_changed_file_marks_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"rev-parse": "abc1234", "status": ""}
    monkeypatch.setattr(experiment, "_git", lambda *words: told[words[0]])
    assert experiment.current_commit() == "abc1234"
    told["status"] = " M artvec/commands/train/training_run.py"
    assert experiment.current_commit() == "abc1234+"
    told |= {"rev-parse": "", "status": ""}
    assert experiment.current_commit() == "unknown"


def test_a_drawing_that_was_interrupted_is_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        def save(self, file: Path, *_: Any, **__: Any) -> None:
            file.write_bytes(b"half")
            raise KeyboardInterrupt

    monkeypatch.setattr(emoji, "draw", lambda *_: Interrupted())
    vendor = emoji.Vendor("noto", {"cat": "<svg/>"}, {})
    with pytest.raises(KeyboardInterrupt):
        emoji.write_drawing(vendor, "cat", tmp_path / "cat.jpg")
    assert not list(tmp_path.iterdir())


def test_a_package_that_was_interrupted_is_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(command: Sequence[str], **_: Any) -> None:
        (Path(command[-2]) / "iconify-json-noto-1.2.9.tgz").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(emoji.subprocess, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        emoji.read_vendor("noto", tmp_path)
    assert not list(tmp_path.iterdir())
