"""Progress and notes are seen in a terminal and in a notebook, and nowhere else."""

from __future__ import annotations

import io
import sys
from types import ModuleType
from typing import Any

import pytest

from artvec.api import progress


class Shown:
    """Stands for a notebook's outputs: what was displayed, and what it was replaced by."""

    def __init__(self) -> None:
        self.pages: list[str] = []

    def display(self, page: str, *, display_id: bool) -> Shown:
        assert display_id
        self.pages.append(page)
        return self

    def update(self, page: str) -> None:
        self.pages.append(page)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Pretend to be a Jupyter kernel."""
    shown = Shown()
    kernel = type("Shell", (), {"kernel": object()})()
    shell, display = ModuleType("IPython"), ModuleType("IPython.display")
    vars(shell).update(get_ipython=lambda: kernel, display=display)
    vars(display).update(display=shown.display, HTML=str)
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def work(title: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Report three steps, the clock running by two seconds before each."""
    clock = iter(range(0, 100, 2))
    monkeypatch.setattr("artvec.api.progress.time.monotonic", lambda: float(next(clock)))
    with progress.shown_progress(title) as advance:
        for done in (1, 2, 3):
            advance(done, 3)


def test_a_notebook_shows_a_bar_and_takes_it_away(
    notebook: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    work("<b>", monkeypatch)
    assert len(notebook.pages) == 4 and notebook.pages[-1] == ""
    assert '<progress value="3" max="3">' in notebook.pages[2]
    assert "&lt;b&gt; 3/3" in notebook.pages[2]


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress.shown_progress(lambda done, total: f"at {done}") as advance:
        monkeypatch.setattr("artvec.api.progress._UNTIL_SHOWN_S", 0.0)
        advance(1, 2)
    progress.show_notes(["look here"])
    assert "at 1" in stream.getvalue()
    assert "note: look here\n" in stream.getvalue()


def test_nobody_watches(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    work("working", monkeypatch)
    progress.show_notes(["look here"])
    monkeypatch.setattr(sys, "stderr", None)
    work("working", monkeypatch)
    assert capfd.readouterr() == ("", "")
