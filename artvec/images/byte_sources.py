"""Read a file's bytes once, with their digest and the stamp they had; nothing is decoded here."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from artvec.core.types import Reason, Sample, Skipped, Stage

IN_MEMORY_BYTES = 16 << 20
"""Larger files are read piece by piece."""
_TICK_NS = 20_000_000
"""Twice the longest tick of the clock that Linux takes file times from (at 100 Hz)."""
_COARSE_TICK_NS = 2_000_000_000
"""The longest tick of file systems that keep whole seconds (FAT: two)."""


@dataclass
class Undecodable(Exception):
    """Why a file yields no picture."""

    stage: Stage
    reason: Reason
    message: str


def skipped(sample: Sample, why: Undecodable) -> Skipped:
    """Say why a sample yields no row, under the stamp that its file had."""
    return Skipped(
        sample.path,
        why.stage,
        why.reason,
        why.message,
        sample.size_bytes,
        sample.mtime_ns,
        sample.ctime_ns,
        sample.inode,
    )


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file while they are being read.

    Attributes:
        stream: They, from the first on.
        sha256: Their digest.
        size_bytes: How many.
        mtime_ns: Modification time that they had.
        held_bytes: How many of them are in memory.
        ctime_ns: See `Sample`; 0 where a change of the file since might not show in it.
        inode: See `Sample`.
    """

    stream: BytesStream | FileStream
    sha256: bytes
    size_bytes: int
    mtime_ns: int
    held_bytes: int
    ctime_ns: int
    inode: int


class BytesStream(io.BytesIO):
    """Bytes in memory, with an end to patience.

    Attributes:
        reads_left: Pillow's readers go from part to part of a file; parts without end would keep
            them busy for hours.
    """

    reads_left = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as ever, unless patience is at its end."""
        self.reads_left = _one_less(self.reads_left)
        return super().read(size)

    def overlay(self, patches: Mapping[int, bytes]) -> None:
        """Read these bytes, by where they lie, instead of the file's."""
        for at, data in patches.items():
            self.seek(at)
            self.write(data)


class FileStream(io.FileIO):
    """A file that keeps its descriptor to itself, with an end to patience.

    libtiff would map the file into memory, and a mapped file that shrinks kills the process.

    Attributes:
        reads_left: See `BytesStream`.
    """

    reads_left = 0
    _patches: Mapping[int, bytes] = MappingProxyType({})

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as ever, unless patience is at its end."""
        self.reads_left = _one_less(self.reads_left)
        begin = self.tell() if self._patches else 0
        data = super().read(-1 if size is None else size)
        return _overlaid(data, begin, self._patches) if self._patches else data

    def overlay(self, patches: Mapping[int, bytes]) -> None:
        """Read these bytes, by where they lie, instead of the file's."""
        self._patches = patches

    def fileno(self) -> int:
        """Deny it, see above."""
        raise io.UnsupportedOperation("fileno")

    def status(self) -> os.stat_result:
        """Return what the file system says of the open file."""
        return os.fstat(super().fileno())


def _overlaid(data: bytes, begin: int, patches: Mapping[int, bytes]) -> bytes:
    patched = bytearray(data)
    for at, patch in patches.items():
        first, last = max(at - begin, 0), min(at - begin + len(patch), len(data))
        if first < last:
            patched[first:last] = patch[first + begin - at : last + begin - at]
    return bytes(patched)


def _one_less(reads_left: int) -> int:
    if reads_left == 0:
        raise Undecodable("decode", "corrupt", "more parts than any program writes")
    return reads_left - 1


@contextmanager
def reading(file: str, *, max_bytes: int) -> Iterator[Content]:
    """Read a file; what was made of it is void if the file has changed meanwhile.

    Args:
        file: As the operating system spells it.
        max_bytes: Larger files are refused unread.

    Raises:
        Undecodable: It can't be read, is empty or too large, or changed while it was read.
    """
    try:
        with FileStream(file, opener=open_without_waiting) as stream:
            before = _status(stream)
            _check(before, max_bytes)
            try:
                yield _content(stream, before)
            finally:
                after = stream.status()
                if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                    raise Undecodable("read", "unreadable", "it changed while it was read")
    except FileNotFoundError as error:
        raise Undecodable("read", "vanished", "it is gone") from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Undecodable("read", "unreadable", why) from error


def mtime_ns(status: os.stat_result) -> int:
    """Return a modification time within 64 bits: clocks have said year 2500."""
    return min(status.st_mtime_ns, (1 << 63) - 1)


def _status(stream: FileStream) -> os.stat_result:
    """Return an open file's status, once the clock has ticked since the file's last change.

    Another change within the same tick would leave every time as it is.
    """
    status = stream.status()
    age_ns = time.time_ns() - status.st_ctime_ns
    if 0 <= age_ns < _TICK_NS:
        time.sleep((_TICK_NS - age_ns) / 1e9)
        status = stream.status()
    return status


def _reliable_ctime_ns(status: os.stat_result) -> int:
    """Return the time of a file's last change; 0 where the clock may not have ticked since."""
    in_seconds = status.st_ctime_ns % 1_000_000_000 == 0
    least_age_ns = _COARSE_TICK_NS if in_seconds else _TICK_NS
    return status.st_ctime_ns if time.time_ns() - status.st_ctime_ns >= least_age_ns else 0


def open_without_waiting(file: str, flags: int) -> int:
    """Open a file as `open` does, but never wait for another process."""
    # What was a picture when the folder was listed may be a pipe now, which nobody may ever fill.
    return os.open(file, flags | os.O_NONBLOCK)


def _check(status: os.stat_result, max_bytes: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Undecodable("read", "not_an_image", "not a regular file")
    if status.st_size == 0:
        raise Undecodable("read", "empty", "the file has no bytes")
    if status.st_size > max_bytes:
        message = f"{status.st_size:,} bytes, more than a picture within --max-pixels takes"
        raise Undecodable("read", "too_large", message)


def _content(stream: FileStream, status: os.stat_result) -> Content:
    ctime_ns = _reliable_ctime_ns(status)
    content: BytesStream | FileStream = stream
    held_bytes = 0
    if status.st_size > IN_MEMORY_BYTES:
        digest = hashlib.file_digest(stream, "sha256").digest()
        stream.seek(0)
    else:
        data = stream.readall()
        digest = hashlib.sha256(data).digest()
        content, held_bytes = BytesStream(data), len(data)
    return Content(
        content,
        digest,
        status.st_size,
        mtime_ns(status),
        held_bytes,
        ctime_ns,
        status.st_ino,
    )
