"""The one exception that crosses a wall of the house: what went wrong, and what to do."""

from __future__ import annotations

import difflib
import errno
import shlex
from collections.abc import Iterable

_NEAR = 0.75
"""Share of letters in common from which a word may be a mistyped other (difflib's ratio)."""
_MEMORY_WORDS = (
    "bad_alloc",
    "allocate memory",
    "memory alloc",
    "posix_memalign",
    "failed to map segment",  # the loader, of a library that doesn't fit
    "start new thread",  # whose stack doesn't
    "resource temporarily unavailable",  # the same, as C++ says it
)


class ArtvecError(Exception):
    """A failure in the user's world: one line, with a way out.

    Args:
        message: What was wrong and where, one line.
        hint: What to do or type next, one line.
        usage: True if the command was refused or wrongly used (exit code 2 instead of 1).
        meant: The word that was mistyped, and the one that was probably meant.
    """

    def __init__(
        self,
        message: str,
        hint: str,
        *,
        usage: bool = False,
        meant: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.usage = usage
        self.meant = meant


def mistyped(message: str, word: str, known: Iterable[str], *, otherwise: str) -> ArtvecError:
    """Return a refusal of an unknown word whose hint names those that are spelt like it.

    Args:
        message: What is not there, one line.
        word: As it was typed.
        known: What there is.
        otherwise: The hint where nothing is near.
    """
    spellings = {name.casefold(): name for name in known}
    near = [
        spellings[n] for n in difflib.get_close_matches(word.casefold(), spellings, cutoff=_NEAR)
    ]
    if not near:
        return ArtvecError(message, otherwise, usage=True)
    hint = f"did you mean {' or '.join(near)}?"
    return ArtvecError(message, hint, usage=True, meant=(word, near[0]))


def command(*words: object) -> str:
    """Return an artvec command as it can be pasted into a shell, whatever its words hold."""
    return shlex.join(["artvec", *map(str, words)])


class OutOfMemory(Exception):
    """An encoder ran out of memory for a batch; the caller may try a smaller one."""


def ran_out_of_memory(failure: BaseException) -> bool:
    """Say whether memory ran out: libraries have words of their own for it, and wrap others'."""
    if isinstance(failure, (MemoryError, OutOfMemory)):
        return True
    if isinstance(failure, OSError) and failure.errno is not None:
        return failure.errno == errno.ENOMEM
    if isinstance(failure, (ImportError, OSError, RuntimeError)) and any(
        words in str(failure).lower() for words in _MEMORY_WORDS
    ):
        return True
    return failure.__cause__ is not None and ran_out_of_memory(failure.__cause__)
