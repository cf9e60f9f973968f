"""Standard streams that can fail: closed by whoever started this, on a full disk, a broken pipe."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable

TYPE_CHECKING = False  # see __main__
if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import ReadableBuffer

_STDIN, _STDOUT, _STDERR = range(3)


def guard_streams() -> Callable[[], OSError | None]:
    """Replace the standard streams by ones to which writing never raises.

    A descriptor that is missing is opened on the null device first: otherwise the next file to be
    opened would get its number, and whatever a native library prints would be written into it.

    Returns:
        A function that flushes the streams and returns why results could not be written, if so.
    """
    missing = [_opened_on_null(descriptor) for descriptor in (_STDIN, _STDOUT, _STDERR)]
    if missing[_STDIN] or sys.stdin is None:
        sys.stdin = open(_STDIN, encoding="utf-8", closefd=False)  # noqa: SIM115
    output = _Forgiving(_STDOUT, missing=missing[_STDOUT])
    notes = _Forgiving(_STDERR, missing=missing[_STDERR])
    sys.stdout = _text(output, sys.stdout)
    sys.stderr = _text(notes, sys.stderr)

    def failure() -> OSError | None:
        sys.stdout.flush()
        return output.failure

    return failure


def _opened_on_null(descriptor: int) -> bool:
    """Return whether a descriptor was missing; now it is the null device."""
    try:
        os.fstat(descriptor)
    except OSError:
        flags = os.O_RDONLY if descriptor == _STDIN else os.O_WRONLY
        opened = os.open(os.devnull, flags)  # the lowest free number, which is this one
        os.set_inheritable(opened, True)
        return True
    return False


class _Forgiving(io.FileIO):
    """A descriptor that is written to until that fails once; the rest is dropped.

    Attributes:
        failure: Why something was dropped; None if nothing was.
    """

    def __init__(self, descriptor: int, *, missing: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.failure: OSError | None = None
        self._missing = missing

    def write(self, data: ReadableBuffer, /) -> int:
        """Write what can be written, and never raise `OSError`."""
        if self._missing:
            self.failure = OSError(errno.EBADF, "it is closed")
        elif self.failure is None:
            try:
                return super().write(data) or 0
            except OSError as failure:
                self.failure = failure
        return memoryview(data).nbytes


def _text(raw: _Forgiving, before: TextIO | None) -> TextIO:
    """Return a text stream as Python made it before, or a plain one where it made none."""
    if isinstance(before, io.TextIOWrapper):
        before.flush()
        return io.TextIOWrapper(
            io.BufferedWriter(raw),
            before.encoding,
            before.errors,
            line_buffering=before.line_buffering,
            write_through=before.write_through,
        )
    return io.TextIOWrapper(
        io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True
    )
