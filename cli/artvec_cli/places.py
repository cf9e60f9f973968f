"""Where a run's files go: checked before it starts, so that no long run ends without a place."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path

from artvec.core.errors import ArtvecError


def check(files: Mapping[str, Path | None], figures: Path | None = None) -> None:
    """Refuse places that files can't go to.

    Args:
        files: Option, as typed, → its file; None where it isn't wanted. Their folders must exist.
        figures: Folder of `--figures`, which may be made in a folder that exists.

    Raises:
        ArtvecError: A file or folder can't be written there, or two options name the same place.
    """
    wanted = {option: file for option, file in files.items() if file is not None}
    for option, file in wanted.items():
        _check_file(file, option)
    if figures is not None:
        check_folder(figures, "--figures DIR")
        wanted["--figures"] = figures
    known: dict[Path, str] = {}
    for option, place in wanted.items():
        other = known.setdefault(place.resolve(), option)
        if other != option:
            raise ArtvecError(
                f"{other} and {option} both name {place}",
                f"give each its own: {other} A {option} B",
                usage=True,
            )


def check_folder(folder: Path, option: str) -> None:
    """Refuse a folder that isn't there and can't be made, or that can't be written.

    Args:
        folder: May be missing in a folder that exists.
        option: How to name another.

    Raises:
        ArtvecError: It can't.
    """
    if folder.exists() and not folder.is_dir():
        raise ArtvecError(f"{folder} is no folder", f"choose another place: {option}", usage=True)
    if not folder.exists():
        _check_there(folder.parent, option)
    _check_writable(folder if folder.is_dir() else folder.parent, option)


def _check_file(file: Path, option: str) -> None:
    another = f"{option} FILE"
    if not file.name or file.is_dir():
        raise ArtvecError(f"{file} is a folder", f"name a file: {another}", usage=True)
    if file.exists() and not file.is_file():
        raise ArtvecError(f"{file} is no regular file", f"name another: {another}", usage=True)
    _check_there(file.parent, another)
    _check_writable(file.parent, another)


def _check_there(folder: Path, option: str) -> None:
    """Refuse a folder that isn't there, or below a file."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise ArtvecError(f"{nearest} is no folder", f"choose another place: {option}", usage=True)
    if nearest != folder:
        make = shlex.join(["mkdir", "-p", str(folder)])
        raise ArtvecError(f"there is no folder {folder}", f"make it: {make}", usage=True)


def _check_writable(folder: Path, option: str) -> None:
    """Write a file without a name: permissions alone say nothing of disks and of the root user."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as failure:
        why = os.strerror(failure.errno) if failure.errno else str(failure)
        raise ArtvecError(
            f"{folder} can't be written: {why}", f"choose another place: {option}"
        ) from failure
