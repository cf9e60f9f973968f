"""The entry of `artvec` and `python -m artvec_cli`: Ctrl-C ends it quietly even while it starts."""

from __future__ import annotations

import sys


def main() -> None:
    """Import the command line and run it."""
    try:
        from artvec_cli import app
    except KeyboardInterrupt:
        sys.exit(130)
    app.main()


if __name__ == "__main__":
    main()
