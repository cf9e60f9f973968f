"""One writer at a time: an advisory lock that the kernel drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artvec.core.errors import ArtvecError


@contextmanager
def writing(folder: Path, option: str = "-i") -> Iterator[None]:
    """Hold a folder of artvec's for writing.

    Args:
        folder: Of a collection or a run, or where a set of pictures is fetched to.
        option: By which another one is named, or the argument.

    Raises:
        ArtvecError: Another process holds it (it is named), or the folder can't be written to.
    """
    name, path = (f"{option} NAME", f"{option} PATH") if option[0] == "-" else (option, option)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ArtvecError(
            f"{folder} can't be written to: {error.strerror}",
            f"choose another place: {path}",
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ArtvecError(
                f"{folder} is being written to by {_holder(descriptor)}",
                f"wait for it, or use another {name}",
            ) from error
        except OSError as error:
            raise ArtvecError(
                f"{folder} can't be locked: {error.strerror}",
                f"its file system has no locks; choose another place: {path}",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def writer_of(folder: Path) -> str | None:
    """Name the process that is writing to a collection now; None where there is none."""
    try:
        descriptor = os.open(folder / ".lock", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(descriptor)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"
