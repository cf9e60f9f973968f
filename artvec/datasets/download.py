"""Fetch one file over HTTP: go on where it stopped, outlast dropped connections, check its MD5."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from artvec.core.errors import ArtvecError
from artvec.core.files import naming
from artvec.core.progress import Progress

_TIMEOUT_S = 30.0
_WAITS_S = (0.0, 1.0, 3.0)
"""Before each attempt after one that brought nothing; one that brought something counts anew."""
_PIECE_BYTES = 1 << 20
_LATER = (408, 425, 429, 500, 502, 503, 504)
"""Answers of a server that may soon answer otherwise."""
_NOTHING_LEFT = 416
_PAGES = ("text/html", "application/xhtml+xml")
"""What a network's login page is, or an error that a server calls a success."""
_ELSEWHERE = "try later, or give a copy's place: --mirror URL"
AGAIN = "type the same command again: it goes on where it stopped"


class _Interrupted(Exception):
    """The network failed; what came is kept."""


def fetch(url: str, file: Path, *, md5: str, limit_bytes: int, progress: Progress) -> None:
    """Fetch a file whole, or what is left of it.

    Args:
        url: http or https.
        file: Where it goes; `<file>.partial` holds what came so far.
        md5: What its bytes must come to.
        limit_bytes: More than that is refused.
        progress: Told of bytes.

    Raises:
        ArtvecError: It can't be had, is too large, or is another file than expected.
        OSError: The disk.
    """
    check_address(url)
    if file.is_file() and _md5_of(file) == md5:
        return
    partial = file.with_name(f"{file.name}.partial")
    continued = partial.is_file()
    while True:
        _fetch_all(url, partial, limit_bytes, progress)
        if _md5_of(partial) == md5:
            partial.replace(file)
            return
        partial.unlink()
        if not continued:
            raise ArtvecError(
                f"{url} is not the file that was published: its MD5 is not {md5}", _ELSEWHERE
            )
        continued = False  # the beginning was another file's: once more, from there


def check_address(url: str) -> None:
    """Refuse what no file can be fetched from.

    Raises:
        ArtvecError: It is no http or https address, or has letters that must be written as %XX.
    """
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets, or a port that is no number
        fits = False
    if not fits or re.search(r"[^!-~]", url):
        raise ArtvecError(
            f"{url} is no web address",
            "give http://… or https://…, spaces and special letters written as %XX",
            usage=True,
        )


def _fetch_all(url: str, partial: Path, limit_bytes: int, progress: Progress) -> None:
    """Make attempt after attempt until nothing is left."""
    in_vain, most = 0, _size(partial)
    while True:
        try:
            return _fetch_rest(url, partial, limit_bytes, progress)
        except _Interrupted as trouble:
            # More than ever before: a server without ranges begins anew each time.
            in_vain = 0 if _size(partial) > most else in_vain + 1
            most = max(most, _size(partial))
            if in_vain > len(_WAITS_S):
                raise ArtvecError(f"{url}: {trouble}", AGAIN) from trouble
        if in_vain:
            time.sleep(_WAITS_S[in_vain - 1])


def _fetch_rest(url: str, partial: Path, limit_bytes: int, progress: Progress) -> None:
    """Make one attempt; a server that knows no ranges begins anew."""
    have = _size(partial)
    headers = {"User-Agent": "artvec", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with _network():
            response: HTTPResponse = urlopen(Request(url, headers=headers), timeout=_TIMEOUT_S)
    except HTTPError as error:
        if error.code == _NOTHING_LEFT and have:
            return
        raise _refused(url, f"answers {error.code} {error.reason}") from error
    with response:
        done = _start(url, response, have)
        total = _total(response, done)
        if total is not None and total > limit_bytes:
            raise _too_large(url, limit_bytes)
        with naming(partial), partial.open("ab" if done else "wb") as out:
            while piece := _read(response, total, done):
                done += len(piece)
                if done > limit_bytes:
                    partial.unlink()
                    raise _too_large(url, limit_bytes)
                out.write(piece)
                progress(done, total or limit_bytes)
    if total is not None and done != total:
        raise _Interrupted(f"the connection ended at {done:,} of {total:,} bytes")


def _start(url: str, response: HTTPResponse, have: int) -> int:
    """Return the offset that a server answers from: what is there already, or 0."""
    if response.headers.get_content_type() in _PAGES:
        raise _refused(url, "answers with a web page, not with the file")
    if response.status == 200:
        return 0
    if response.status != 206:
        raise _refused(url, f"answers {response.status} {response.reason}")
    begin = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if not begin or int(begin[1]) not in (0, have):
        raise _Interrupted("the server answers another part than it was asked for")
    return int(begin[1])


def _total(response: HTTPResponse, start: int) -> int | None:
    """Return the size of the whole file where it is told; a part may end before the file does."""
    whole = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    if response.status == 206 and whole:
        return int(whole[1])
    return None if response.length is None else start + response.length


def _read(response: HTTPResponse, total: int | None, done: int) -> bytes:
    """Return what has come, so that nothing of it is lost when the connection breaks."""
    left = _PIECE_BYTES if total is None else total - done
    with _network():
        return response.read1(min(left, _PIECE_BYTES)) if left > 0 else b""


def _refused(url: str, how: str) -> ArtvecError:
    return ArtvecError(f"{url}: the server {' '.join(how.split())}", _ELSEWHERE)


def _too_large(url: str, limit_bytes: int) -> ArtvecError:
    return ArtvecError(
        f"{url} sends more than {limit_bytes:,} bytes: not the published file", _ELSEWHERE
    )


@contextmanager
def _network() -> Iterator[None]:
    """Tell what the network did from what the disk did."""
    try:
        yield
    except HTTPError as error:
        if error.code not in _LATER:
            raise
        raise _Interrupted(f"the server answers {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:  # a redirect to no address, too
        reason = getattr(error, "reason", None) or error
        raise _Interrupted(" ".join(str(reason).split()) or type(error).__name__) from error


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _md5_of(file: Path) -> str:
    with file.open("rb") as handle:
        digest = hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False))
    return digest.hexdigest()
