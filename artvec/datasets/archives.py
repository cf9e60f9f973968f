"""Unpack a tar archive that nobody vouches for: plain files below one folder, within limits."""

from __future__ import annotations

import errno
import tarfile
import zlib
from lzma import LZMAError
from pathlib import Path, PurePosixPath, PureWindowsPath

from artvec.core.errors import ArtvecError
from artvec.core.files import naming

_MOST_MEMBERS = 1_000_000
_NAMES = (errno.ENAMETOOLONG, errno.EEXIST, errno.EISDIR, errno.ENOTDIR)
"""Names that are too long, or that a file and a folder share; a disk's errors are others, and a
decompressor's have no number."""
_HINT = "nothing was kept of it; give a copy's place: --mirror URL"


def unpack(archive: Path, folder: Path, *, limit_bytes: int) -> None:
    """Unpack all files but hidden ones (`._cat.jpg`, as some systems add) into a folder.

    Python's own `data` filter takes off owners and permissions, and looks at every path once more.

    Args:
        archive: A tar, plain or compressed.
        folder: Is made; must not hold links.
        limit_bytes: Of all unpacked files together.

    Raises:
        ArtvecError: It is damaged, holds links, devices or paths that lead elsewhere, or is too
            large.
        OSError: The disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = 0
    try:
        with tarfile.open(archive) as packed:
            for count, member in enumerate(packed, 1):
                size += member.size
                _look_at(member, archive)
                if size > limit_bytes or count > _MOST_MEMBERS:
                    raise _refused(archive, "would unpack to far more than was published")
                if not _hidden(member):
                    with naming(folder / member.name):
                        packed.extract(member, folder, filter="data")
    except tarfile.FilterError as error:
        raise _refused(archive, f"is not safe to unpack: {error}") from error
    except (tarfile.TarError, EOFError, ValueError, zlib.error, LZMAError) as error:
        raise _refused(archive, f"is damaged: {error}") from error
    except OSError as error:
        if error.errno is not None and error.errno not in _NAMES:
            raise
        raise _refused(archive, f"is damaged: {error.strerror or error}") from error


def _look_at(member: tarfile.TarInfo, archive: Path) -> None:
    """Refuse what no set of pictures needs."""
    if not (member.isreg() or member.isdir()):
        raise _refused(archive, f"is not safe to unpack: {member.name!r} is a link or a device")
    path = PurePosixPath(member.name)
    if path.is_absolute() or PureWindowsPath(member.name).anchor or ".." in path.parts:
        raise _refused(archive, f"is not safe to unpack: {member.name!r} leads out of its folder")
    if "\\" in member.name:
        raise _refused(archive, f"is not safe to unpack: {member.name!r} has a backslash")


def _hidden(member: tarfile.TarInfo) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(member.name).parts)


def _refused(archive: Path, why: str) -> ArtvecError:
    return ArtvecError(f"{archive.name} {why}", _HINT)
