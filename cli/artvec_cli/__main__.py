"""The entry of `artvec` and `python -m artvec_cli`: signals and lost streams end it in order."""

from __future__ import annotations

import atexit
import os
import signal
import sys

from artvec_cli.signals import stop_in_good_order
from artvec_cli.streams import guard_streams

TYPE_CHECKING = False  # not imported from typing: a signal on the way there would not be caught
if TYPE_CHECKING:
    from typing import NoReturn

_INTERRUPTED = 128 + signal.SIGINT


def main() -> None:
    """Import the command line, run it, and exit with its code."""
    lost = guard_streams()
    received = stop_in_good_order()
    try:
        from artvec_cli import app

        code = app.run(sys.argv[1:])
    except KeyboardInterrupt:
        code = _INTERRUPTED
    code = _checked(code, lost())
    _leave(128 + received[0] if received and code == _INTERRUPTED else code)


def _checked(code: int, lost: OSError | None) -> int:
    """Return the exit code, 1 if all went well but for results that could not be written."""
    if code or lost is None:
        return code
    if not isinstance(lost, BrokenPipeError):  # whoever closes a pipe has read enough
        sys.stderr.write(
            f"error: the results can't be written to standard output: {lost.strerror}\n"
            "hint: everything else that the command does was done; write them to a file: > FILE\n"
        )
    return 1


def _leave(code: int) -> NoReturn:
    """End at once: taking interpreter and engine apart takes a search a seventh of a second.

    Exit handlers run; threads that are still at work are not waited for.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
