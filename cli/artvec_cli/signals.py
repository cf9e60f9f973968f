"""Ctrl-C and SIGTERM: the first one stops a command in good order, a second one at once."""

from __future__ import annotations

import signal
from types import CodeType, FrameType

_IMPORT_SYSTEM = "<frozen importlib._bootstrap"
_LOCKING = ("__enter__", "__exit__", "_acquire_restore", "_release_save")  # of threading.Condition
_AGAIN_S = 0.02


def stop_in_good_order() -> list[int]:
    """Let the first signal raise `KeyboardInterrupt`, and a second one end the process.

    An exception that comes up within Python's import system can leave its lock held for ever (and
    be swallowed), and one within the few Python lines that take and give back a
    `threading.Condition` leaves that taken for ever, or given back twice; a signal that arrives
    there is raised a moment later instead.

    Returns:
        The signals that were received, filled as they come.
    """
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGALRM:
            received.append(number)
            signal.signal(number, signal.SIG_DFL)
        if frame is not None and _holds_a_lock(frame.f_code):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
            return
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, stop)
    return received


def _holds_a_lock(code: CodeType) -> bool:
    return code.co_filename.startswith(_IMPORT_SYSTEM) or code.co_name in _LOCKING
