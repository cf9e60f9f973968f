"""Progress and notes for whoever watches: in a terminal or a notebook, and nowhere else."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from artvec.core.progress import Progress, silent

_UNTIL_SHOWN_S = 1.0
_REFRESH_S = 0.2
Title = str | Callable[[int, int], str]
"""Before the bar; one that changes is made of what is done and to do."""


@contextmanager
def shown_progress(title: Title) -> Iterator[Progress]:
    """Show progress with rate and time left, for work over a second, where somebody watches."""
    if in_notebook():
        with _notebook_bar(title) as advance:
            yield advance
    elif sys.stderr is not None and sys.stderr.isatty():
        with terminal_bar(title) as advance:
            yield advance
    else:
        yield silent


def show_notes(notes: Sequence[str]) -> None:
    """Write what a user should know to the terminal or the notebook, and nowhere else."""
    if in_notebook() or (sys.stderr is not None and sys.stderr.isatty()):
        for note in notes:
            sys.stderr.write(f"note: {note}\n")


def in_notebook() -> bool:
    """Say whether this is a Jupyter kernel."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and hasattr(shell, "kernel")


@contextmanager
def terminal_bar(title: Title) -> Iterator[Progress]:
    """Draw a bar on standard error, and take it away at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    started = time.monotonic()
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rate="", visible=False)

        def advance(done: int, total: int) -> None:
            elapsed = time.monotonic() - started
            rate = f"{done / elapsed:.0f}/s" if elapsed > 0 else ""
            visible = elapsed > _UNTIL_SHOWN_S
            name = title if isinstance(title, str) else title(done, total)
            bar.update(
                task, description=name, completed=done, total=total, rate=rate, visible=visible
            )

        yield advance


@contextmanager
def _notebook_bar(title: Title) -> Iterator[Progress]:
    """Draw a bar in a notebook's output, by the browser's own element: no widget is needed."""
    display: Any = import_module("IPython.display")
    started = last = time.monotonic()
    handle: Any = None

    def advance(done: int, total: int) -> None:
        nonlocal handle, last
        now = time.monotonic()
        if now - started < _UNTIL_SHOWN_S or (done < total and now - last < _REFRESH_S):
            return
        last = now
        name = title if isinstance(title, str) else title(done, total)
        text = f"{name} {done:,}/{total:,}, {done / (now - started):.0f}/s"
        bar = display.HTML(
            f'<progress value="{done}" max="{total}"></progress> {html.escape(text)}'
        )
        if handle is None:
            handle = display.display(bar, display_id=True)
        else:
            handle.update(bar)

    try:
        yield advance
    finally:
        if handle is not None:
            handle.update(display.HTML(""))
