"""Write files whole or not at all, and digest them without holding them in memory."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM, errno.EISDIR)
"""What file systems that can't sync a folder answer; the rename is as durable there as it gets."""


def write_whole(file: Path, data: bytes | memoryview) -> None:
    """Write a file so that a crash leaves the old one, the new one, or none; never a part."""
    temporary = file.with_name(f".{file.name}.partial")
    try:
        with temporary.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(file)
    except OSError:
        temporary.unlink(missing_ok=True)  # a full disk needs the space back
        raise
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where its file system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
        return
    try:
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
