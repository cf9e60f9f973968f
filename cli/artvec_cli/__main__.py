"""The entry of `artvec` and `python -m artvec_cli`: a signal ends it quietly even at its start."""

from __future__ import annotations

import signal
import sys

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
    sys.exit(128 + received[0] if received and code == _INTERRUPTED else code)


if __name__ == "__main__":
    main()
