"""The one exception that crosses a wall of the house: what went wrong, and what to do."""

from __future__ import annotations


class ArtvecError(Exception):
    """A failure in the user's world, told in one line with a way out.

    Args:
        message: What was wrong and where, one line.
        hint: What to do or type next, one line.
        usage: True if the command was refused or wrongly used (exit code 2 instead of 1).
    """

    def __init__(self, message: str, hint: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.usage = usage


class OutOfMemory(Exception):
    """An encoder ran out of memory for a batch; the caller may try a smaller one."""
