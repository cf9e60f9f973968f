"""The entry of `artvec` and `python -m artvec_cli`: a signal ends it quietly even at its start."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from typing import NoReturn

from artvec_cli.signals import stop_in_good_order

_INTERRUPTED = 128 + signal.SIGINT


def main() -> None:
    """Import the command line, run it, and exit with its code."""
    received = stop_in_good_order()
    try:
        from artvec_cli import app

        code = app.run(sys.argv[1:])
    except KeyboardInterrupt:
        code = _INTERRUPTED
    _leave(128 + received[0] if received and code == _INTERRUPTED else code)


def _leave(code: int) -> NoReturn:
    """End at once: taking interpreter and engine apart takes a search a seventh of a second.

    Exit handlers run; threads that are still at work are not waited for.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # closed by whoever started this
                stream.flush()
    except OSError:
        sys.exit(code)  # which says what can't be written
    os._exit(code)


if __name__ == "__main__":
    main()
