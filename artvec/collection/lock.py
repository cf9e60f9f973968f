"""One writer at a time: an advisory lock that the kernel drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artvec.errors import ArtvecError


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold a collection for writing.

    Raises:
        ArtvecError: Another process holds it (it is named), or the folder can't be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ArtvecError(
            f"{folder} can't be written to: {error.strerror}", "choose another place: -i PATH"
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"
            raise ArtvecError(
                f"{folder} is being written to by {holder}", "wait for it, or use another -i NAME"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        os.close(descriptor)
