"""Lists of paths on standard input: what separates them, and in which encoding they come."""

from __future__ import annotations

import codecs
import os
import sys

from artvec.core.errors import ArtvecError

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
"""First bytes of JPEG and PNG, which no path in UTF-8 has."""


def paths_on_stdin() -> list[str]:
    """Read standard input to its end; see `paths_in`.

    Raises:
        ArtvecError: It can't be read, or holds no list.
    """
    try:
        data = sys.stdin.buffer.read()
    except OSError as failure:
        raise ArtvecError(
            f"standard input can't be read: {failure.strerror or failure}",
            "give pictures as arguments, or pipe their paths: find . -print0 | artvec search -",
            usage=True,
        ) from failure
    return paths_in(data)


def paths_in(data: bytes) -> list[str]:
    r"""Return the paths of a list, in order; empty ones are left out.

    Where a NUL byte occurs, NUL ends every path (`find -print0`) and a path may hold line ends.
    Otherwise every line is a path, ended by `\n` or `\r\n`. A byte order mark is dropped, UTF-16
    is decoded by it, and bytes that are not UTF-8 stay what they are, as in arguments.

    Raises:
        ArtvecError: It is a picture, or UTF-16 that breaks off.
    """
    if data.startswith(_IMAGES):
        raise ArtvecError(
            "standard input holds a picture, not a list of paths",
            "name its file: artvec search picture.jpg",
            usage=True,
        )
    if data.startswith(_UTF_16):
        return _lines(_from_utf_16(data))
    text = os.fsdecode(data.removeprefix(codecs.BOM_UTF8))
    if "\0" in text:
        return [path for path in text.split("\0") if path]
    return _lines(text)


def _lines(text: str) -> list[str]:
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [line for line in lines if line.strip()]


def _from_utf_16(data: bytes) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as failure:
        raise ArtvecError(
            "the list on standard input begins as UTF-16 and does not go on so",
            "save it as UTF-8",
            usage=True,
        ) from failure
