"""Write files whole or not at all, and digest them without holding them in memory."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM, errno.EISDIR)
"""What file systems that can't sync a folder answer; the rename is as durable there as it gets."""


def write_whole(file: Path, data: bytes | memoryview) -> None:
    """Write a file so that a crash leaves the old one, the new one, or none; never a part."""
    with replaced_whole(file) as beside:
        beside.write_bytes(data)


@contextmanager
def replaced_whole(file: Path) -> Iterator[Path]:
    """Yield a hidden place beside a file; what was written there then takes the file's place.

    An error leaves the old file and nothing beside it (a full disk needs the space back); a
    killed process may leave the hidden file, which the next write of the same one replaces.
    """
    beside = file.with_name(f".{file.name}.partial")
    with naming(file):
        try:
            yield beside
            publish(beside, file)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Name the file that is written in errors that name none: a write, unlike an open, doesn't."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(file)
        raise


def publish(temporary: Path, file: Path) -> None:
    """Give a finished temporary file its name; both reach the disk before this returns."""
    with naming(file), temporary.open("rb") as handle:
        os.fsync(handle.fileno())
    temporary.replace(file)
    sync_folder(file.parent)


@contextmanager
def in_turn(lock: Path) -> Iterator[bool]:
    """Let in one thread of all processes at a time; where locks don't work, let in everybody.

    Args:
        lock: A file for it, made where it is missing, and left.

    Yields:
        Whether another one was in before.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        yield False
        return
    try:
        yield _waited(descriptor)
    finally:
        os.close(descriptor)


def _waited(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        return True
    except OSError:
        return False
    return False


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where its file system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
        return
    try:
        with naming(folder):
            os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)


def sha256_of(file: Path) -> str:
    """Return the sha256 of a file's bytes, as hexadecimal digits.

    Raises:
        OSError: It can't be read.
    """
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
