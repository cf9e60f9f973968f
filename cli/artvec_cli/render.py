"""How results, notes and progress reach the user; tables are drawn by rich."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artvec.core.errors import ArtvecError
from artvec.core.json_types import to_plain
from artvec.core.progress import Progress, silent

_KEPT_CHARACTERS = 50
"""What the columns of a table that aren't shortened get of a terminal's width."""
_SHORTEST_CELL = 5
_LONGEST_CELL = 40


@dataclass(frozen=True, slots=True)
class Output:
    """What a user wants to hear: results on stdout, everything else on stderr.

    Attributes:
        quiet: No progress, no notes.
        json: Results as one JSON object.
    """

    quiet: bool = False
    json: bool = False

    def line(self, text: str) -> None:
        """Print a line of results, unless JSON was asked for."""
        if not self.json:
            sys.stdout.write(shown(text) + "\n")

    def notes(self, notes: Sequence[str]) -> None:
        """Print what a user should know."""
        if not self.quiet:
            for note in notes:
                sys.stderr.write(f"note: {shown(note)}\n")

    def object(self, fields: dict[str, Any]) -> None:
        """Print the JSON object, if asked for."""
        if self.json:
            sys.stdout.write(json.dumps(to_plain(fields), allow_nan=False) + "\n")

    @contextmanager
    def progress(self, title: str | Callable[[int, int], str]) -> Iterator[Progress]:
        """Show progress with rate and time left, on a terminal and for work over a second.

        Args:
            title: Before the bar; one that changes is made of what is done and to do.
        """
        if self.quiet or not sys.stderr.isatty():
            yield silent
            return
        from artvec.api.progress import terminal_bar

        with terminal_bar(title) as advance:
            yield advance


def error(failure: ArtvecError) -> None:
    """Print what went wrong and the way out, a line each."""
    sys.stderr.write(f"error: {shown(failure.message)}\nhint: {shown(failure.hint)}\n")


def shown(text: str) -> str:
    r"""Make any text safe for a terminal: control characters and broken Unicode as `\xNN`."""
    safe = "".join(c if c.isprintable() else _escaped(c) for c in text)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return safe.encode(encoding, errors="backslashreplace").decode(encoding)


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    links: dict[str, Path],
    *,
    shorten: Sequence[str] = (),
) -> None:
    """Print a table, whole in a pipe.

    On a terminal, cells named in `links` are hyperlinks to files, and the columns named in
    `shorten` are cut to leave room for the others.
    """
    from rich.console import Console
    from rich.style import Style
    from rich.table import Table
    from rich.text import Text

    on_terminal = sys.stdout.isatty()
    console = Console(width=None if on_terminal else 10_000, highlight=False)
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    room = (console.width - _KEPT_CHARACTERS) // max(1, len(shorten)) - 2
    longest = max(_SHORTEST_CELL, min(_LONGEST_CELL, room))
    for header in headers:
        if on_terminal and header in shorten:
            grid.add_column(header, overflow="ellipsis", no_wrap=True, max_width=longest)
        else:
            grid.add_column(header, overflow="fold")
    for row in rows:
        cells = []
        for cell in row:
            link = links.get(cell) if on_terminal else None
            style = Style(link=link.absolute().as_uri()) if link else Style()
            cells.append(Text(shown(cell), style=style))
        grid.add_row(*cells)
    console.print(grid)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
