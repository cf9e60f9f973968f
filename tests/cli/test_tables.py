"""Checks that long cells leave a table readable on a terminal, and whole in a pipe."""

from __future__ import annotations

import sys

import pytest
from artvec_cli.render import table

LONG = "baroque " * 400


@pytest.mark.parametrize("on_terminal", [True, False])
def test_a_long_label(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], on_terminal: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: on_terminal)
    table(["label", "n"], [[LONG, "1"], ["rococo", "2"]], {}, shorten=["label"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert ("…" in lines[1]) == on_terminal
    assert (LONG.strip() in lines[1]) != on_terminal
